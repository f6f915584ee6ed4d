#include "app/eval/stream_eval.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "app/eval/stream_report.h"

using namespace kwsd;

namespace {

Model yes_and_no() {
  Model model;
  model.name = "test";
  model.labels = {{"yes", LabelKind::keyword}, {"no", LabelKind::keyword}, {"unknown", LabelKind::unknown}};
  for (Branch& branch : model.branches) {
    branch.thresholds = {0.5F, 0.6F, 1.0F};
  }
  return model;
}

/// Windows of 96 ms; `yes` is known in windows 100 to 104 and, where nobody says it, in 300 to 304.
LabelledStream one_hit_one_false_accept() {
  LabelledStream stream;
  for (std::int64_t w = 0; w < 400; ++w) {
    const bool known = (w >= 100 && w < 105) || (w >= 300 && w < 305);
    stream.windows.end_samples.push_back(16000 + w * 1536);
    for (auto& posteriors : stream.windows.posteriors) {
      posteriors.insert(posteriors.end(), {known ? 0.9F : 0.0F, 0.0F, known ? 0.1F : 1.0F});
    }
  }
  stream.windows.samples = 16000 * 36;
  const std::int64_t end = 16000 + 100 * 1536;
  stream.words = {{end - 8000, end, 0}, {end + 160000, end + 168000, 1}};
  return stream;
}

}  // namespace

TEST_CASE("labels of words that are no keywords of the model are passed over") {
  const std::vector<LabelledWord> labels{
      {0.5, 1.0, "yes"}, {1.5, 2.0, "unknown"}, {2.5, 3.0, "cat"}, {3.5, 4.0, "no"}};
  const std::vector<SpokenWord> words = spoken_keywords(yes_and_no(), labels);
  REQUIRE(words.size() == 2);
  REQUIRE(words[0].start_sample == 8000);
  REQUIRE(words[0].end_sample == 16000);
  REQUIRE(words[1].label == 1);
}

TEST_CASE("an evaluation counts per keyword, per branch and per threshold") {
  const Model model = yes_and_no();
  const StreamEvaluation evaluation = evaluate_stream(model, DetectorParams{}, one_hit_one_false_accept());
  REQUIRE(evaluation.hours.stream == Approx(0.01));
  REQUIRE(evaluation.keywords == 2);
  for (const BranchEvaluation& branch : evaluation.branches) {
    const StreamFigures all = figures_of(branch.chosen, evaluation.hours);
    REQUIRE(all.hits == 1);
    REQUIRE(all.misses == 1);
    REQUIRE(all.false_accepts == 1);
    REQUIRE(*all.miss_rate == Approx(0.5));
    REQUIRE(all.false_accepts_per_stream_hour == Approx(100));
    REQUIRE(all.false_accepts_per_speech_hour == Approx(1 / evaluation.hours.speech));
    const StreamFigures yes = figures_of(branch.chosen, 0, evaluation.hours);
    REQUIRE(*yes.miss_rate == 0);
    REQUIRE(*yes.latency_median_seconds == Approx(0.096).margin(0.1));
    REQUIRE(!figures_of(branch.chosen, 1, evaluation.hours).latency_median_seconds);
    REQUIRE(branch.sweep.thresholds.size() == threshold_grid().size());
    REQUIRE(branch.sweep.scores.back().total().hits == 0);
  }
}

TEST_CASE(
    "false accepts per hour of stream count all, those per hour of speech what is outside the keywords") {
  StreamScore score;
  score.keywords = {{.hits = 5, .misses = 15, .false_accepts = 12, .confusions = 4}};
  const StreamFigures figures = figures_of(score, {.stream = 2, .speech = 1.6});
  REQUIRE(figures.false_accepts_per_stream_hour == Approx(12 / 2.0));
  REQUIRE(figures.false_accepts_per_speech_hour == Approx(8 / 1.6));
  REQUIRE(*figures.confusion_rate == Approx(4 / 20.0));

  LabelledStream stream;  // an hour; words with their 0.75 s: 1 to 2.75, 2 to 3.75, and one at the very end
  stream.windows.samples = std::int64_t{16000} * 3600;
  stream.words = {
      {16000, 32000, 0}, {32000, 48000, 0}, {std::int64_t{16000} * 3599, std::int64_t{16000} * 3600, 0}};
  REQUIRE(hours_of(stream, 16000).stream == Approx(1));
  REQUIRE(hours_of(stream, 16000).speech * 3600 == Approx(3600 - 2.75 - 1));
}

TEST_CASE("median and 95th percentile are of the hits, by nearest rank") {
  StreamScore score;
  score.keywords = {{20, 0, 0}};
  for (int i = 20; i > 0; --i) {
    score.latency_seconds.push_back(i / 100.0);
    score.hit_labels.push_back(0);
  }
  const StreamFigures figures = figures_of(score, {1, 1});
  REQUIRE(*figures.latency_median_seconds == Approx(0.10));
  REQUIRE(*figures.latency_95_seconds == Approx(0.19));
}

TEST_CASE("the report is the same in words, in JSON and as a picture") {
  const Model model = yes_and_no();
  StreamEvaluation evaluation = evaluate_stream(model, DetectorParams{}, one_hit_one_false_accept());
  evaluation.other_words = 3;
  const nlohmann::ordered_json json = stream_report_json(model, evaluation);
  REQUIRE(json["other_words"] == 3);
  const auto& full = json["branches"]["full"];
  REQUIRE(full["chosen"]["false_accepts"] == 1);
  REQUIRE(full["keywords"]["no"]["threshold"] == 0.6);
  REQUIRE(full["keywords"]["no"]["latency_median_seconds"].is_null());
  REQUIRE(full["thresholds"].size() == threshold_grid().size());
  REQUIRE(full["thresholds"][0]["keywords"]["yes"]["hits"] == 1);
  const std::string text = stream_report_text(model, evaluation);
  REQUIRE_THAT(text, Catch::Contains("0.010 h, 2 keywords, 3 other labelled words") &&
                         Catch::Contains("fewer than 300.0 per hour of stream"));
  REQUIRE_THAT(stream_report_svg(model, evaluation),
               Catch::Contains("<circle") && Catch::Contains("quarter"));
}
