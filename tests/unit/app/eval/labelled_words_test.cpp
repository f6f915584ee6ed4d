// Labels of a stream: start, end, word.
#include "app/eval/labelled_words.h"

#include <catch2/catch.hpp>

#include "engine/model/error.h"
#include "tests/support/temporary_folder.h"

using namespace kwsd;
using kwsd::test::TemporaryFolder;
namespace fs = std::filesystem;

TEST_CASE("labels are read, sorted, and written again") {
  const TemporaryFolder folder;
  const auto file = folder.write(
      "labels.tsv",
      "start\tend\tword\n# a comment\n\n2.5\t3\tstop\r\n0.25\t0.75\tturn left\n1e1\t10.5\tنعم\n");
  const std::vector<LabelledWord> words = read_labels(file);
  REQUIRE(words == std::vector<LabelledWord>{{0.25, 0.75, "turn left"}, {2.5, 3, "stop"}, {10, 10.5, "نعم"}});
  std::string text;
  for (const LabelledWord& word : words) {
    text += format_label(word);
  }
  REQUIRE(text == "0.250\t0.750\tturn left\n2.500\t3.000\tstop\n10.000\t10.500\tنعم\n");
  REQUIRE(read_labels(folder.write("again.tsv", text)) == words);
  REQUIRE(read_labels(folder.write("none.tsv", "")).empty());
}

TEST_CASE("labels as Audacity and editors write them") {
  const TemporaryFolder folder;
  const std::vector<LabelledWord> expected{{0.5, 1, "stop"}, {2, 2.5, "go"}};
  for (const char* text : {"\xEF\xBB\xBF"
                           "0.5\t1\tstop\n2\t2.5\tgo\n",
                           "\xEF\xBB\xBFStart\tEnd\tWord\r\n0.5\t1\tstop\r\n2\t2.5\tgo",
                           "0.500000\t1.000000\tstop\n\\\t100.0\t8000.0\n2.0\t2.5\tgo\n\\\t1\t2\n",
                           "0,5\t1,0\tstop \n \n2,0\t2,5\t go\n"}) {
    CAPTURE(text);
    CHECK(read_labels(folder.write("labels.txt", text)) == expected);
  }
  CHECK_THROWS_WITH(read_labels(folder.write("labels.txt", std::string("\xFF\xFE"
                                                                       "0\0",
                                                                       4))),
                    Catch::Contains("found UTF-16, expected UTF-8"));
}

TEST_CASE("a wrong line is named with its field") {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, std::string>> wrong{{"x\t1\tgo", "start"},
                                                               {"-1\t1\tgo", "start"},
                                                               {"nan\t1\tgo", "start"},
                                                               {"\t1\tgo", "start"},
                                                               {"1e99\t1e100\tgo", "start"},
                                                               {"1 \t2\tgo", "start"},
                                                               {"1\t\tgo", "end"},
                                                               {"1\t0.5\tgo", "end"},
                                                               {"1\t1\tgo", "end"},
                                                               {"1\tinf\tgo", "end"},
                                                               {"1\t2\t", "word"},
                                                               {"1\t2", "word"},
                                                               {"1", "end"},
                                                               {"1\t2\t\xff\xfe", "word"},
                                                               {"1\t2\t" + std::string(65, 'a'), "word"},
                                                               {std::string("1\t2\tg\0o", 7), "word"},
                                                               {"1\t2\tg\ro", "word"}};
  for (const auto& [line, field] : wrong) {
    const auto file = folder.write("labels.tsv", "0\t1\tok\n" + line + "\n");
    try {
      (void)read_labels(file);
      FAIL("accepted: " << line);
    } catch (const Error& error) {
      CAPTURE(line, error.what());
      REQUIRE(error.kind() == ErrorKind::bad_data);
      REQUIRE(std::string(error.what()).find("labels.tsv:2: " + field + ": found '") != std::string::npos);
      REQUIRE(std::string(error.what()).find('\n') == std::string::npos);
    }
  }
}

TEST_CASE("labels that cannot be read") {
  const TemporaryFolder folder;
  // The last of them can be opened; reading fails.
  for (const auto& path : {folder.path() / "missing.tsv", folder.path(), fs::path("/proc/self/mem")}) {
    try {
      (void)read_labels(path);
      FAIL("accepted");
    } catch (const Error& error) {
      REQUIRE(error.kind() == ErrorKind::no_input);
    }
  }
}

TEST_CASE("a file of labels whose lines have no end is not read into memory") {
  for (const std::string& text : {std::string(100000, 'x'), "1\t2\tgo\n" + std::string(100000, '#')}) {
    const TemporaryFolder folder;
    CHECK_THROWS_WITH(read_labels(folder.write("labels.tsv", text)), Catch::Contains("a line of over"));
  }
}
