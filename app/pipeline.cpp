#include "app/pipeline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "app/clip_writer.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

constexpr std::uint32_t stream_rate_hz = 16000;
constexpr std::size_t read_samples = 1024;
constexpr auto read_timeout = std::chrono::milliseconds(200);

/// Frames between windows: what --hop-ms says, or one front-end step, at most 128 ms.
int hop_frames_of(const Model& model, double hop_ms) {
  const double frame_ms = 1000.0 * model.features.hop_samples / stream_rate_hz;
  const double wanted_ms = hop_ms > 0 ? hop_ms : std::min(128.0, frame_ms * model.step_stride_frames());
  const double frames = wanted_ms / frame_ms;
  return std::max(1, static_cast<int>(hop_ms > 0 ? std::round(frames) : std::floor(frames)));
}

}  // namespace

Pipeline::Listener::Listener(std::shared_ptr<const Model> m, const Kernels& kernels,
                             const DetectorParams& params)
    : model(std::move(m)),
      network(model, kernels),
      stream(network),
      detector(*model, params),
      posteriors(model->labels.size()) {}

Pipeline::Features::Features(const FeatureParams& params)
    : framer(static_cast<int>(params.frame_samples), static_cast<int>(params.hop_samples)),
      mfcc(params),
      frame(params.coefficients) {}

Pipeline::Pipeline(const std::vector<std::shared_ptr<const Model>>& models, const RecognitionOptions& options,
                   const Kernels& kernels, std::uint32_t first_rate_hz)
    : rate_hz_(first_rate_hz == 0 ? stream_rate_hz : first_rate_hz), captured_(read_samples) {
  resampler_ = std::make_unique<Resampler>(rate_hz_, stream_rate_hz, read_samples);
  DetectorParams params;
  params.smoothing_seconds = options.smoothing_ms / 1000.0;
  params.refractory_seconds = options.refractory_seconds;
  for (const auto& model : models) {
    auto group = std::find_if(features_.begin(), features_.end(),
                              [&](const auto& f) { return f->mfcc.params() == model->features; });
    if (group == features_.end()) {
      features_.push_back(std::make_unique<Features>(model->features));
      group = features_.end() - 1;
    }
    auto listener = std::make_unique<Listener>(model, kernels, params);
    listener->hop_frames = hop_frames_of(*model, options.hop_ms);
    (*group)->listeners.push_back(std::move(listener));
  }
  apply_thresholds(options.thresholds);
}

Pipeline::~Pipeline() = default;

void Pipeline::apply_thresholds(const std::vector<std::string>& settings) {
  for (const std::string& text : settings) {
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
}

void Pipeline::set_branch(BranchId branch, double load) noexcept {
  load_ = load;
  wanted_branch_ = branch;
}

void Pipeline::set_status_interval(double seconds) noexcept {
  status_every_samples_ = static_cast<std::int64_t>(seconds * stream_rate_hz);
  next_status_sample_ = status_every_samples_;
}

StatusEvent Pipeline::totals() const noexcept {
  return totals_;
}

void Pipeline::run(CaptureBuffer& buffer, EventQueue& events) noexcept {
  events_ = &events;
  totals_.branch = wanted_branch_;
  for (;;) {
    const auto read = buffer.read(captured_, read_timeout);
    totals_.overrun_samples = static_cast<std::int64_t>(buffer.overrun_samples());
    totals_.dropped = events.dropped();
    if (read.kind == CaptureBuffer::ReadKind::closed) {
      break;
    }
    if (read.kind == CaptureBuffer::ReadKind::restarted) {
      restart(read.rate_hz);
    } else if (read.kind == CaptureBuffer::ReadKind::samples) {
      listen(resampler_->process(std::span(captured_).first(read.samples), false));
    }
  }
  drain();
}

/// A device came back, perhaps at another rate: what was heard before it went does not join what follows.
void Pipeline::restart(std::uint32_t rate_hz) noexcept {
  if (rate_hz != rate_hz_) {
    rate_hz_ = rate_hz;
    resampler_ =
        std::make_unique<Resampler>(rate_hz, stream_rate_hz, read_samples);  // set-up of the new device
  }
  origin_sample_ = sample_;
  for (const auto& group : features_) {
    group->framer.reset();
    for (const auto& listener : group->listeners) {
      listener->stream.reset();
      listener->detector.reset(sample_);
      listener->frames_to_window = 0;
    }
  }
}

/// 16 kHz samples -> everything else.
void Pipeline::listen(std::span<const float> samples) noexcept {
  change_branch();
  if (clips_ != nullptr) {
    clips_->remember(samples);
  }
  for (const auto& group : features_) {
    group->framer.push(
        samples, [&](std::span<const float> frame, std::int64_t index) { on_frame(*group, frame, index); });
  }
  if (draining_) {
    return;
  }
  sample_ += static_cast<std::int64_t>(samples.size());
  totals_.sample = sample_;
  if (status_every_samples_ > 0 && sample_ >= next_status_sample_) {
    next_status_sample_ += status_every_samples_;
    totals_.load = load_;
    events_->post({totals_});
  }
}

void Pipeline::on_frame(Features& features, std::span<const float> samples, std::int64_t index) noexcept {
  features.mfcc.compute_quantized(samples, features.frame);
  const FeatureParams& p = features.mfcc.params();
  const std::int64_t end_sample = origin_sample_ + index * p.hop_samples + p.frame_samples;
  for (const auto& listener : features.listeners) {
    listener->stream.push_frame(features.frame);
    if (!listener->stream.window_ready()) {
      continue;
    }
    if (listener->frames_to_window == 0) {
      on_window(*listener, end_sample);
      listener->frames_to_window = listener->hop_frames;
    }
    --listener->frames_to_window;
  }
}

void Pipeline::on_window(Listener& listener, std::int64_t end_sample) noexcept {
  listener.stream.classify(totals_.branch, listener.posteriors);
  ++totals_.windows;
  for (Detection detection : listener.detector.push(listener.posteriors, end_sample, totals_.branch)) {
    if (draining_) {  // the silence after the end is ours, not the stream's
      detection.end_sample = std::min(detection.end_sample, sample_);
      detection.start_sample = std::min(detection.start_sample, sample_);
    }
    ++totals_.detections;
    events_->post({DetectionEvent{listener.model, detection, totals_.detections}});
    if (clips_ != nullptr) {
      clips_->save(listener.model->labels[static_cast<std::size_t>(detection.label)].name,
                   totals_.detections);
    }
  }
}

/// The end of the input: what the resampler holds, then a second of silence, so that the last word is
/// seen whole by several windows.
void Pipeline::drain() noexcept {
  listen(resampler_->process({}, true));
  draining_ = true;
  constexpr std::array<float, 1000> silence{};
  for (int i = 0; i < 16; ++i) {
    listen(silence);
  }
}

void Pipeline::change_branch() noexcept {
  const BranchId wanted = wanted_branch_;
  if (wanted != totals_.branch) {
    events_->post({BranchChangedEvent{sample_, totals_.branch, wanted, load_}});
    totals_.branch = wanted;
    ++totals_.branch_changes;
  }
}

}  // namespace kwsd
