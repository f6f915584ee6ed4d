#include "app/eval/stream_score.h"

#include <catch2/catch.hpp>

#include "app/base/random.h"
#include "app/eval/curve_svg.h"
#include "tests/support/random_model.h"

using namespace kwsd;

namespace {

constexpr std::int64_t hop = 1536;

/// Two keywords, unknown, silence.
Model two_keywords() {
  Model model;
  model.labels = {{"yes", LabelKind::keyword},
                  {"no", LabelKind::keyword},
                  {"unknown", LabelKind::unknown},
                  {"silence", LabelKind::silence}};
  for (Branch& branch : model.branches) {
    branch.thresholds.assign(4, 1.0F);
  }
  return model;
}

/// A stream of windows that know nothing, and a peak of height `p` for a keyword over some windows.
struct StreamMaker {
  LabelledStream stream;

  explicit StreamMaker(std::size_t windows) {
    for (std::size_t w = 0; w < windows; ++w) {
      stream.windows.end_samples.push_back(16000 + static_cast<std::int64_t>(w) * hop);
      for (auto& posteriors : stream.windows.posteriors) {
        posteriors.insert(posteriors.end(), {0.01F, 0.01F, 0.02F, 0.96F});
      }
    }
    stream.windows.samples = stream.windows.end_samples.back();
  }
  void peak(std::size_t from, std::size_t count, std::size_t label, float p) {
    for (std::size_t w = from; w < from + count; ++w) {
      for (auto& posteriors : stream.windows.posteriors) {
        for (std::size_t l = 0; l < 4; ++l) {
          posteriors[w * 4 + l] = l == label ? p : (1 - p) / 3;
        }
      }
    }
  }
  /// A word that ends with window w.
  void word(std::size_t w, int label) {
    const std::int64_t end = stream.windows.end_samples[w];
    stream.words.push_back({end - 8000, end, label});
  }
};

StreamScore score(const Model& model, const LabelledStream& stream, float threshold) {
  const std::vector<float> same(model.labels.size(), threshold);
  return score_stream(model, DetectorParams{}, BranchId::full, same, stream);
}

}  // namespace

TEST_CASE("hits, misses and false accepts are counted as they are defined") {
  const Model model = two_keywords();
  StreamMaker maker(400);
  maker.word(50, 0);
  maker.peak(49, 5, 0, 0.9F);  // a hit
  maker.word(100, 1);          // a miss: nothing happens
  maker.word(150, 1);
  maker.peak(149, 5, 0, 0.9F);  // a miss of "no" and a false accept of "yes"
  maker.word(200, 0);
  maker.peak(220, 5, 0, 0.9F);  // 20 windows = 1.9 s late: a miss and a false accept
  maker.word(250, 0);
  maker.peak(249, 5, 0, 0.9F);
  maker.peak(256, 5, 0, 0.9F);  // within the refractory period: no second event
  maker.word(300, 0);
  maker.peak(297, 3, 0, 0.9F);
  maker.peak(309, 4, 0, 0.9F);  // a second event for the same word, out of the refractory period
  const StreamScore s = score(model, maker.stream, 0.5F);
  REQUIRE(s.keywords[0].hits == 3);
  REQUIRE(s.keywords[0].misses == 1);
  REQUIRE(s.keywords[0].false_accepts == 3);
  REQUIRE(s.keywords[0].confusions == 1);  // "yes" for "no"
  REQUIRE(s.keywords[0].in_speech() == 2);
  REQUIRE(s.keywords[1].hits == 0);
  REQUIRE(s.keywords[1].misses == 2);
  REQUIRE(s.keywords[1].false_accepts == 0);
  REQUIRE(s.latency_seconds.size() == 3);
  for (const double latency : s.latency_seconds) {
    REQUIRE(latency > -0.51);
    REQUIRE(latency <= hit_margin_seconds);
  }
}

TEST_CASE("a hit is possible from the start of the word to 0.75 s after its end") {
  const Model model = two_keywords();
  for (const int shift : {-8, -4, 0, 3, 6, 9}) {  // windows of 96 ms between word end and peak
    StreamMaker maker(200);
    maker.word(100, 0);
    maker.peak(static_cast<std::size_t>(100 + shift), 3, 0, 1.0F);
    const StreamScore s = score(model, maker.stream, 0.3F);
    // The event comes with the first window whose mean passes: the first or second of the peak.
    const bool inside = shift >= -5 && shift <= 6;
    CAPTURE(shift);
    REQUIRE(s.keywords[0].hits == (inside ? 1 : 0));
    REQUIRE(s.keywords[0].false_accepts == (inside ? 0 : 1));
  }
}

TEST_CASE("the sweep gives fewer false accepts and more misses the higher the threshold") {
  const Model model = two_keywords();
  std::vector<LabelledStream> streams;
  for (int i = 0; i < 2; ++i) {
    StreamMaker maker(3000);
    for (std::size_t w = 0; w < 40; ++w) {
      maker.word(50 + 70 * w, 0);
      maker.peak(49 + 70 * w, 5, 0, 0.3F + 0.017F * static_cast<float>(w));
      maker.peak(85 + 70 * w, 5, 1, 0.26F + 0.01F * static_cast<float>(w));
    }
    streams.push_back(std::move(maker.stream));
  }
  const std::vector<float> grid = threshold_grid();
  const Sweep sweep = sweep_thresholds(model, DetectorParams{}, BranchId::quarter, streams, grid);
  REQUIRE(sweep.hours == Approx(2 * (16000 + 2999 * 1536) / 16000.0 / 3600));
  for (std::size_t t = 1; t < grid.size(); ++t) {
    REQUIRE(grid[t] > grid[t - 1]);
    REQUIRE(sweep.scores[t].total().false_accepts <= sweep.scores[t - 1].total().false_accepts);
    REQUIRE(sweep.scores[t].total().misses >= sweep.scores[t - 1].total().misses);
  }
  // One threshold for all: no false accept means above 0.65, so about half of the words are missed.
  const OperatingPoint none = point_at(sweep, 0);
  REQUIRE(none.false_accepts_per_stream_hour == 0);
  REQUIRE(none.miss_rate > 0.4);
  // A threshold of its own for each keyword: every "yes" is found without a false accept of "no".
  const std::vector<float> chosen = choose_thresholds(model, sweep, 0, 0.1F);
  StreamScore total;
  for (const LabelledStream& stream : streams) {
    total.add(score_stream(model, DetectorParams{}, BranchId::quarter, chosen, stream));
  }
  REQUIRE(total.total().false_accepts == 0);
  REQUIRE(total.keywords[0].misses == 0);
  REQUIRE(chosen[2] == 1.0F);
  REQUIRE(chosen[3] == 1.0F);
}

TEST_CASE("the budget of false accepts goes where it buys the most hits") {
  const Model model = two_keywords();
  StreamMaker maker(40000);  // 1.07 h
  // "yes": ten faint words, three false accepts that are as faint; "no": one faint word, two false accepts.
  for (std::size_t i = 0; i < 10; ++i) {
    maker.word(100 + 100 * i, 0);
    maker.peak(99 + 100 * i, 5, 0, 0.5F);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    maker.peak(2000 + 100 * i, 5, 0, 0.55F);
  }
  maker.word(3000, 1);
  maker.peak(2999, 5, 1, 0.5F);
  for (std::size_t i = 0; i < 2; ++i) {
    maker.peak(4000 + 100 * i, 5, 1, 0.55F);
  }
  const std::vector<LabelledStream> streams{maker.stream};
  const Sweep sweep = sweep_thresholds(model, DetectorParams{}, BranchId::full, streams, threshold_grid());
  const auto hits = [&](double per_hour) {
    return score_stream(model, DetectorParams{}, BranchId::full,
                        choose_thresholds(model, sweep, per_hour, 0.1F), maker.stream);
  };
  REQUIRE(hits(1).total().hits == 0);  // one false accept buys nothing
  REQUIRE(hits(2).keywords[1].hits == 1);
  REQUIRE(hits(3).keywords[0].hits == 10);  // three buy ten, not one
  REQUIRE(hits(3).keywords[1].hits == 0);
  REQUIRE(hits(5).total().hits == 11);
  REQUIRE(hits(5).total().false_accepts == 5);
  for (const float threshold : choose_thresholds(model, sweep, 100, 0.4F)) {
    REQUIRE(threshold >= 0.4F);
  }
}

TEST_CASE("a keyword without false accepts of its own is expected to bring some, as the others do") {
  const Model model = two_keywords();
  StreamMaker maker(40000);  // 1.07 h
  for (std::size_t i = 0; i < 5; ++i) {
    maker.word(100 + 100 * i, 0);
    maker.peak(99 + 100 * i, 5, 0, 0.5F);
    maker.peak(2000 + 100 * i, 5, 1, 0.55F);  // false accepts of "no" alone
  }
  const std::vector<LabelledStream> streams{maker.stream};
  const Sweep sweep = sweep_thresholds(model, DetectorParams{}, BranchId::full, streams, threshold_grid());
  const auto hits = [&](double per_hour, double pooled) {
    const auto thresholds = choose_thresholds(model, sweep, per_hour, 0.1F, pooled);
    return score_stream(model, DetectorParams{}, BranchId::full, thresholds, maker.stream).total().hits;
  };
  REQUIRE(hits(1, 0) == 5);
  REQUIRE(hits(1, 1) == 0);  // five for two keywords: 2.5 are expected of "yes"
  REQUIRE(hits(3, 1) == 5);
}

TEST_CASE("confusions are no part of the budget, nor is the time of the keywords") {
  const Model model = two_keywords();
  StreamMaker maker(40000);  // 1.07 h
  for (std::size_t i = 0; i < 10; ++i) {
    maker.word(100 + 100 * i, 0);
    maker.peak(99 + 100 * i, 5, i < 6 ? 0 : 1, 0.5F);  // four times "no" for "yes"
  }
  const std::vector<LabelledStream> streams{maker.stream};
  const Sweep sweep = sweep_thresholds(model, DetectorParams{}, BranchId::full, streams, threshold_grid());
  const std::vector<float> chosen = choose_thresholds(model, sweep, 0, 0.1F);
  const StreamScore score = score_stream(model, DetectorParams{}, BranchId::full, chosen, maker.stream);
  REQUIRE(score.keywords[0].hits == 6);
  REQUIRE(sweep.scores.front().total().confusions == 4);
  REQUIRE(sweep.scores.front().total().in_speech() == 0);
  double words = 0;  // seconds
  for (const SpokenWord& word : maker.stream.words) {
    words += static_cast<double>(word.end_sample - word.start_sample) / 16000 + hit_margin_seconds;
  }
  REQUIRE(3600 * (sweep.hours - sweep.speech_hours) == Approx(words).margin(0.01));
}

TEST_CASE("the latencies of one keyword are those of its hits") {
  const Model model = two_keywords();
  StreamMaker maker(400);
  maker.word(50, 0);
  maker.peak(51, 5, 0, 0.9F);
  maker.word(100, 1);
  maker.peak(103, 5, 1, 0.9F);
  StreamScore s = score(model, maker.stream, 0.5F);
  s.add(s);
  REQUIRE(s.latencies_of(0).size() == 2);
  REQUIRE(s.latencies_of(1).size() == 2);
  REQUIRE(s.latencies_of(1)[1] - s.latencies_of(0)[0] == Approx(2 * hop / 16000.0));
  REQUIRE(s.latencies_of(2).empty());
}

TEST_CASE("a stream classified in pieces has the posteriors of the whole") {
  const Network network(std::make_shared<const Model>(test::random_model(7)), select_kernels("reference"));
  std::vector<float> samples(40000);
  Random random(3);
  for (float& sample : samples) {
    sample = random.uniform_f(-0.5, 0.5);
  }
  const StreamPosteriors whole = classify_stream(network, samples);
  StreamClassifier classifier(network);
  for (std::size_t at = 0; at < samples.size(); at += 777) {
    classifier.push(std::span(samples).subspan(at, std::min<std::size_t>(777, samples.size() - at)));
  }
  REQUIRE(classifier.bytes() > 0);
  const StreamPosteriors pieces = classifier.take();
  REQUIRE(!whole.end_samples.empty());
  REQUIRE(pieces.samples == 40000);
  REQUIRE(pieces.end_samples == whole.end_samples);
  REQUIRE(pieces.posteriors == whole.posteriors);
}

TEST_CASE("an empty stream has neither hits nor false accepts") {
  const Model model = two_keywords();
  const LabelledStream empty;
  REQUIRE(score(model, empty, 0.5F).total().hits == 0);
  const Sweep sweep = sweep_thresholds(model, {}, BranchId::full, std::span<const LabelledStream>(&empty, 1),
                                       threshold_grid());
  REQUIRE(point_at(sweep, 1).miss_rate == 0);
  REQUIRE(choose_thresholds(model, sweep, 1, 0.2F).size() == 4);
}

TEST_CASE("the curve is an SVG document with a line per branch") {
  const std::vector<Curve> curves{{"full <8>", {{0, 0.3}, {1, 0.1}, {200, 0.02}}, {1, 0.1}},
                                  {"half", {{2, 0.2}}, {-1, -1}}};
  const std::string svg = curve_svg("stop & go", "false accepts per hour of stream", curves, 2.0);
  REQUIRE(svg.starts_with("<svg "));
  REQUIRE_THAT(svg, Catch::Contains("stop &amp; go") && Catch::Contains("full &lt;8&gt;"));
  REQUIRE_THAT(svg, !Catch::Contains("nan") && !Catch::Contains("inf"));
  std::size_t lines = 0;
  for (std::size_t at = svg.find("<polyline"); at != std::string::npos; at = svg.find("<polyline", at + 1)) {
    ++lines;
  }
  REQUIRE(lines == 2);
}
