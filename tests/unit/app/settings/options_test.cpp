// What options say in place of a model's own values.
#include "app/settings/options.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/model/error.h"
#include "tests/support/random_model.h"

using namespace kwsd;

namespace {

using Models = std::vector<std::shared_ptr<const Model>>;

std::shared_ptr<const Model> streaming_model() {
  return std::make_shared<const Model>(kwsd::test::random_model(1, kwsd::test::streaming_options()));
}

std::vector<double> refractory_of(const Model& model, const RecognitionOptions& options,
                                  const Models& models) {
  return detector_params(model, spotter_options(options, models)).label_refractory_seconds;
}

}  // namespace

TEST_CASE("a value that is given wins over the model's, also where it equals the usual one") {
  const Models models{streaming_model()};
  REQUIRE(models[0]->detector.smoothing_seconds == 0.192);
  RecognitionOptions options;
  CHECK(detector_params(*models[0], spotter_options(options, models)) == models[0]->detector);
  options.smoothing_ms = 300;
  CHECK(detector_params(*models[0], spotter_options(options, models)).smoothing_seconds == 0.3);
}

TEST_CASE("a refractory period is that of every keyword or of one, and the last one applies") {
  auto first = kwsd::test::random_model(1), second = kwsd::test::random_model(2);
  std::vector<std::string> names;
  for (Label& label : first.labels) {
    if (label.kind == LabelKind::keyword) names.push_back(label.name);
  }
  REQUIRE(names.size() > 2);
  const std::string other = "another word";
  for (Label& label : second.labels) {
    if (label.name == names[0]) label.name = other;
  }
  const Models models{std::make_shared<const Model>(first), std::make_shared<const Model>(second)};
  const auto of = [&](const Model& model, const std::string& name, const RecognitionOptions& options) {
    const auto label = std::find_if(model.labels.begin(), model.labels.end(),
                                    [&](const Label& l) { return l.name == name; });
    const std::vector<double> all = refractory_of(model, options, models);
    return all.empty() ? model.detector.refractory_seconds
                       : all.at(static_cast<std::size_t>(label - model.labels.begin()));
  };
  RecognitionOptions options;
  CHECK(refractory_of(first, options, models).empty());
  options.refractory = {names[0] + "=9", "0.5", names[1] + "=2", "ANOTHER  word=7"};
  CHECK(of(first, names[0], options) == 0.5);
  CHECK(of(first, names[1], options) == 2);
  CHECK(of(second, names[1], options) == 2);
  CHECK(of(second, other, options) == 7);
  options.refractory = {names[1] + "=2"};
  CHECK(of(first, names[0], options) == first.detector.refractory_seconds);
  options.refractory = {"nosuch=2"};
  CHECK_THROWS_WITH(spotter_options(options, models),
                    Catch::StartsWith("--refractory-seconds: found the word 'nosuch', expected a keyword"));
}

TEST_CASE("a value for keywords is a number in its range") {
  CHECK(parse_keyword_value("stop=0.5", 1).word == "stop");
  CHECK(parse_keyword_value("hey computer=3600", 3600).value == 3600);
  for (const char* text : {"", "=1", "stop=", "1.5", "-0.1", "nan", "stop=1e9", "0,8", "1 "}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_keyword_value(text, 1), Catch::Contains("with X from 0 to 1"));
  }
}
