#include "app/eval/labelled_words.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <string_view>

#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

constexpr double longest_seconds = 1e7;

class LineParser {
 public:
  LineParser(const std::filesystem::path& file, int line, std::string_view text)
      : file_(file), line_(line), rest_(text) {}

  [[nodiscard]] LabelledWord parse() {
    LabelledWord word;
    word.start_seconds = seconds("start");
    word.end_seconds = seconds("end");
    word.word = std::string(field());
    if (word.word.empty() || word.word.size() > limits::name_bytes || !is_utf8(word.word)) {
      fail("word", word.word, "1 to 64 bytes of UTF-8");
    }
    if (word.end_seconds <= word.start_seconds) {
      fail("end", std::to_string(word.end_seconds), "a time after start");
    }
    return word;
  }

 private:
  std::string_view field() {
    const std::size_t tab = std::min(rest_.find('\t'), rest_.size());
    const std::string_view text = rest_.substr(0, tab);
    rest_.remove_prefix(std::min(tab + 1, rest_.size()));
    return text;
  }

  double seconds(const char* name) {
    const std::string_view text = field();
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() ||
        !(value >= 0 && value <= longest_seconds)) {
      fail(name, text, "seconds, tab");
    }
    return value;
  }

  [[noreturn]] void fail(const char* name, std::string_view found, const char* expected) const {
    throw Error(ErrorKind::bad_data, file_.string() + ":" + std::to_string(line_) + ": " + name +
                                         ": found '" + printable(found) + "', expected " + expected);
  }

  const std::filesystem::path& file_;
  int line_;
  std::string_view rest_;
};

}  // namespace

std::vector<LabelledWord> read_labels(const std::filesystem::path& file) {
  std::error_code ignored;
  std::ifstream in(file);
  if (!in || std::filesystem::is_directory(file, ignored)) {
    throw Error(ErrorKind::no_input, file.string() + ": cannot be read; a file of labels was expected");
  }
  std::vector<LabelledWord> words;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') {
      line.pop_back();
    }
    if (line.empty() || line.front() == '#' || (number == 1 && line == "start\tend\tword")) {
      continue;
    }
    words.push_back(LineParser(file, number, line).parse());
  }
  std::stable_sort(words.begin(), words.end(), [](const LabelledWord& a, const LabelledWord& b) {
    return a.start_seconds < b.start_seconds;
  });
  return words;
}

std::string format_label(const LabelledWord& word) {
  char times[64];
  std::snprintf(times, sizeof times, "%.3f\t%.3f\t", word.start_seconds, word.end_seconds);
  return times + word.word + '\n';
}

}  // namespace kwsd
