// Which thresholds there are to keep, by kwsd's answers.
#include "app/web/threshold_changes.h"

#include <catch2/catch.hpp>

#include "engine/model/error.h"

using namespace kwsd;

namespace {

/// A row of an answer: {"keyword": ..., "model": ..., "thresholds": {"full": ...}}.
std::string row(const std::string& model, const std::string& word, const std::string& full,
                const std::string& half, const std::string& quarter) {
  return R"({"keyword":")" + word + R"(","model":")" + model + R"(","thresholds":{"full":)" + full +
         R"(,"half":)" + half + R"(,"quarter":)" + quarter + "}}";
}

std::string answer(const std::string& rows) {
  return R"({"ok":true,"keywords":[)" + rows + "]}";
}

std::string refusal(const std::string& in_force, const std::string& configured) {
  try {
    (void)threshold_changes(in_force, configured);
    return "";
  } catch (const Error& error) {
    return std::to_string(error.exit_code()) + " " + error.what();
  }
}

const std::string stop = row("commands", "stop", "0.6", "0.5", "0.7"),
                  go = row("commands", "go", "0.8", "0.8", "0.8");

}  // namespace

TEST_CASE("thresholds that differ from the configuration's are changes, those of each branch are not") {
  const ThresholdChanges none = threshold_changes(answer(stop + "," + go), answer(go + "," + stop));
  CHECK(none.words.empty());
  CHECK(none.other_models.empty());
  const ThresholdChanges two =
      threshold_changes(answer(row("commands", "stop", "0.41", "0.41", "0.41") + "," +
                               row("commands", "hey there", "1.0", "1.0", "1.0") + "," + go),
                        answer(stop + "," + go + "," + row("commands", "hey there", "0", "0", "0")));
  CHECK(two.words == std::vector<NamedThreshold>{{"stop", 0.41F}, {"hey there", 1.0F}});
}

TEST_CASE("a word of two models is kept once, and words of models that are not configured are left out") {
  const std::string own = row("own", "stop", "0.41", "0.41", "0.41");
  const ThresholdChanges changes = threshold_changes(
      answer(row("commands", "stop", "0.41", "0.41", "0.41") + "," + own + "," +
             row("new", "marmalade", "0.3", "0.3", "0.3") + "," + row("new", "jam", "0.3", "0.2", "0.3")),
      answer(stop + "," + row("own", "stop", "0.9", "0.9", "0.9")));
  CHECK(changes.words == std::vector<NamedThreshold>{{"stop", 0.41F}});
  CHECK(changes.other_models == std::vector<std::string>{"new"});
}

TEST_CASE("what cannot be kept is an error, as is an answer that is none") {
  CHECK(refusal(answer(row("commands", "stop", "0.6", "0.4", "0.7")), answer(stop)) ==
        "2 stop: found a threshold for one branch alone, expected one for all: a configuration file has no "
        "others");
  const std::string error = R"({"error":"x.toml:1: no","code":78})";
  CHECK(refusal(answer(stop), error) == "78 x.toml:1: no");
  CHECK(refusal(error, answer(stop)) == "78 x.toml:1: no");
  const std::string other = "69 found another answer than kwsd's at the control socket";
  for (const char* bad : {"", "{}", "[]", "7", R"({"error":1})", R"({"error":"a","code":"b"})",
                          R"({"keywords":[{}]})", R"({"keywords":[{"keyword":1}]})", R"({"keywords":7})"}) {
    INFO(bad);
    CHECK(refusal(bad, answer(stop)) == other);
    CHECK(refusal(answer(stop), bad) == other);
  }
}
