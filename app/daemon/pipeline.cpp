#include "app/daemon/pipeline.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "app/daemon/clip_writer.h"

namespace kwsd {
namespace {

constexpr auto read_timeout = std::chrono::milliseconds(200);
constexpr std::int64_t shared_samples = stream_rate_hz / 2;  // heard and reported by both at a hand-over
constexpr int long_silence = 5;  // reads that timed out, after which nobody waits for sound

const std::string& keyword_of(const Model& model, const Detection& detection) {
  return model.labels[static_cast<std::size_t>(detection.label)].name;
}

}  // namespace

Pipeline::Pipeline(std::unique_ptr<Recognizer> recognizer)
    : recognizer_(std::move(recognizer)), captured_(CaptureBuffer::block_samples) {}

Pipeline::~Pipeline() {
  delete offered_.load();
  delete replaced_.load();
}

void Pipeline::set_branch(BranchId branch, double load) noexcept {
  load_ = load;
  wanted_branch_ = branch;
}

void Pipeline::set_status_interval(double seconds) noexcept {
  status_every_samples_ = static_cast<std::int64_t>(seconds * stream_rate_hz);
  next_status_sample_ = status_every_samples_;
}

void Pipeline::set_observer(PipelineObserver* observer) noexcept {
  observer_ = observer;
  recognizer_->set_observer(observer);
}

void Pipeline::run(CaptureBuffer& buffer, EventQueue& events) noexcept {
  using Kind = CaptureBuffer::ReadKind;
  events_ = &events;
  totals_.branch = wanted_branch_;
  for (int silent_reads = 0;; ++silent_reads) {
    meet_next();
    change_mute();
    auto read = buffer.read(captured_, read_timeout);
    ++rounds_;
    totals_.load = load_;
    totals_.overrun_samples = static_cast<std::int64_t>(buffer.overrun_samples());
    totals_.dropped = events.dropped();
    totals_.clips_dropped = clips_ == nullptr ? -1 : clips_->dropped();
    if (read.kind == Kind::closed) {
      break;
    }
    if (read.kind == Kind::restarted) {
      restart(std::move(read.resampler));
    } else if (read.kind == Kind::samples) {
      silent_reads = 0;
      listen(resampler_->process(std::span(captured_).first(read.samples), false));
    } else if (next_ && silent_reads > long_silence) {
      take_over();
    }
  }
  drain();
}

void Pipeline::replace(std::unique_ptr<Recognizer> next) noexcept {
  delete offered_.exchange(next.release());
}

std::unique_ptr<Recognizer> Pipeline::take_replaced() noexcept {
  return std::unique_ptr<Recognizer>(replaced_.exchange(nullptr));
}

/// Takes what `replace` offers, unless the last one that was replaced still waits to be freed.
void Pipeline::meet_next() noexcept {
  if (offered_.load() != nullptr && !next_ && replaced_.load() == nullptr) {
    next_.reset(offered_.exchange(nullptr));
    next_since_ = recognizer_->next_step(sample_);
    next_->restart(next_since_);
  }
}

void Pipeline::take_over() noexcept {
  std::swap(recognizer_, next_);
  if (sample_ < next_since_) {  // it has heard nothing yet, and begins earlier than was planned
    recognizer_->restart(sample_);
  }
  replaced_.store(next_.release());  // the thread that reloads frees it
}

/// A device came back, perhaps at another rate: what was heard before it went does not join what follows.
void Pipeline::restart(std::shared_ptr<Resampler> resampler) noexcept {
  resampler_ = std::move(resampler);
  start_afresh();
}

void Pipeline::start_afresh() noexcept {
  if (next_) {
    take_over();
  }
  recognizer_->restart(sample_);
}

/// 16 kHz samples -> everything else.
void Pipeline::listen(std::span<const float> samples) noexcept {
  change_branch();
  if (!muted_) {
    recognize(samples);
  }
  if (draining_) {
    return;
  }
  sample_ += static_cast<std::int64_t>(samples.size());
  samples_heard_ = sample_;
  totals_.sample = sample_;
  if (next_ && sample_ - next_since_ >= next_->memory_samples() + shared_samples) {
    take_over();
  }
  if (status_every_samples_ > 0 && sample_ >= next_status_sample_) {
    next_status_sample_ += status_every_samples_;
    events_->post({totals_});
  }
}

void Pipeline::recognize(std::span<const float> samples) noexcept {
  if (observer_ != nullptr && !draining_) {
    samples = observer_->on_samples(samples);
  }
  if (clips_ != nullptr) {
    clips_->remember(samples);
  }
  listen_with(*recognizer_, samples, true);
  if (next_) {
    listen_with_next(samples);
  }
}

void Pipeline::listen_with(Recognizer& recognizer, std::span<const float> samples, bool reports) noexcept {
  const std::int64_t windows_before = recognizer.windows();
  for (const auto& [model, detection] : recognizer.listen(samples, totals_.branch)) {
    if (reports) {
      report(recognizer, *model, detection);
    }
  }
  totals_.windows += recognizer.windows() - windows_before;
}

/// From next_since_ on; until it has heard enough, what it takes for a word may be half of another.
void Pipeline::listen_with_next(std::span<const float> samples) noexcept {
  const auto size = static_cast<std::int64_t>(samples.size());
  const std::int64_t early = std::clamp<std::int64_t>(next_since_ - sample_, 0, size);
  const bool remembers = sample_ - next_since_ >= next_->memory_samples();
  listen_with(*next_, samples.subspan(static_cast<std::size_t>(early)), remembers);
}

void Pipeline::report(const Recognizer& by, const std::shared_ptr<const Model>& model,
                      Detection detection) noexcept {
  const std::string& keyword = keyword_of(*model, detection);
  const Reported now{&by, std::hash<std::string_view>{}(keyword), detection.end_sample};
  if (reported_by_other(now)) {
    return;
  }
  newest_reported_ = (newest_reported_ + 1) % reported_.size();
  reported_[newest_reported_] = now;
  if (draining_) {  // the silence after the end is ours, not the stream's
    detection.end_sample = std::min(detection.end_sample, sample_);
    detection.start_sample = std::min(detection.start_sample, sample_);
  }
  ++totals_.detections;
  events_->post({DetectionEvent{model, detection, totals_.detections}});
  if (clips_ != nullptr) {
    clips_->save(keyword, totals_.detections);
  }
}

/// Around a hand-over two recognizers hear the same word; one report is enough.
bool Pipeline::reported_by_other(const Reported& candidate) const noexcept {
  constexpr std::int64_t one_word_samples = stream_rate_hz;
  return std::any_of(reported_.begin(), reported_.end(), [&](const Reported& reported) {
    return reported.by != nullptr && reported.by != candidate.by && reported.keyword == candidate.keyword &&
           std::abs(candidate.end_sample - reported.end_sample) < one_word_samples;
  });
}

/// The end of the input: what the resampler holds, then a second of silence, so that the last word is
/// seen whole by several windows.
void Pipeline::drain() noexcept {
  if (resampler_) {
    listen(resampler_->process({}, true));
  }
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

void Pipeline::change_mute() noexcept {
  if (const bool wanted = wanted_muted_; wanted != muted_) {
    muted_ = wanted;
    start_afresh();
    events_->post({MutedEvent{sample_, muted_}, {}});
  }
}

}  // namespace kwsd
