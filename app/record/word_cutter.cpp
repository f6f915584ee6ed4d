#include "app/record/word_cutter.h"

#include <algorithm>
#include <cmath>

#include "app/audio/pcm16.h"
#include "engine/audio/endpoints.h"

namespace kwsd {

namespace {

constexpr int rate_hz = 16000;
constexpr std::size_t frame_samples = 160;  // 10 ms
constexpr std::size_t floor_frames = 300;   // 3 s
constexpr std::size_t kept_samples = 5 * rate_hz;
constexpr int least_floor_frames = 20;  // received before anything counts as a word
constexpr int begin_frames = 3, end_frames = 40;
constexpr std::int64_t before_frames = 45;    // kept in front of a word
constexpr std::int64_t longest_frames = 250;  // then it is not a word
constexpr double over_floor_db = 12, quietest_db = -62;
constexpr double margin_seconds = 0.1;

double decibels(double amplitude) {
  return 20 * std::log10(std::max(amplitude, 1e-6));
}

WordFault fault_of(std::span<const float> word, double peak_db) {
  const double seconds = static_cast<double>(word.size()) / rate_hz;
  const auto clipped = std::count_if(word.begin(), word.end(), [](float v) { return std::abs(v) >= 0.99F; });
  return clipped >= 3                                  ? WordFault::clipping
         : peak_db < WordCutter::quietest_peak_db      ? WordFault::too_quiet
         : seconds > WordCutter::longest_word_seconds  ? WordFault::too_long
         : seconds < WordCutter::shortest_word_seconds ? WordFault::too_short
                                                       : WordFault::none;
}

}  // namespace

void WordCutter::reset() {
  partial_.clear();
  history_.clear();
  levels_db_.clear();
  frames_ = 0;
  loud_ = quiet_ = 0;
  begin_frame_ = -1;
}

void WordCutter::push(std::span<const float> samples) {
  partial_.insert(partial_.end(), samples.begin(), samples.end());
  std::size_t done = 0;
  for (; done + frame_samples <= partial_.size(); done += frame_samples) {
    on_frame(std::span(partial_).subspan(done, frame_samples));
  }
  partial_.erase(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(done));
}

std::optional<CutWord> WordCutter::take() {
  if (words_.empty()) {
    return std::nullopt;
  }
  CutWord word = std::move(words_.front());
  words_.pop_front();
  return word;
}

/// The level below which a tenth of the last seconds lies.
double WordCutter::floor_db() const {
  std::vector<double> sorted(levels_db_.begin(), levels_db_.end());
  const auto tenth = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 10);
  std::nth_element(sorted.begin(), tenth, sorted.end());
  return *tenth;
}

void WordCutter::on_frame(std::span<const float> frame) {
  double energy = 0;
  for (const float sample : frame) {  // first difference: rumble and DC do not count
    energy += static_cast<double>(sample - before_) * (sample - before_);
    before_ = sample;
  }
  const double level_db = decibels(std::sqrt(energy / frame_samples));
  history_.insert(history_.end(), frame.begin(), frame.end());
  if (history_.size() > 2 * kept_samples) {
    history_.erase(history_.begin(), history_.end() - static_cast<std::ptrdiff_t>(kept_samples));
  }
  levels_db_.push_back(level_db);
  if (levels_db_.size() > floor_frames) {
    levels_db_.pop_front();
  }
  ++frames_;
  if (frames_ < least_floor_frames) {
    return;
  }
  const bool loud = level_db > std::max(floor_db() + over_floor_db, quietest_db);
  loud_ = loud ? loud_ + 1 : 0;
  quiet_ = loud ? 0 : quiet_ + 1;
  if (begin_frame_ < 0) {
    begin_frame_ = loud_ >= begin_frames ? frames_ - begin_frames : -1;
  } else if (quiet_ >= end_frames || frames_ - begin_frame_ >= longest_frames) {
    cut(frames_);
    begin_frame_ = -1;
    loud_ = 0;
  }
}

/// The word that began at begin_frame_ and the sound around it, up to end_frame.
void WordCutter::cut(std::int64_t end_frame) {
  const auto wanted =
      static_cast<std::size_t>(end_frame - std::max<std::int64_t>(begin_frame_ - before_frames, 0)) *
      frame_samples;
  const std::span<const float> around = std::span(history_).last(std::min(wanted, history_.size()));
  const Extent extent = find_word(to_pcm16(around));
  const std::span<const float> word =
      around.subspan(static_cast<std::size_t>(extent.begin), static_cast<std::size_t>(extent.size()));
  float peak = 0;
  for (const float sample : word) {
    peak = std::max(peak, std::abs(sample));
  }
  const auto size = static_cast<std::int64_t>(around.size());
  const auto margin = static_cast<std::int64_t>(margin_seconds * rate_hz);
  const std::int64_t length = std::min(size, std::max<std::int64_t>(rate_hz, extent.size() + 2 * margin));
  const std::int64_t middle = (extent.begin + extent.end) / 2;
  const std::int64_t from = std::clamp<std::int64_t>(middle - length / 2, 0, size - length);
  const std::span<const float> clip =
      around.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(length));
  const double peak_db = decibels(static_cast<double>(peak));
  words_.push_back(
      {{clip.begin(), clip.end()},
       static_cast<double>(extent.size()) / rate_hz,
       peak_db,
       end_frame - begin_frame_ >= longest_frames ? WordFault::too_long : fault_of(word, peak_db)});
}

}  // namespace kwsd
