#include "app/eval/stream_score.h"

#include <algorithm>
#include <cmath>

namespace kwsd {

StreamClassifier::StreamClassifier(const Network& network)
    : model_(network.model()),
      features_(std::make_shared<const MfccTables>(model_.features)),
      posteriors_(network, model_.hop_frames(), KeptBranches::all) {}

void StreamClassifier::push(std::span<const float> samples) {
  out_.samples += static_cast<std::int64_t>(samples.size());
  features_.push(samples, [this](std::span<const std::int8_t> frame) {
    if (posteriors_.push_frame(frame)) {
      take_posteriors();
    }
  });
}

void StreamClassifier::take_posteriors() {
  const std::size_t labels = model_.labels.size();
  const std::size_t before = out_.end_samples.size();
  const FeatureParams& p = model_.features;
  for (int branch = 0; branch < branch_count; ++branch) {
    std::vector<float>& all = out_.posteriors[static_cast<std::size_t>(branch)];
    for (const Posteriors& one : posteriors_.classify(static_cast<BranchId>(branch))) {
      const std::int64_t end = (one.end_frame - 1) * p.hop_samples + p.frame_samples;
      if (out_.end_samples.empty() || end > out_.end_samples.back()) {
        out_.end_samples.push_back(end);
      }
      const auto found = std::find(out_.end_samples.begin() + static_cast<std::ptrdiff_t>(before),
                                   out_.end_samples.end(), end);
      if (found != out_.end_samples.end()) {
        all.resize(static_cast<std::size_t>(found - out_.end_samples.begin()) * labels);
        all.insert(all.end(), one.values.begin(), one.values.end());
      }
    }
  }
  for (std::vector<float>& all : out_.posteriors) {
    all.resize(out_.end_samples.size() * labels);
  }
}

std::size_t StreamClassifier::bytes() const noexcept {
  return out_.end_samples.size() *
         (sizeof(std::int64_t) + branch_count * model_.labels.size() * sizeof(float));
}

StreamPosteriors classify_stream(const Network& network, std::span<const float> samples) {
  StreamClassifier classifier(network);
  classifier.push(samples);
  return classifier.take();
}

KeywordScore& KeywordScore::operator+=(const KeywordScore& other) noexcept {
  hits += other.hits;
  misses += other.misses;
  false_accepts += other.false_accepts;
  confusions += other.confusions;
  return *this;
}

void StreamScore::add(const StreamScore& other) {
  keywords.resize(std::max(keywords.size(), other.keywords.size()));
  for (std::size_t k = 0; k < other.keywords.size(); ++k) {
    keywords[k] += other.keywords[k];
  }
  latency_seconds.insert(latency_seconds.end(), other.latency_seconds.begin(), other.latency_seconds.end());
  hit_labels.insert(hit_labels.end(), other.hit_labels.begin(), other.hit_labels.end());
}

std::vector<double> StreamScore::latencies_of(int label) const {
  std::vector<double> latencies;
  for (std::size_t hit = 0; hit < hit_labels.size(); ++hit) {
    if (hit_labels[hit] == label) {
      latencies.push_back(latency_seconds[hit]);
    }
  }
  return latencies;
}

KeywordScore StreamScore::total() const noexcept {
  KeywordScore sum;
  for (const KeywordScore& k : keywords) {
    sum += k;
  }
  return sum;
}

StreamScore score_stream(const Model& model, const DetectorParams& params, BranchId branch,
                         std::span<const float> thresholds, const LabelledStream& stream) {
  const std::size_t labels = model.labels.size();
  const double rate = model.features.sample_rate_hz;
  const auto margin = static_cast<std::int64_t>(hit_margin_seconds * rate);
  Detector detector(model, params);
  for (std::size_t label = 0; label < labels; ++label) {
    detector.set_threshold(branch, static_cast<int>(label), thresholds[label]);
  }
  StreamScore score;
  score.keywords.resize(labels);
  std::vector<bool> hit(stream.words.size(), false);
  std::size_t first = 0;  // words before it have ended
  const std::vector<float>& posteriors = stream.windows.posteriors[static_cast<std::size_t>(branch)];
  for (std::size_t w = 0; w < stream.windows.end_samples.size(); ++w) {
    const std::int64_t now = stream.windows.end_samples[w];
    for (const Detection& event :
         detector.push(std::span(posteriors).subspan(w * labels, labels), now, branch)) {
      while (first < stream.words.size() && stream.words[first].end_sample + margin < now) {
        ++first;
      }
      KeywordScore& keyword = score.keywords[static_cast<std::size_t>(event.label)];
      bool is_hit = false;
      bool is_beside_word = true;
      for (std::size_t i = first; i < stream.words.size() && stream.words[i].start_sample <= now; ++i) {
        const SpokenWord& word = stream.words[i];
        is_beside_word = is_beside_word && now > word.end_sample + margin;
        if (!hit[i] && word.label == event.label && now <= word.end_sample + margin) {
          hit[i] = is_hit = true;
          score.latency_seconds.push_back(static_cast<double>(now - word.end_sample) / rate);
          score.hit_labels.push_back(event.label);
          break;
        }
      }
      ++(is_hit ? keyword.hits : keyword.false_accepts);
      keyword.confusions += is_hit || is_beside_word ? 0 : 1;
    }
  }
  for (std::size_t i = 0; i < stream.words.size(); ++i) {
    score.keywords[static_cast<std::size_t>(stream.words[i].label)].misses += hit[i] ? 0 : 1;
  }
  return score;
}

double speech_hours(const LabelledStream& stream, double rate) {
  const auto margin = static_cast<std::int64_t>(hit_margin_seconds * rate);
  std::int64_t beside = stream.windows.samples;
  std::int64_t covered = 0;  // by earlier words
  for (const SpokenWord& word : stream.words) {
    const std::int64_t end = std::min(word.end_sample + margin, stream.windows.samples);
    beside -= std::max<std::int64_t>(0, end - std::max(word.start_sample, covered));
    covered = std::max(covered, end);
  }
  return static_cast<double>(beside) / rate / 3600;
}

std::vector<float> threshold_grid() {
  std::vector<float> grid;
  for (int percent = 2; percent <= 98; percent += 2) {
    grid.push_back(static_cast<float>(percent) / 100.0F);
  }
  for (const float close : {0.985F, 0.99F, 0.993F, 0.996F, 0.998F, 0.999F}) {
    grid.push_back(close);
  }
  return grid;
}

Sweep sweep_thresholds(const Model& model, const DetectorParams& params, BranchId branch,
                       std::span<const LabelledStream> streams, std::span<const float> thresholds) {
  Sweep sweep;
  sweep.thresholds.assign(thresholds.begin(), thresholds.end());
  sweep.scores.resize(thresholds.size());
  for (const LabelledStream& stream : streams) {
    sweep.hours += static_cast<double>(stream.windows.samples) / model.features.sample_rate_hz / 3600;
    sweep.speech_hours += speech_hours(stream, model.features.sample_rate_hz);
    for (std::size_t t = 0; t < thresholds.size(); ++t) {
      const std::vector<float> same(model.labels.size(), thresholds[t]);
      sweep.scores[t].add(score_stream(model, params, branch, same, stream));
    }
  }
  return sweep;
}

OperatingPoint point_at(const Sweep& sweep, double per_hour) {
  OperatingPoint best;
  for (std::size_t t = 0; t < sweep.thresholds.size(); ++t) {
    const KeywordScore total = sweep.scores[t].total();
    const double false_per_hour = static_cast<double>(total.false_accepts) / std::max(sweep.hours, 1e-9);
    const auto words = static_cast<double>(total.hits + total.misses);
    const double missed = words > 0 ? static_cast<double>(total.misses) / words : 0;
    if (false_per_hour <= per_hour && missed <= best.miss_rate) {
      best = {missed, false_per_hour, sweep.thresholds[t]};
    }
  }
  return best;
}

namespace {

/// The keywords' positions on the grid while the budget is spent.
struct Allocation {
  const Sweep& sweep;
  double pooled;
  double keywords;
  std::vector<std::size_t> at;  // [labels], index into the grid

  [[nodiscard]] const KeywordScore& score(std::size_t label, std::size_t place) const {
    return sweep.scores[place].keywords[label];
  }

  /// False accepts that a keyword is expected to bring.
  [[nodiscard]] double cost(std::size_t label, std::size_t place) const {
    return (1 - pooled) * static_cast<double>(score(label, place).in_speech()) +
           pooled * static_cast<double>(sweep.scores[place].total().in_speech()) / keywords;
  }

  struct Move {
    std::size_t label = 0, to = 0;
    double cost = 0;
    double worth = 0;  // hits per false accept
  };

  /// The best step down of any keyword that costs at most `budget`; worth 0 when there is none.
  [[nodiscard]] Move best_move(std::span<const std::size_t> labels, std::size_t lowest, double budget) const {
    Move best;
    for (const std::size_t label : labels) {
      const KeywordScore& now = score(label, at[label]);
      for (std::size_t to = at[label]; to-- > lowest;) {
        const auto gain = static_cast<double>(score(label, to).hits - now.hits);
        const double more = cost(label, to) - cost(label, at[label]);
        const double worth = more <= 0 ? 1e9 * gain : gain / more;
        if (gain > 0 && more <= budget && worth > best.worth) {
          best = {label, to, more, worth};
        }
      }
    }
    return best;
  }
};

}  // namespace

std::vector<float> choose_thresholds(const Model& model, const Sweep& sweep, double per_hour, float lowest,
                                     double pooled) {
  std::vector<float> chosen(model.labels.size(), 1.0F);
  if (sweep.thresholds.empty()) {
    return chosen;
  }
  std::vector<std::size_t> keywords;
  for (std::size_t label = 0; label < model.labels.size(); ++label) {
    if (model.labels[label].kind == LabelKind::keyword) {
      keywords.push_back(label);
    }
  }
  const auto strictest = sweep.thresholds.size() - 1;
  const auto lowest_place = static_cast<std::size_t>(
      std::lower_bound(sweep.thresholds.begin(), sweep.thresholds.end(), lowest) - sweep.thresholds.begin());
  Allocation allocation{sweep, pooled, static_cast<double>(keywords.size()),
                        std::vector<std::size_t>(model.labels.size(), strictest)};
  double budget = per_hour * sweep.speech_hours;
  for (const std::size_t label : keywords) {
    budget -= allocation.cost(label, strictest);
  }
  while (true) {
    const Allocation::Move move = allocation.best_move(keywords, std::min(lowest_place, strictest), budget);
    if (move.worth <= 0) {
      break;
    }
    allocation.at[move.label] = move.to;
    budget -= move.cost;
  }
  for (const std::size_t label : keywords) {
    chosen[label] = sweep.thresholds[allocation.at[label]];
  }
  return chosen;
}

}  // namespace kwsd
