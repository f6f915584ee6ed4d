#include "app/daemon/pipeline.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "app/base/contract.h"
#include "app/daemon/clip_writer.h"

namespace kwsd {
namespace {

constexpr std::int64_t shared_samples = stream_rate_hz / 2;  // in a hand-over both report words
constexpr int long_pause = 5;                                // of 0.2 s: the hand-over then stops waiting

const std::string& keyword_of(const Model& model, const Detection& detection) {
  return model.labels[static_cast<std::size_t>(detection.label)].name;
}

}  // namespace

Pipeline::Pipeline(std::unique_ptr<Recognizer> recognizer, EventQueue& events)
    : recognizer_(std::move(recognizer)), thresholds_(&recognizer_->thresholds()), events_(events) {}

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

void Pipeline::on_turn(const CaptureBuffer& buffer) noexcept {
  const NoAllocation guard;
  if (buffer_ == nullptr) {
    buffer_ = &buffer;
    totals_.branch = wanted_branch_;
  }
  meet_next();
  change_mute();
}

void Pipeline::on_samples(std::span<const float> samples) noexcept {
  const NoAllocation guard;
  pauses_ = 0;
  count();
  level_.push(samples);
  if (observer_ != nullptr) {
    observer_->on_samples(samples);
  }
  listen(samples);
  StatusEvent status = totals_;
  status.level_db = level_.rms_db();
  status_.publish(status);
}

void Pipeline::on_pause() noexcept {
  if (++pauses_ > long_pause && next_) {
    take_over();
  }
}

/// The counters of other objects.
void Pipeline::count() noexcept {
  totals_.load = load_;
  totals_.overrun_samples = static_cast<std::int64_t>(buffer_->overrun_samples());
  totals_.dropped = events_.dropped();
  totals_.clips_dropped = clips_dropped({clips_, near_misses_});
}

void Pipeline::replace(std::unique_ptr<Recognizer> next) noexcept {
  thresholds_ = &next->thresholds();
  delete offered_.exchange(next.release());
}

std::unique_ptr<Recognizer> Pipeline::take_replaced() noexcept {
  return std::unique_ptr<Recognizer>(replaced_.exchange(nullptr));
}

/// Takes the recognizer that `replace` offers, unless the previously replaced one still waits to be freed.
void Pipeline::meet_next() noexcept {
  if (offered_.load() != nullptr && !next_ && replaced_.load() == nullptr) {
    next_.reset(offered_.exchange(nullptr));
    next_since_ = recognizer_->next_step(sample_);
    next_->restart(next_since_);
  }
}

void Pipeline::take_over() noexcept {
  std::swap(recognizer_, next_);
  if (sample_ < next_since_) {  // it has received no samples yet, and begins earlier than planned
    recognizer_->restart(sample_);
  }
  replaced_.store(next_.release());  // the reloading thread frees it
}

/// Sound before the gap is not continuous with the sound after it.
void Pipeline::start_afresh() noexcept {
  if (next_) {
    take_over();
  }
  recognizer_->restart(sample_);
}

/// 16 kHz samples -> all further processing.
void Pipeline::listen(std::span<const float> samples) noexcept {
  change_branch();
  if (!muted_) {
    recognize(samples);
  }
  if (draining_) {
    return;
  }
  sample_ += static_cast<std::int64_t>(samples.size());
  totals_.sample = sample_;
  if (next_ && sample_ - next_since_ >= next_->memory_samples() + shared_samples) {
    take_over();
  }
  if (status_every_samples_ > 0 && sample_ >= next_status_sample_) {
    next_status_sample_ += status_every_samples_;
    totals_.level_db = level_.rms_db();
    events_.post({totals_});
  }
}

void Pipeline::recognize(std::span<const float> samples) noexcept {
  for (ClipWriter* writer : {clips_, near_misses_}) {
    if (writer != nullptr) {
      writer->remember(samples);
    }
  }
  listen_with(*recognizer_, samples, true);
  if (next_) {
    listen_with_next(samples);
  }
}

void Pipeline::listen_with(Recognizer& recognizer, std::span<const float> samples, bool reports) noexcept {
  const std::int64_t windows_before = recognizer.windows();
  const SecondStageCounts second_before = recognizer.second_stage();
  for (const Recognizer::Found& found : recognizer.listen(samples, totals_.branch)) {
    if (reports) {
      report(recognizer, found);
    }
  }
  if (near_misses_ != nullptr && recognizer.near_miss() != nullptr && &recognizer == recognizer_.get()) {
    near_misses_->save(*recognizer.near_miss(), ++near_miss_count_);
  }
  totals_.windows += recognizer.windows() - windows_before;
  if (recognizer.has_second_stage()) {
    SecondStageCounts counts = recognizer.second_stage();
    counts -= second_before;
    counts += totals_.second_stage.value_or(SecondStageCounts{});
    totals_.second_stage = counts;
  }
}

/// Used from next_since_ on; until it has received enough sound, a detection may be half of another word.
void Pipeline::listen_with_next(std::span<const float> samples) noexcept {
  const auto size = static_cast<std::int64_t>(samples.size());
  const std::int64_t early = std::clamp<std::int64_t>(next_since_ - sample_, 0, size);
  const bool remembers = sample_ - next_since_ >= next_->memory_samples();
  listen_with(*next_, samples.subspan(static_cast<std::size_t>(early)), remembers);
}

void Pipeline::report(const Recognizer& by, const Recognizer::Found& found) noexcept {
  Detection detection = found.detection;
  const std::string& keyword = keyword_of(**found.model, detection);
  const Reported now{&by, std::hash<std::string_view>{}(keyword), detection.end_sample};
  if (reported_by_other(now)) {
    return;
  }
  newest_reported_ = (newest_reported_ + 1) % reported_.size();
  reported_[newest_reported_] = now;
  if (draining_) {  // the silence after the end is added here, it is not part of the stream
    detection.end_sample = std::min(detection.end_sample, sample_);
    detection.start_sample = std::min(detection.start_sample, sample_);
  }
  ++totals_.detections;
  events_.post({DetectionEvent{*found.model, detection, totals_.detections, found.level_db, found.snr_db}});
  if (clips_ != nullptr) {
    clips_->save(keyword, totals_.detections);
  }
}

/// During a hand-over both recognizers detect the same word; it is reported once.
bool Pipeline::reported_by_other(const Reported& candidate) const noexcept {
  constexpr std::int64_t one_word_samples = stream_rate_hz;
  return std::any_of(reported_.begin(), reported_.end(), [&](const Reported& reported) {
    return reported.by != nullptr && reported.by != candidate.by && reported.keyword == candidate.keyword &&
           std::abs(candidate.end_sample - reported.end_sample) < one_word_samples;
  });
}

/// Adds a second of silence, so that several windows contain the last word completely.
void Pipeline::on_end() noexcept {
  const NoAllocation guard;
  if (buffer_ != nullptr) {
    count();
  }
  if (sample_ == 0) {
    return;  // the input was empty
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
    events_.post({BranchChangedEvent{sample_, totals_.branch, wanted, load_}});
    totals_.branch = wanted;
    ++totals_.branch_changes;
  }
}

void Pipeline::change_mute() noexcept {
  if (const bool wanted = wanted_muted_; wanted != muted_) {
    muted_ = wanted;
    start_afresh();
    events_.post({MutedEvent{sample_, muted_}, {}});
  }
}

}  // namespace kwsd
