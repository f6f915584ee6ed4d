// Turns the sound of one client into words: PCM of any format in, the keywords that the client wants out.
// Shared by the servers. Thread: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/audio/resampler.h"
#include "app/settings/options.h"
#include "app/streams/stream_governor.h"
#include "engine/spotter/spotter_stream.h"

namespace kwsd {

struct PcmShape {
  std::uint32_t rate_hz = 16000;
  int width = 2, channels = 1;  ///< bytes, count
  bool operator==(const PcmShape&) const = default;
};

/// A word that was spotted; times in seconds since the last restart.
struct StreamWord {
  std::string_view keyword;
  double start = 0, end = 0;
  float score = 0, threshold = 0, level_db = 0, snr_db = 0;
};

class KeywordStream {
 public:
  /// Throws Error (usage) for a threshold of a word that is not a keyword.
  KeywordStream(std::shared_ptr<const Spotter> spotter, const RecognitionOptions& recognition);

  /// From now on the governor chooses the branch, and receives the cost of the stream.
  void govern(std::shared_ptr<StreamGovernor::Member> member) { governed_ = std::move(member); }
  /// Only these keywords count from now on; none: all. False if none of them is a keyword.
  [[nodiscard]] bool choose(std::span<const std::string> names);
  /// The stream's sample that comes next.
  [[nodiscard]] std::int64_t sample() const noexcept { return stream_.sample(); }
  /// The sound that follows is not continuous with the earlier sound; its first sample is at 0 s, its shape
  /// the default.
  void restart();
  void set_shape(const PcmShape& shape);
  [[nodiscard]] const PcmShape& shape() const noexcept { return shape_; }
  /// Little-endian integers of the given shape; only the first channel is used. Bytes of an incomplete frame
  /// at the end are dropped.
  void push(std::string_view pcm, const std::function<void(const StreamWord&)>& on_word);

 private:
  void push(std::span<const float> samples, const std::function<void(const StreamWord&)>& on_word);

  SpotterStream stream_;
  std::shared_ptr<StreamGovernor::Member> governed_;  // null: the branch is fixed
  std::vector<std::vector<bool>> wanted_;             // [models][labels]
  PcmShape shape_;
  std::unique_ptr<Resampler> resampler_;
  std::int64_t origin_ = 0;  // stream sample at 0 s
};

/// The keywords of the models, each once, in their order.
[[nodiscard]] std::vector<std::string> keyword_names(const Spotter& spotter);

}  // namespace kwsd
