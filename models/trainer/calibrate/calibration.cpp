#include "models/trainer/calibrate/calibration.h"

#include <algorithm>
#include <cmath>

#include "app/base/parallel.h"
#include "app/eval/quantile.h"
#include "app/eval/stream_mix.h"
#include "engine/model/error.h"

namespace kwsd::train {
namespace {

/// The keyword label of the model for a word of the data set; none: -1.
int label_of(const Model& model, const std::string& word) {
  for (std::size_t l = 0; l < model.labels.size(); ++l) {
    if (model.labels[l].kind == LabelKind::keyword && model.labels[l].name == word) {
      return static_cast<int>(l);
    }
  }
  return -1;
}

void add_samples(const std::vector<Stretch>& stretches, std::vector<std::span<const std::int16_t>>& to) {
  for (const Stretch& stretch : stretches) {
    to.push_back(stretch.samples);
  }
}

/// One point of the curve per wanted rate.
std::vector<double> curve_rates() {
  std::vector<double> rates;
  for (double rate = 0.05; rate < 60; rate *= 1.25) {
    rates.push_back(rate);
  }
  return rates;
}

class BranchCalibrator {
 public:
  BranchCalibrator(const Model& model, BranchId branch, const SplitStreams& choose,
                   const SplitStreams& measure, const CalibrationOptions& options)
      : model_(model),
        branch_(branch),
        measure_(measure),
        options_(options),
        sweep_(sweep_thresholds(model, options.detector, branch, choose.streams, threshold_grid())) {
    for (const LabelledStream& stream : choose.collections) {
      collections_.push_back(with_words_of(
          sweep_,
          sweep_thresholds(model, options.detector, branch, std::span(&stream, 1), threshold_grid())));
    }
  }

  BranchReport run() {
    BranchReport report;
    report.points.resize(measure_.streams.size());
    const auto add_figures = [&](double rate, const std::vector<float>& thresholds) {
      const std::vector<StreamScore> scores = measure(thresholds);
      for (std::size_t c = 0; c < scores.size(); ++c) {
        report.points[c].push_back({rate, figures_of(scores[c], measure_.hours)});
      }
      report.keywords = sum(scores).keywords;  // of the last, the chosen one
    };
    for (const double rate : options_.reported_per_hour) {
      add_figures(rate, thresholds(rate));
    }
    report.thresholds = within_limits(thresholds(options_.per_hour));
    add_figures(options_.per_hour, report.thresholds);
    for (const double rate : curve_rates()) {
      const auto streams = static_cast<double>(measure_.streams.size());
      const StreamFigures all = figures_of(
          sum(measure(thresholds(rate))), {measure_.hours.stream * streams, measure_.hours.speech * streams});
      report.curve.emplace_back(all.false_accepts_per_speech_hour, all.miss_rate.value_or(0));
    }
    return report;
  }

 private:
  /// The false accepts of a collection along with the hits of the words.
  static Sweep with_words_of(const Sweep& words, Sweep collection) {
    for (std::size_t t = 0; t < collection.scores.size(); ++t) {
      for (std::size_t k = 0; k < collection.scores[t].keywords.size(); ++k) {
        collection.scores[t].keywords[k].hits = words.scores[t].keywords[k].hits;
        collection.scores[t].keywords[k].misses = words.scores[t].keywords[k].misses;
      }
    }
    return collection;
  }
  /// The highest of the thresholds that the streams and each collection require.
  [[nodiscard]] std::vector<float> thresholds(double rate) const {
    if (options_.few_words) {
      return lowest_allowed(rate);
    }
    const auto chosen = [&](const Sweep& sweep) {
      return choose_thresholds(model_, sweep, rate, options_.lowest_threshold, options_.pooled);
    };
    std::vector<float> highest = chosen(sweep_);
    for (const Sweep& collection : collections_) {
      const std::vector<float> wanted = chosen(collection);
      std::transform(highest.begin(), highest.end(), wanted.begin(), highest.begin(),
                     [](float a, float b) { return std::max(a, b); });
    }
    return highest;
  }
  /// The lowest thresholds at which every keyword has its share of the false accepts, or fewer.
  [[nodiscard]] std::vector<float> lowest_allowed(double rate) const {
    std::vector<const Sweep*> sweeps;
    for (const Sweep& collection : collections_) {
      sweeps.push_back(&collection);
    }
    if (options_.count_streams || sweeps.empty()) {
      sweeps.push_back(&sweep_);
    }
    const auto keywords = std::count_if(model_.labels.begin(), model_.labels.end(),
                                        [](const Label& label) { return label.kind == LabelKind::keyword; });
    std::vector<float> lowest(model_.labels.size(), options_.lowest_threshold);
    for (const Sweep* sweep : sweeps) {
      const double most = rate * sweep->speech_hours / static_cast<double>(keywords);
      for (std::size_t l = 0; l < lowest.size(); ++l) {
        std::size_t t = sweep->thresholds.size();
        while (t > 0 && static_cast<double>(sweep->scores[t - 1].keywords[l].in_speech()) <= most) {
          --t;
        }
        lowest[l] = std::max(lowest[l], sweep->thresholds[std::min(t, sweep->thresholds.size() - 1)]);
      }
    }
    return lowest;
  }
  /// The strictest threshold with which enough events of a keyword are in time; for a keyword without events,
  /// any.
  [[nodiscard]] float in_time(int label) const {
    const auto silent = [label](const StreamScore& score) { return score.latencies_of(label).empty(); };
    if (std::all_of(sweep_.scores.begin(), sweep_.scores.end(), silent)) {
      return 1;
    }
    for (std::size_t t = sweep_.thresholds.size(); t-- > 0;) {
      const std::vector<double> latencies = sweep_.scores[t].latencies_of(label);
      if (!latencies.empty() &&
          quantile(latencies, options_.in_time_share).value_or(0) <= options_.in_time_seconds) {
        return sweep_.thresholds[t];
      }
    }
    return 0;
  }
  [[nodiscard]] std::vector<float> within_limits(std::vector<float> thresholds) const {
    for (std::size_t l = 0; l < thresholds.size(); ++l) {
      if (model_.labels[l].kind == LabelKind::keyword) {
        const auto own = options_.highest_of.find(model_.labels[l].name);
        const float highest = own == options_.highest_of.end() ? options_.highest_threshold : own->second;
        const float wanted = std::min(thresholds[l], in_time(static_cast<int>(l)));
        thresholds[l] = std::min(std::max(wanted, options_.lowest_threshold), highest);
      }
    }
    return thresholds;
  }
  [[nodiscard]] std::vector<StreamScore> measure(const std::vector<float>& thresholds) const {
    std::vector<StreamScore> scores;
    for (const LabelledStream& stream : measure_.streams) {
      scores.push_back(score_stream(model_, options_.detector, branch_, thresholds, stream));
    }
    return scores;
  }
  static StreamScore sum(const std::vector<StreamScore>& scores) {
    StreamScore total;
    for (const StreamScore& score : scores) {
      total.add(score);
    }
    return total;
  }

  const Model& model_;
  BranchId branch_;
  const SplitStreams& measure_;
  const CalibrationOptions& options_;
  Sweep sweep_;
  std::vector<Sweep> collections_;
};

}  // namespace

std::vector<Condition> default_conditions() {
  return {{"clean", std::nullopt}, {"10 dB", 10.0}};
}

SplitStreams classify_split(const Network& network, const Dataset& dataset, Split split,
                            const std::vector<Split>& sound, const std::vector<Condition>& conditions,
                            const CalibrationOptions& options) {
  const char* name = split == Split::validation ? "validation" : split == Split::test ? "test" : "training";
  std::vector<MixWord> words;
  for (const Clip& clip : dataset.clips(split)) {
    const int label = label_of(network.model(), std::string(dataset.word_of(clip)));
    if (label >= 0) {
      words.push_back({clip.samples, clip.spoken, label});
    }
  }
  std::vector<std::span<const std::int16_t>> speech, noise;
  for (const Split from : sound) {
    add_samples(dataset.speech(from), speech);
    add_samples(dataset.noise(from), noise);
  }
  if (words.empty() || speech.empty()) {
    throw Error(ErrorKind::bad_data,
                std::string("the ") + name + " split has " + std::to_string(words.size()) + " keywords and " +
                    std::to_string(speech.size()) +
                    " stretches of speech, expected at least one of each (--data, --speech)");
  }
  SplitStreams out;
  out.streams.resize(conditions.size());
  out.words = words.size();
  parallel_for(conditions.size(), options.threads, [&](std::size_t c) {
    MixParams params;
    params.snr_db = conditions[c].snr_db;
    params.seed = options.seed;
    MixedStream mixed = mix_stream(words, speech, noise, params);
    out.streams[c] = {classify_stream(network, mixed.samples), std::move(mixed.words)};
  });
  out.hours = hours_of(out.streams.front(), network.model().features.sample_rate_hz);
  return out;
}

std::vector<LabelledStream> classify_collections(const Network& network, const Dataset& dataset,
                                                 const CalibrationOptions& options) {
  const auto& collections = dataset.collections();
  std::vector<LabelledStream> out(collections.size());
  parallel_for(out.size(), options.threads, [&](std::size_t c) {
    MixParams params;
    params.seed = options.seed;
    out[c] = {classify_stream(network, mix_stream({}, collections[c].sounds, {}, params).samples), {}};
  });
  return out;
}

CalibrationReport calibrate(const Model& model, const SplitStreams& choose, const SplitStreams& measure,
                            const std::vector<Condition>& conditions, const CalibrationOptions& options) {
  CalibrationReport report;
  report.model = model.name;
  for (const Label& label : model.labels) {
    report.labels.push_back(label.kind == LabelKind::keyword ? label.name : "");
  }
  report.conditions = conditions;
  report.options = options;
  report.chosen_hours = choose.hours;
  report.chosen_words = choose.words;
  report.measured_hours = measure.hours;
  report.measured_words = measure.words;
  parallel_for(branch_count, options.threads, [&](std::size_t b) {
    report.branches[b] = BranchCalibrator(model, static_cast<BranchId>(b), choose, measure, options).run();
  });
  return report;
}

}  // namespace kwsd::train
