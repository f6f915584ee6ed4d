// Saves the sound around each detection, or each near miss, as WAV files, bounded in number. The inference
// thread only copies samples; files are written on a thread of their own.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <initializer_list>
#include <semaphore>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace kwsd {

class ClipWriter {
 public:
  static constexpr std::size_t clip_samples = 32000;  ///< the last 2 s at 16 kHz

  /// What `save` does while the disk is behind: a file run waits, live sound does not.
  enum class WhenBehind { wait, drop };

  /// Creates `folder` if it is missing. Throws Error (io). Keeps the newest `max_clips` in it; clips of
  /// earlier runs count. Each clip contains a mark; a file without it is never removed.
  ClipWriter(std::filesystem::path folder, int max_clips, WhenBehind when_behind);
  ~ClipWriter() { finish(); }

  /// Inference thread: 16 kHz samples as they arrive.
  void remember(std::span<const float> samples) noexcept;
  /// Inference thread: saves the latest sound as a clip, or drops it (counted).
  void save(std::string_view keyword, std::int64_t seq) noexcept;
  /// Writes the pending clips. No `save` may follow.
  void finish() noexcept;
  /// Clips that were dropped or could not be written. Any thread.
  [[nodiscard]] std::int64_t dropped() const noexcept { return dropped_; }

 private:
  struct Slot {
    std::array<float, clip_samples> samples{};
    std::array<char, 65> keyword{};
    std::int64_t seq = 0;
    std::atomic<bool> full{false};
  };
  void work() noexcept;
  void write(const Slot& slot);
  void find_earlier_clips();

  std::filesystem::path folder_;
  std::size_t max_clips_;
  WhenBehind when_behind_;
  std::vector<float> heard_;  // ring (clip_samples)
  std::size_t next_ = 0;
  std::array<Slot, 4> slots_;
  std::size_t slot_ = 0;
  std::deque<std::filesystem::path> written_;  // oldest first
  std::counting_semaphore<> wake_{0};
  std::atomic<bool> stop_{false};
  std::atomic<std::int64_t> dropped_{0};
  std::thread thread_;
};

/// Of those that are not null; negative: all are. Any thread.
[[nodiscard]] std::int64_t clips_dropped(std::initializer_list<const ClipWriter*> writers) noexcept;

}  // namespace kwsd
