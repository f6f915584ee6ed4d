#include "models/trainer/measure/measure.h"
#include "app/eval/quantile.h"

#include <algorithm>

#include "app/base/parallel.h"
#include "app/eval/stream_mix.h"
#include "engine/model/error.h"
#include "models/trainer/data/effects.h"

namespace kwsd::train {
namespace {

constexpr double speech_rms = 0.05;  // MixParams

/// A stream to classify, as it reaches the model.
struct Job {
  std::string collection, condition;
  std::optional<double> snr_db;
  Degradation degradation = Degradation::none;
  bool at_equal_points = false;
};

class Measurement {
 public:
  Measurement(const Model& model, const DetectorParams& detector, const Classify& classify,
              const Dataset& dataset, const MeasureOptions& options)
      : model_(model), detector_(detector), classify_(classify), dataset_(dataset), o_(options) {}

  MeasureReport run();

 private:
  [[nodiscard]] std::vector<Job> word_jobs() const;
  [[nodiscard]] std::vector<Job> collection_jobs() const;
  [[nodiscard]] std::vector<MixWord> words() const;
  [[nodiscard]] LabelledStream stream_of(const Job& job) const;
  [[nodiscard]] WordFigures word_figures(const Job& job, const LabelledStream& stream) const;
  [[nodiscard]] CollectionFigures collection_figures(const Job& job, const LabelledStream& stream) const;
  [[nodiscard]] StreamScore score(const LabelledStream& stream, std::size_t branch,
                                  float one_threshold) const;
  [[nodiscard]] EqualPoint equal_point(double per_hour) const;
  [[nodiscard]] std::vector<LabelledStream> classify_all(const std::vector<Job>& jobs) const;

  const Model& model_;
  DetectorParams detector_;
  const Classify& classify_;
  const Dataset& dataset_;
  MeasureOptions o_;
  struct Swept {
    Job job;
    double hours = 0;
    std::array<std::vector<KeywordScore>, branch_count> totals;  // [thresholds]
  };
  std::vector<float> grid_ = threshold_grid();
  std::vector<Swept> swept_words_, swept_collections_;
};

std::vector<Job> Measurement::word_jobs() const {
  std::vector<Job> jobs{{"", "clean", std::nullopt, Degradation::none, true}};
  for (const double snr : o_.snr_db) {
    std::string name = std::to_string(snr);
    name.erase(name.find_last_not_of('0') + 1);
    name.erase(name.find_last_not_of('.') + 1);
    jobs.push_back({"", name + " dB", snr, Degradation::none, true});
  }
  for (const Degradation how : o_.conditions) {
    if (how != Degradation::none && how != Degradation::echoed) {  // bursts hold no words
      jobs.push_back({"", degradation_names()[static_cast<std::size_t>(how)], std::nullopt, how, false});
    }
  }
  return jobs;
}

std::vector<Job> Measurement::collection_jobs() const {
  std::vector<Job> jobs;
  for (const Collection& collection : dataset_.collections()) {
    for (const Degradation how : o_.conditions) {
      jobs.push_back({collection.name, degradation_names()[static_cast<std::size_t>(how)], std::nullopt, how,
                      how == Degradation::none});
    }
    if (o_.music) {
      jobs.push_back({collection.name, "noise and music, 10 dB", 10.0, Degradation::none, false});
    }
  }
  return jobs;
}

std::vector<MixWord> Measurement::words() const {
  std::vector<MixWord> out;
  for (const Clip& clip : dataset_.clips(o_.words)) {
    if (clip.word < 0) {
      continue;  // no single word
    }
    const std::string& name = dataset_.words()[static_cast<std::size_t>(clip.word)];
    for (std::size_t l = 0; l < model_.labels.size(); ++l) {
      if (model_.labels[l].kind == LabelKind::keyword && model_.labels[l].name == name) {
        out.push_back({clip.samples, clip.spoken, static_cast<int>(l)});
      }
    }
  }
  if (out.empty()) {
    throw Error(ErrorKind::bad_data, "no recording of a keyword to measure on, expected some (--data)");
  }
  return out;
}

LabelledStream Measurement::stream_of(const Job& job) const {
  MixParams params;
  params.seed = o_.seed;
  params.snr_db = job.snr_db;
  params.floor_db.reset();  // see below
  params.pause_low_seconds = 0.4;
  params.pause_high_seconds = 0.9;
  std::vector<std::span<const std::int16_t>> noise;
  for (const Split split : {Split::validation, Split::test}) {
    for (const Stretch& stretch : dataset_.noise(split)) {
      noise.push_back(stretch.samples);
    }
  }
  MixedStream mixed;
  if (job.collection.empty()) {
    mixed = mix_stream(words(), {}, noise, params);
  } else {
    const auto found = std::find_if(dataset_.collections().begin(), dataset_.collections().end(),
                                    [&](const Collection& c) { return c.name == job.collection; });
    mixed = mix_stream({}, found->sounds, noise, params);
  }
  Random random{o_.seed, 0x4EA5};
  if (job.degradation != Degradation::digital_silence) {
    add_pink_noise(mixed.samples, static_cast<float>(speech_rms) * from_db(o_.noise_floor_db), random);
  }
  degrade(mixed.samples, job.degradation, random);
  return {classify_(mixed.samples), std::move(mixed.words)};
}

StreamScore Measurement::score(const LabelledStream& stream, std::size_t branch, float one_threshold) const {
  std::vector<float> thresholds = model_.branches[branch].thresholds;
  if (one_threshold > 0) {
    thresholds.assign(model_.labels.size(), one_threshold);
  }
  return score_stream(model_, detector_, static_cast<BranchId>(branch), thresholds, stream);
}

WordFigures Measurement::word_figures(const Job& job, const LabelledStream& stream) const {
  WordFigures figures;
  figures.condition = job.condition;
  figures.words = static_cast<std::int64_t>(stream.words.size());
  for (std::size_t b = 0; b < branch_count; ++b) {
    const StreamScore s = score(stream, b, 0);
    figures.missed[b] = s.total().misses;
    figures.confused[b] = s.total().confusions;
    figures.latency_median[b] = quantile(s.latency_seconds, 0.5).value_or(0);
    figures.latency_95[b] = quantile(s.latency_seconds, 0.95).value_or(0);
  }
  return figures;
}

CollectionFigures Measurement::collection_figures(const Job& job, const LabelledStream& stream) const {
  CollectionFigures figures{job.collection, job.condition, 0, {}};
  figures.hours = static_cast<double>(stream.windows.samples) / model_.features.sample_rate_hz / 3600;
  for (std::size_t b = 0; b < branch_count; ++b) {
    figures.false_accepts[b] = score(stream, b, 0).total().false_accepts;
  }
  return figures;
}

EqualPoint Measurement::equal_point(double per_hour) const {
  EqualPoint point;
  point.per_hour = per_hour;
  for (std::size_t b = 0; b < branch_count; ++b) {
    std::size_t at = grid_.size();
    const auto worst_at = [&](std::size_t t) {
      std::pair<double, const Swept*> worst{-1, nullptr};
      for (const Swept& s : swept_collections_) {
        const double rate = static_cast<double>(s.totals[b][t].false_accepts) / s.hours;
        worst = rate > worst.first ? std::pair{rate, &s} : worst;
      }
      return worst;
    };
    while (at > 0 && worst_at(at - 1).first <= per_hour) {
      --at;
    }
    const std::size_t t = std::min(at, grid_.size() - 1);
    point.threshold[b] = at == grid_.size() ? 1.0F : grid_[t];
    if (const auto worst = worst_at(t); worst.second != nullptr) {
      point.worst[b] = worst.second->job.collection;
      point.worst_per_hour[b] = at == grid_.size() ? 0 : worst.first;
    }
    for (const Swept& s : swept_words_) {
      const KeywordScore& total = s.totals[b][t];
      const auto count = static_cast<double>(std::max<std::int64_t>(1, total.hits + total.misses));
      point.missed[b].push_back(at == grid_.size() ? 1.0 : static_cast<double>(total.misses) / count);
    }
  }
  return point;
}

MeasureReport Measurement::run() {
  MeasureReport report;
  report.model = model_.name;
  std::vector<Job> jobs = word_jobs();
  const std::size_t of_words = jobs.size();
  const std::vector<Job> more = collection_jobs();
  jobs.insert(jobs.end(), more.begin(), more.end());
  std::vector<WordFigures> words(jobs.size());
  std::vector<CollectionFigures> collections(jobs.size());
  std::vector<Swept> swept(jobs.size());
  parallel_for(jobs.size(), o_.threads, [&](std::size_t j) {
    const LabelledStream stream = stream_of(jobs[j]);
    swept[j].job = jobs[j];
    if (j < of_words) {
      words[j] = word_figures(jobs[j], stream);
    } else {
      collections[j] = collection_figures(jobs[j], stream);
      swept[j].hours = collections[j].hours;
    }
    for (std::size_t b = 0; jobs[j].at_equal_points && b < branch_count; ++b) {
      for (const float threshold : grid_) {
        swept[j].totals[b].push_back(score(stream, b, threshold).total());
      }
    }
  });
  report.words.assign(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(of_words));
  report.collections.assign(collections.begin() + static_cast<std::ptrdiff_t>(of_words), collections.end());
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    if (jobs[j].at_equal_points) {
      (j < of_words ? swept_words_ : swept_collections_).push_back(std::move(swept[j]));
    }
  }
  for (const double rate : o_.per_hour) {
    report.points.push_back(equal_point(rate));
  }
  return report;
}

}  // namespace

MeasureReport measure(const Model& model, const DetectorParams& detector, const Classify& classify,
                      const Dataset& dataset, const MeasureOptions& options) {
  return Measurement(model, detector, classify, dataset, options).run();
}

}  // namespace kwsd::train
