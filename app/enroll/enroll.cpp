#include "app/enroll/enroll.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "app/base/parallel.h"
#include "app/enroll/discriminant.h"
#include "app/enroll/embedded_negatives.h"
#include "app/enroll/negative_streams.h"
#include "app/enroll/positives.h"
#include "app/enroll/score_scale.h"
#include "app/enroll/second_fit.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

constexpr int mistake_weight = 200;
constexpr int positive_hop_frames = 2;

}  // namespace

struct Enroller::Shared {
  Shared(const std::shared_ptr<const Model>& b, const Kernels& kernels, const Negatives& n, unsigned t)
      : base(b),
        network(b, kernels),
        negatives(n),
        threads(t),
        features(std::make_shared<const MfccTables>(b->features)),
        embedded(network, n, t) {
    if (base->second) {
      second.emplace(*base, kernels, negatives, threads);
    }
  }

  std::shared_ptr<const Model> base;
  Network network;
  const Negatives& negatives;
  unsigned threads;
  std::shared_ptr<const MfccTables> features;
  EmbeddedNegatives embedded;
  std::optional<SecondFit> second;  // where the base has a second stage
};

namespace {

/// One word. `Shared` is Enroller::Shared.
template <class Shared>
class WordFit {
 public:
  WordFit(const Shared& shared, const EnrollOptions& options)
      : s_(shared),
        o_(options),
        all_(shared.embedded.all),
        runs_(shared.negatives.without({options.word})),
        talk_(shared.negatives.talk_without({options.word})) {
    std::vector<bool> allowed(shared.negatives.runs.size(), false);
    for (const NegativeRun* run : runs_) {
      allowed[static_cast<std::size_t>(run - shared.negatives.runs.data())] = true;
    }
    if (talk_.empty()) {
      throw Error(ErrorKind::bad_data,
                  "negatives: found no speech without '" + options.word + "', expected some");
    }
    for (std::size_t w = 0; w < all_.windows(); ++w) {
      if (allowed[shared.embedded.run_of[w]]) {
        windows_.push_back(w);
      }
    }
  }

  Enrolled run(const std::vector<EnrollClip>& clips) {
    embed_clips(clips);
    std::vector<std::size_t> all(clips.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    const UnitClassifier fitted = fit(all);
    Enrolled out;
    out.model = first_model_of(fitted, all);
    if (s_.second) {
      opened_ = s_.second->open(first_on_negatives(out.model));
      add_second(out.model, all);
      fit_halves(out.model.labels, all);
    }
    set_thresholds(out.model, out);
    if (clips.size() > 1 && o_.leave_out) {
      std::vector<std::uint8_t> found(clips.size(), 0);
      parallel_for(clips.size(), s_.threads, [&](std::size_t left_out) {
        std::vector<std::size_t> others = all;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(left_out));
        found[left_out] = is_found(others, left_out, out.model.branches[0].thresholds) ? 1 : 0;
      });
      out.found_left_out.assign(found.begin(), found.end());
    }
    nlohmann::ordered_json provenance{{"made_by", "kwsd enroll"},
                                      {"base", s_.base->name},
                                      {"recordings", clips.size()},
                                      {"negative_hours", out.negative_hours}};
    if (out.model.second) {
      const auto of_base = nlohmann::ordered_json::parse(s_.base->provenance, nullptr, false);
      provenance["second_stage"] = of_base.is_object() && of_base.contains("second_stage")
                                       ? of_base["second_stage"]
                                       : nlohmann::ordered_json::object();
    }
    out.model.provenance = provenance.dump();
    return out;
  }

 private:
  void embed_clips(const std::vector<EnrollClip>& clips) {
    positives_.resize(clips.size());
    plain_.resize(clips.size());
    vectors_.resize(clips.size());
    plain_vectors_.resize(clips.size());
    parallel_for_each_thread(clips.size(), s_.threads, [&] {
      return [this, &clips, fine = std::make_shared<Embedder>(s_.network, positive_hop_frames),
              hops = std::make_shared<Embedder>(s_.network, s_.base->hop_frames())](std::size_t i) {
        const auto variations = variations_of(s_.features, clips[i].samples, s_.negatives, talk_, i);
        for (const Variation& variation : variations) {
          fine->add_at(variation.frames, variation.ends(positive_hop_frames), positives_[i]);
        }
        const auto plain = plain_frames(s_.features, clips[i].samples);
        hops->add(plain, plain_[i]);
        if (s_.second) {
          vectors_[i] = s_.second->of_word(variations);
          plain_vectors_[i] = s_.second->of_sound(plain);
        }
      };
    });
  }

  /// The mean of some clips' windows, in all branches, against the negatives.
  [[nodiscard]] UnitClassifier fit(const std::vector<std::size_t>& clips) const {
    Moments word(all_.size);
    for (const std::size_t clip : clips) {
      for (std::size_t w = 0; w < positives_[clip].windows(); ++w) {
        for (std::size_t b = 0; b < branch_count; ++b) {
          word.add_to_mean(positives_[clip].of(b, w));
        }
      }
    }
    return discriminant(*s_.embedded.covariance, word.mean(), s_.embedded.mean);
  }

  [[nodiscard]] std::vector<float> scores(const UnitClassifier& fitted, std::size_t branch) const {
    std::vector<float> out(windows_.size());
    for (std::size_t w = 0; w < out.size(); ++w) {
      out[w] = fitted.score(all_.of(branch, windows_[w]));
    }
    return out;
  }

  [[nodiscard]] ScoreScale scaling(const UnitClassifier& fitted, const std::vector<std::size_t>& clips,
                                   std::size_t branch) const {
    std::vector<float> word;
    for (const std::size_t clip : clips) {
      for (std::size_t w = 0; w < positives_[clip].windows(); ++w) {
        word.push_back(fitted.score(positives_[clip].of(branch, w)));
      }
    }
    return score_scale(scores(fitted, branch), std::move(word), hours_of(s_.negatives, runs_));
  }

  [[nodiscard]] Model model_of(const UnitClassifier& fitted, const std::vector<std::size_t>& clips) const {
    Model model = first_model_of(fitted, clips);
    if (s_.second) {
      add_second(model, clips);
    }
    return model;
  }

  void add_second(Model& model, const std::vector<std::size_t>& clips) const {
    model.second = s_.second->fit(opened_, vectors_of(clips), model.labels);
  }

  [[nodiscard]] std::vector<const Embeddings*> vectors_of(const std::vector<std::size_t>& clips) const {
    std::vector<const Embeddings*> out;
    for (const std::size_t clip : clips) {
      out.push_back(&vectors_[clip]);
    }
    return out;
  }

  /// For each half of the negatives, the stage that is fitted to the other half.
  void fit_halves(const std::vector<Label>& labels, const std::vector<std::size_t>& clips) {
    parallel_for(2, s_.threads, [&](std::size_t half) {
      unseen_[half] = s_.second->fit(half_of(opened_, half == 0), vectors_of(clips), labels);
    });
  }

  /// The first stage on windows_.
  [[nodiscard]] FirstOnNegatives first_on_negatives(const Model& model) const {
    FirstOnNegatives out;
    out.hours = hours_of(s_.negatives, runs_);
    for (const std::size_t w : windows_) {
      out.runs.push_back(s_.embedded.run_of[w]);
      out.ends.push_back(s_.embedded.frame_of[w]);
    }
    for (std::size_t b = 0; b < branch_count; ++b) {
      const PosteriorMaker maker(model, b);
      for (const std::size_t w : windows_) {
        out.posteriors[b].push_back(maker.of(all_.of(b, w)));
      }
    }
    return out;
  }

  /// The base with the fitted classifier; thresholds are 1.
  [[nodiscard]] Model first_model_of(const UnitClassifier& fitted,
                                     const std::vector<std::size_t>& clips) const {
    Model model = *s_.base;
    model.second = nullptr;
    model.name = o_.name;
    model.labels = {{o_.word, LabelKind::keyword}, {"unknown", LabelKind::unknown}};
    model.classifier = {};
    model.classifier.kind = LayerKind::unit;
    model.classifier.inputs = static_cast<int>(fitted.weights.size());
    model.classifier.outputs = 2;
    model.classifier.float32 = fitted.weights;
    model.classifier.float32.resize(2 * fitted.weights.size(), 0.0F);
    for (std::size_t b = 0; b < branch_count; ++b) {
      const ScoreScale scaled = scaling(fitted, clips, b);
      model.branches[b].classifier.scale = {scaled.scale, 1};
      model.branches[b].classifier.bias = {scaled.bias, 0};
      model.branches[b].thresholds = {1, 1};
    }
    return model;
  }

  /// The posteriors that the engine computes from embeddings of `branch`, as in a model's stream.
  class PosteriorMaker {
   public:
    PosteriorMaker(const Model& model, std::size_t branch) : params_(model.branches[branch].classifier) {
      const auto& weights = model.classifier.float32;
      sum_.weights.assign(weights.begin(), weights.begin() + static_cast<std::ptrdiff_t>(weights.size() / 2));
    }
    /// Of the first stage.
    [[nodiscard]] float of(std::span<const std::int8_t> row) const {
      const float logit = params_.scale[0] * sum_.score(row) + params_.bias[0];
      return 1 / (1 + std::exp(-logit));
    }
    /// Of both; `second` may be null.
    [[nodiscard]] float of(std::span<const std::int8_t> row, const SecondStage* second,
                           std::span<const std::int8_t> vectors) const {
      return second == nullptr ? of(row) : posterior_of_both(*second, of(row), vectors);
    }

   private:
    const ClassifierParams& params_;
    UnitClassifier sum_;
  };

  static void add(float word, std::vector<float>& posteriors) {
    posteriors.push_back(word);
    posteriors.push_back(1 - word);
  }

  [[nodiscard]] NegativeStreams negative_streams(const Model& model, std::size_t branch) const {
    NegativeStreams out;
    const PosteriorMaker maker(model, branch);
    for (std::size_t i = 0; i < windows_.size(); ++i) {
      const std::size_t w = windows_[i];
      const std::ptrdiff_t row = opened_.row_of.empty() ? -1 : opened_.row_of[i];
      const float word = row < 0 ? maker.of(all_.of(branch, w))
                                 : maker.of(all_.of(branch, w), unseen_[s_.embedded.run_of[w] % 2].get(),
                                            opened_.vectors.of(0, static_cast<std::size_t>(row)));
      for (LabelledStream* stream : {&out.plain, &out.all}) {
        if (stream == &out.all || is_plain(w)) {
          stream->windows.end_samples.push_back(all_.ends[w]);
          add(word, stream->windows.posteriors[branch]);
        }
      }
    }
    const NegativeLengths lengths = lengths_of(s_.negatives, runs_);
    out.plain.windows.samples = lengths.plain;
    out.all.windows.samples = lengths.all;
    return out;
  }

  /// The lowest threshold at which neither way to count has more false accepts than wanted.
  [[nodiscard]] float threshold(const Model& model, std::size_t branch, double& rate) const {
    const NegativeStreams streams = negative_streams(model, branch);
    float highest = o_.lowest_threshold;
    for (const LabelledStream* stream : {&streams.plain, &streams.all}) {
      const Sweep sweep = sweep_thresholds(model, model.detector, static_cast<BranchId>(branch),
                                           std::span(stream, 1), threshold_grid());
      std::size_t t = 0;
      while (t + 1 < sweep.thresholds.size() &&
             static_cast<double>(sweep.scores[t].total().false_accepts) > o_.per_hour * sweep.hours) {
        ++t;
      }
      highest = std::max(highest, sweep.thresholds[t]);
    }
    highest = std::min(highest, o_.highest_threshold);
    const std::vector<float> chosen{highest, 1};
    const StreamScore score =
        score_stream(model, model.detector, static_cast<BranchId>(branch), chosen, streams.plain);
    rate = static_cast<double>(score.total().false_accepts) * 16000 * 3600 /
           static_cast<double>(std::max<std::int64_t>(1, streams.plain.windows.samples));
    return highest;
  }

  void set_thresholds(Model& model, Enrolled& out) const {
    parallel_for(branch_count, s_.threads, [&](std::size_t b) {
      const float chosen = threshold(model, b, out.false_accepts_per_hour[b]);
      model.branches[b].thresholds = {chosen, 1};
    });
    out.negative_hours = static_cast<double>(lengths_of(s_.negatives, runs_).plain) / 16000 / 3600;
  }

  /// Whether a model made from some recordings detects another one, in the full branch.
  [[nodiscard]] bool is_found(const std::vector<std::size_t>& clips, std::size_t left_out,
                              const std::vector<float>& thresholds) const {
    const Model model = model_of(fit(clips), clips);
    LabelledStream stream;
    const PosteriorMaker maker(model, 0);
    for (std::size_t w = 0; w < plain_[left_out].windows(); ++w) {
      const FeatureParams& p = s_.base->features;
      stream.windows.end_samples.push_back((plain_[left_out].ends[w] - 1) * p.hop_samples + p.frame_samples);
      const auto row = plain_[left_out].of(0, w);
      add(model.second ? maker.of(row, model.second.get(), plain_vectors_[left_out].of(0, w)) : maker.of(row),
          stream.windows.posteriors[0]);
    }
    stream.windows.samples = stream.windows.end_samples.back();
    return score_stream(model, model.detector, BranchId::full, thresholds, stream).total().false_accepts > 0;
  }

  [[nodiscard]] bool is_plain(std::size_t window) const {
    return s_.negatives.runs[s_.embedded.run_of[window]].kind != NegativeKind::hard;
  }

  const Shared& s_;
  const EnrollOptions& o_;
  const Embeddings& all_;
  std::vector<const NegativeRun*> runs_, talk_;               // without the word; of them, plain speech
  std::vector<std::size_t> windows_;                          // of all_: those of runs_
  std::vector<Embeddings> positives_, plain_;                 // [clips]
  std::vector<Embeddings> vectors_, plain_vectors_;           // [clips], of the second stage
  Opened opened_;                                             // windows_ at which the gate opens
  std::array<std::shared_ptr<const SecondStage>, 2> unseen_;  // fitted without the even runs, the odd runs
};

}  // namespace

Enroller::Enroller(const std::shared_ptr<const Model>& base, const Kernels& kernels,
                   const Negatives& negatives, unsigned threads) {
  if (base->streaming) {
    throw Error(ErrorKind::usage, base->name + ": a streaming model, expected a window net to start from");
  }
  if (!(base->features == negatives.features)) {
    throw Error(ErrorKind::usage,
                "the negatives have other features than " + base->name + ", expected the same");
  }
  shared_ = std::make_unique<const Shared>(base, kernels, negatives, threads);
}

Enroller::~Enroller() = default;

Enrolled Enroller::enroll(const std::vector<EnrollClip>& clips, const EnrollOptions& options) const {
  if (clips.empty()) {
    throw Error(ErrorKind::usage, "enroll: found no recording, expected at least one");
  }
  return WordFit(*shared_, options).run(clips);
}

void add_negative(Negatives& negatives, std::span<const float> samples) {
  const auto tables = std::make_shared<const MfccTables>(negatives.features);
  const std::vector<std::int8_t> frames = frames_of(tables, samples);
  if (frames.empty()) {
    return;
  }
  NegativeRun run;
  run.kind = NegativeKind::hard;
  run.weight = mistake_weight;
  run.first_frame = negatives.frames.size() / negatives.features.coefficients;
  run.frames = frames.size() / negatives.features.coefficients;
  negatives.frames.insert(negatives.frames.end(), frames.begin(), frames.end());
  negatives.runs.push_back(run);
}

}  // namespace kwsd
