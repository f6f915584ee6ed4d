// What is measured, with a made-up net: one that takes loud tones for its first keyword.
#include "models/trainer/measure/measure.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/model/error.h"
#include "models/trainer/data/effects.h"
#include "tests/support/random_model.h"
#include "tests/unit/trainer/data/recordings.h"

using namespace kwsd;
using namespace kwsd::train;
using namespace kwsd::train::test;

namespace {

constexpr std::size_t step = 1600;

/// "yes" with posterior 0.9 wherever 100 ms are loud, else silence.
StreamPosteriors loud_is_yes(std::span<const float> samples) {
  StreamPosteriors out;
  out.samples = static_cast<std::int64_t>(samples.size());
  for (std::size_t at = step; at <= samples.size(); at += step) {
    const bool loud = rms(samples.subspan(at - step, step)) > 0.02F;
    out.end_samples.push_back(static_cast<std::int64_t>(at));
    for (auto& branch : out.posteriors) {
      const float yes = loud ? 0.9F : 0.0F;
      branch.insert(branch.end(), {yes, 0.0F, 0.0F, 1.0F - yes});
    }
  }
  return out;
}

Model two_words() {
  kwsd::test::RandomModelOptions options;
  options.memory_size = options.hidden_size = 16;
  options.blocks = 4;
  options.labels = 4;
  Model model = kwsd::test::random_model(3, options);
  model.labels[0].name = "yes";
  model.labels[1].name = "no";
  for (Branch& branch : model.branches) {
    branch.thresholds.assign(4, 0.5F);
  }
  return model;
}

DataOptions recordings(const TemporaryFolder& folder) {
  write_words(folder.path() / "data", {"yes", "no"}, 10);
  DataOptions options;
  options.words = {folder.path() / "data"};
  options.keywords = {"yes", "no"};
  options.cache = folder.path() / "cache";
  options.validation_fraction = options.test_fraction = 0;
  for (int speaker = 1; speaker <= 4; ++speaker) {
    const std::string id = std::to_string(speaker) + "-1-0000";
    write_clip(folder.path() / "loud" / (id + ".flac"), tone(6, 300, 1, 5));
    write_clip(folder.path() / "quiet" / (id + ".flac"), tone(6, 300, 0, 0.005));
  }
  write_text(folder.path() / "loud" / "1-1.trans.txt", "1-1-0000 SHE SAID YES\n2-1-0000 NOTHING\n");
  options.collections = {{"loud", folder.path() / "loud"}};
  return options;
}

}  // namespace

TEST_CASE("a collection leaves out what says a keyword, and can be halved by speaker") {
  const TemporaryFolder folder;
  DataOptions options = recordings(folder);
  const Dataset all(options);
  REQUIRE(all.collections().size() == 1);
  REQUIRE(all.collections()[0].sounds.size() == 3);
  REQUIRE(all.collections()[0].with_keyword == 1);
  REQUIRE(all.speech(Split::train).empty());
  options.collection_part = CollectionPart::first;
  std::size_t first = 0;
  std::size_t second = 0;
  try {
    first = Dataset(options).collections()[0].sounds.size();
  } catch (const Error&) {  // all speakers may fall into one half
  }
  options.collection_part = CollectionPart::second;
  try {
    second = Dataset(options).collections()[0].sounds.size();
  } catch (const Error&) {
  }
  REQUIRE(first + second == 3);
}

TEST_CASE("misses, false accepts and equal points are counted per condition") {
  const TemporaryFolder folder;
  const Dataset dataset(recordings(folder));
  MeasureOptions options;
  options.words = Split::train;
  options.conditions = {Degradation::none, Degradation::gated, Degradation::echoed};
  options.per_hour = {1, 1e6};
  const MeasureReport report = measure(two_words(), DetectorParams{}, loud_is_yes, dataset, options);
  REQUIRE(report.words.size() == 4);  // clean, 10 dB, 5 dB, gated: no words in bursts
  const WordFigures& clean = report.words[0];
  REQUIRE(clean.condition == "clean");
  REQUIRE(clean.words > 0);
  for (std::size_t b = 0; b < branch_count; ++b) {
    REQUIRE(clean.missed[b] == clean.words / 2);  // each "no"
    REQUIRE(clean.confused[b] > 0);               // ... was taken for a "yes"
  }
  REQUIRE(report.collections.size() == 3);
  REQUIRE(report.collections[0].condition == "none");
  REQUIRE(report.collections[0].hours == Approx(18.0 / 3600).epsilon(0.01));
  REQUIRE(report.collections[0].false_accepts[0] == 3);  // once a tone
  REQUIRE(report.points.size() == 2);
  REQUIRE(report.points[0].threshold[0] > 0.8F);  // no threshold below the tone's score
  REQUIRE(report.points[0].missed[0][0] == Approx(1.0));
  REQUIRE(report.points[1].worst[0] == "loud");
  REQUIRE(report.points[1].missed[0][0] < 0.6);
}

TEST_CASE("the report has every figure, as text and as JSON") {
  const TemporaryFolder folder;
  const Dataset dataset(recordings(folder));
  MeasureOptions options;
  options.words = Split::train;
  const MeasureReport report = measure(two_words(), DetectorParams{}, loud_is_yes, dataset, options);
  const auto json = nlohmann::json::parse(report_json(report));
  REQUIRE(json.at("words").size() == 3);
  REQUIRE(json.at("collections").at(0).at("branches").at("full").at("false_accepts") == 3);
  REQUIRE(json.at("collections").at(0).at("branches").at("full").at("bounds_95_percent").size() == 2);
  REQUIRE(json.at("one_threshold").size() == options.per_hour.size());
  for (const auto& point : json.at("one_threshold")) {
    const auto& full = point.at("branches").at("full");
    const double count = full.at("worst_false_accepts").get<double>();
    REQUIRE(count == Approx(full.at("worst_per_hour").get<double>() * full.at("worst_hours").get<double>()));
    REQUIRE(full.at("worst_bounds_95_percent").at(0).get<double>() <=
            full.at("worst_per_hour").get<double>());
    REQUIRE(full.at("worst_bounds_95_percent").at(1).get<double>() > full.at("worst_per_hour").get<double>());
  }
  REQUIRE_THAT(report_text(report), Catch::Contains("| loud | none |"));
  REQUIRE(report_text(report_from_json(report_json(report), "x")) == report_text(report));
  std::istringstream text(report_text(report));
  std::string line, head;
  for (int row = 0; std::getline(text, line);) {  // tables as Markdown has them
    row = line.starts_with('|') ? row + 1 : 0;
    if (row == 1) head = line;
    if (row > 0) REQUIRE(std::ranges::count(line, '|') == std::ranges::count(head, '|'));
    if (row == 2) REQUIRE(line.find_first_not_of("|-") == std::string::npos);
  }
}

TEST_CASE("what is no report is refused in one line that names the file") {
  for (const char* text :
       {"", "{", "[]", R"({"model": 7})",
        R"({"model": "m", "words": [{"condition": "clean", "words": 2, "branches": {}}]})",
        R"({"model": "m", "one_threshold": [{"per_hour": 1}]})",
        R"({"model": "m", "collections": [{"collection": "c", "condition": "none", "hours": -1,
            "branches": {"full": {"false_accepts": 1}, "half": {"false_accepts": 1}, "quarter": {"false_accepts": 1}}}]})"}) {
    CAPTURE(text);
    REQUIRE_THROWS_WITH(report_from_json(text, "x.json"),
                        Catch::StartsWith("x.json: ") && !Catch::Contains("\n"));
  }
}
