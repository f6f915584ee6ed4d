// Thresholds for made-up keywords in made-up speech, with a network of random weights: not what it spots, but
// what is chosen, reported and written.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "engine/kernels/kernels.h"
#include "engine/model/error.h"
#include "engine/model/model_file.h"
#include "models/trainer/calibrate/calibrate_command.h"
#include "tests/support/random_model.h"
#include "tests/unit/trainer/data/recordings.h"

using namespace kwsd;
using namespace kwsd::train;
using namespace kwsd::train::test;
namespace fs = std::filesystem;

namespace {

Model small_model() {
  kwsd::test::RandomModelOptions options;
  options.memory_size = 16;
  options.hidden_size = 16;
  options.blocks = 4;
  options.labels = 4;
  Model model = kwsd::test::random_model(3, options);
  model.labels[0].name = "yes";
  model.labels[1].name = "no";
  return model;
}

DataOptions recordings(const TemporaryFolder& folder, bool speech) {
  write_words(folder.path() / "data", {"yes", "no"}, 12);
  DataOptions options;
  options.words = {folder.path() / "data"};
  options.keywords = {"yes", "no"};
  options.cache = folder.path() / "cache";
  options.validation_fraction = options.test_fraction = 0.4;
  for (int speaker = 1; speaker <= 4 && speech; ++speaker) {
    write_clip(folder.path() / "speech" / (std::to_string(speaker) + "-1-0000.flac"), tone(6, 300, 0, 5));
    options.held_out_speech = {folder.path() / "speech"};
  }
  return options;
}

/// A minute in which "yes" is said at second 10 with a posterior of 0.8; at second 40 nothing is said, with
/// `elsewhere`.
SplitStreams a_minute(float elsewhere, bool said) {
  constexpr std::int64_t hop = 1536;
  LabelledStream stream;
  for (std::int64_t end = 16000; end <= 60 * 16000; end += hop) {
    const auto at = [end](std::int64_t second) {
      return end >= second * 16000 && end < (second + 1) * 16000;
    };
    const float yes = said && at(10) ? 0.8F : at(40) ? elsewhere : 0.0F;
    stream.windows.end_samples.push_back(end);
    for (auto& branch : stream.windows.posteriors) {
      branch.insert(branch.end(), {yes, 0.0F, 1 - yes, 0.0F});
    }
  }
  stream.windows.samples = 60 * 16000;
  if (said) {
    stream.words.push_back({10 * 16000 - 8000, 10 * 16000 + 4000, 0});
  }
  SplitStreams streams;
  streams.hours = hours_of(stream, 16000);
  streams.words = stream.words.size();
  streams.streams.push_back(std::move(stream));
  return streams;
}

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("calibrate writes thresholds into the model and a report beside it") {
  const TemporaryFolder folder;
  const fs::path before = folder.path() / "before.kwsm";
  const fs::path after = folder.path() / "after.kwsm";
  const auto bytes = serialize_model(small_model());
  std::ofstream(before, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  CalibrationOptions options;
  options.threads = 1;
  const CalibrationReport report = calibrate_file(before, after, Dataset(recordings(folder, true)), options);
  const Model model = load_model(after);
  for (std::size_t b = 0; b < branch_count; ++b) {
    REQUIRE(model.branches[b].thresholds == report.branches[b].thresholds);
    for (const std::size_t label : {0U, 1U}) {
      REQUIRE(model.branches[b].thresholds[label] >= options.lowest_threshold);
      REQUIRE(model.branches[b].thresholds[label] <= options.highest_threshold);
    }
    REQUIRE(report.branches[b].points.size() == 2);     // clean, 10 dB
    REQUIRE(report.branches[b].points[0].size() == 4);  // 0.1, 0.5, 1 and the chosen one
  }
  REQUIRE(model.provenance.find("wanted_false_accepts_per_hour") != std::string::npos);
  REQUIRE_THAT(text_of(folder.path() / "after.calibration.txt"), Catch::Contains("10 dB"));
  REQUIRE_THAT(text_of(folder.path() / "after.calibration.svg"), Catch::Contains("</svg>"));
  REQUIRE_THAT(text_of(folder.path() / "after.calibration.json"), Catch::Contains("\"curve\""));
}

TEST_CASE("a keyword without recordings to choose by gets the highest threshold, not the lowest") {
  const TemporaryFolder folder;
  DataOptions data = recordings(folder, true);
  fs::rename(folder.path() / "data" / "no", folder.path() / "no");
  fs::create_directories(folder.path() / "more");
  fs::rename(folder.path() / "no", folder.path() / "more" / "no");
  data.training_words = {folder.path() / "more"};
  const Model model = small_model();
  const Network network(std::make_shared<const Model>(model), select_kernels("auto"));
  const Dataset dataset(data);
  CalibrationOptions options;
  options.threads = 1;
  const auto streams =
      classify_split(network, dataset, Split::validation, {Split::validation}, default_conditions(), options);
  const CalibrationReport report = calibrate(model, streams, streams, default_conditions(), options);
  for (const BranchReport& branch : report.branches) {
    REQUIRE(branch.keywords[1].hits + branch.keywords[1].misses == 0);
    REQUIRE(branch.thresholds[1] == options.highest_threshold);
  }
}

TEST_CASE("with few words a threshold is the lowest that the wanted rate allows") {
  Model model = small_model();
  model.detector = DetectorParams{};
  const SplitStreams measured = a_minute(0, true);
  const auto threshold = [&](bool count, float in_stream, float in_collection) {
    SplitStreams choose = a_minute(in_stream, true);
    choose.collections = a_minute(in_collection, false).streams;
    CalibrationOptions options;
    options.threads = 1;
    options.in_time_share = 0;
    options.lowest_threshold = 0.3F;
    options.few_words = true;
    options.count_streams = count;
    const std::vector<Condition> clean{{"clean", {}}};
    return calibrate(model, choose, measured, clean, options).branches[0].thresholds[0];
  };
  REQUIRE(threshold(true, 0.0F, 0.0F) == Approx(0.3));
  REQUIRE(threshold(true, 0.6F, 0.0F) > 0.5);
  REQUIRE(threshold(false, 0.6F, 0.0F) == Approx(0.3));
  REQUIRE(threshold(false, 0.6F, 0.5F) == Approx(threshold(true, 0.0F, 0.5F)));
  REQUIRE(threshold(false, 0.6F, 0.5F) > 0.4);
}

TEST_CASE("calibrate says what is missing") {
  const TemporaryFolder folder;
  const auto model = std::make_shared<const Model>(small_model());
  const Network network(model, select_kernels("auto"));
  REQUIRE_THROWS_WITH(
      classify_split(network, Dataset(recordings(folder, false)), Split::validation,
                     {Split::validation, Split::train}, default_conditions(), CalibrationOptions{}),
      Catch::Contains("0 stretches of speech") && Catch::Contains("--speech"));
}
