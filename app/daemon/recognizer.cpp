#include "app/daemon/recognizer.h"

#include <algorithm>
#include <cmath>

#include "app/audio/resampler.h"
#include "app/settings/model_store.h"
#include "engine/model/error.h"
#include "engine/model/model_file.h"

namespace kwsd {

/// One model: its network's stream, its detector, when its next window is due.
struct Recognizer::Listener {
  Listener(std::shared_ptr<const Model> m, const Kernels& kernels, const DetectorParams& params)
      : model(std::move(m)),
        network(model, kernels),
        stream(network),
        detector(*model, params),
        posteriors(model->labels.size()) {}

  std::shared_ptr<const Model> model;
  Network network;
  Stream stream;
  Detector detector;
  int hop_frames = 1;
  int frames_to_window = 0;
  std::vector<float> posteriors;  // (labels)
};

/// Models with the same features share frames and MFCC.
struct Recognizer::Features {
  explicit Features(const FeatureParams& params)
      : framer(static_cast<int>(params.frame_samples), static_cast<int>(params.hop_samples)),
        mfcc(params),
        frame(params.coefficients) {}

  Framer framer;
  Mfcc mfcc;
  std::vector<std::int8_t> frame;  // (coefficients)
  std::vector<std::unique_ptr<Listener>> listeners;
};

namespace {

/// Frames between windows: what --hop-ms says, or what the model does.
int hop_frames_of(const Model& model, double hop_ms) {
  const double frame_ms = 1000.0 * model.features.hop_samples / stream_rate_hz;
  return hop_ms > 0 ? std::max(1, static_cast<int>(std::round(hop_ms / frame_ms))) : model.hop_frames();
}

}  // namespace

Recognizer::Recognizer(const RecognitionOptions& options) : kernels_(select_kernels(options.kernels)) {
  for (const std::string& name : options.models) {
    add(std::make_shared<const Model>(load_model(find_model(name))), options);
  }
  for (const std::string& setting : options.thresholds) {
    apply_threshold(setting);
  }
  restart(0);
}

Recognizer::~Recognizer() = default;

void Recognizer::add(std::shared_ptr<const Model> model, const RecognitionOptions& options) {
  DetectorParams params;
  params.smoothing_seconds = options.smoothing_ms / 1000.0;
  params.refractory_seconds = options.refractory_seconds;
  auto group = std::find_if(features_.begin(), features_.end(),
                            [&](const auto& f) { return f->mfcc.params() == model->features; });
  if (group == features_.end()) {
    group = features_.insert(group, std::make_unique<Features>(model->features));
  }
  const auto smoothing_samples = static_cast<std::int64_t>(params.smoothing_seconds * stream_rate_hz);
  memory_samples_ = std::max(memory_samples_, model->window_samples() + smoothing_samples);
  const std::size_t hops = block_samples / model->features.hop_samples + 2;  // a window, a detection each
  found_.reserve(found_.capacity() + hops);
  const int hop_frames = hop_frames_of(*model, options.hop_ms);
  (*group)->listeners.push_back(std::make_unique<Listener>(std::move(model), kernels_, params));
  (*group)->listeners.back()->hop_frames = hop_frames;
}

void Recognizer::apply_threshold(const std::string& text) {
  const ThresholdSetting setting = parse_threshold(text);
  bool known = false;
  for (const auto& group : features_) {
    for (const auto& listener : group->listeners) {
      const auto& labels = listener->model->labels;
      for (std::size_t n = 0; n < labels.size(); ++n) {
        if (labels[n].kind == LabelKind::keyword &&
            (setting.word.empty() || setting.word == labels[n].name)) {
          known = true;
          for (int b = 0; b < branch_count; ++b) {
            listener->detector.set_threshold(static_cast<BranchId>(b), static_cast<int>(n), setting.value);
          }
        }
      }
    }
  }
  if (!known) {
    throw Error(ErrorKind::usage, "--threshold: found the word '" + setting.word +
                                      "', expected a keyword of a model that is loaded (see kwsd info)");
  }
}

std::vector<std::shared_ptr<const Model>> Recognizer::models() const {
  std::vector<std::shared_ptr<const Model>> models;
  for (const auto& group : features_) {
    for (const auto& listener : group->listeners) {
      models.push_back(listener->model);
    }
  }
  return models;
}

std::vector<std::string> Recognizer::model_names() const {
  std::vector<std::string> names;
  for (const auto& model : models()) {
    names.push_back(model->name);
  }
  return names;
}

std::int64_t Recognizer::next_step(std::int64_t sample) const noexcept {
  if (features_.empty()) {
    return sample;
  }
  const Features& first = *features_.front();
  const std::int64_t step =
      std::int64_t{first.mfcc.params().hop_samples} * first.listeners.front()->hop_frames;
  return origin_sample_ + (sample - origin_sample_ + step - 1) / step * step;
}

void Recognizer::restart(std::int64_t sample) noexcept {
  origin_sample_ = sample;
  for (const auto& group : features_) {
    group->framer.reset();
    for (const auto& listener : group->listeners) {
      listener->stream.reset();
      listener->detector.reset(sample);
      listener->frames_to_window = 0;
    }
  }
}

std::span<const Recognizer::Found> Recognizer::listen(std::span<const float> samples,
                                                      BranchId branch) noexcept {
  branch_ = branch;
  found_.clear();
  for (const auto& group : features_) {
    group->framer.push(
        samples, [&](std::span<const float> frame, std::int64_t index) { on_frame(*group, frame, index); });
  }
  return found_;
}

void Recognizer::on_frame(Features& features, std::span<const float> samples, std::int64_t index) noexcept {
  features.mfcc.compute_quantized(samples, features.frame);
  const FeatureParams& p = features.mfcc.params();
  const std::int64_t end_sample = origin_sample_ + index * p.hop_samples + p.frame_samples;
  for (const auto& listener : features.listeners) {
    do {  // as if the first frame had gone on before: a word near the start is heard like any other
      listener->stream.push_frame(features.frame);
    } while (!listener->stream.window_ready());
    if (listener->frames_to_window == 0) {
      on_window(*listener, end_sample);
      listener->frames_to_window = listener->hop_frames;
    }
    --listener->frames_to_window;
  }
}

void Recognizer::on_window(Listener& listener, std::int64_t end_sample) noexcept {
  listener.stream.classify(branch_, listener.posteriors);
  ++windows_;
  for (const Detection& detection : listener.detector.push(listener.posteriors, end_sample, branch_)) {
    found_.push_back({&listener.model, detection});
  }
  if (observer_ != nullptr) {
    observer_->on_window(*listener.model, listener.detector, branch_, end_sample);
  }
}

}  // namespace kwsd
