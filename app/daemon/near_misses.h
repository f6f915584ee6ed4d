// Words that were nearly detected. Thread: constructed at set-up; everything else on the inference thread,
// where nothing allocates.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/audio/stream_rate.h"
#include "engine/detect/detector.h"
#include "engine/model/model.h"

namespace kwsd {

/// A near miss: the score of a keyword reaches a share of its threshold, and from 1 s before to 0.6 s after
/// there is no detection. It is found then, and the last 2 s contain the word. Of keywords that are near
/// within a second, the one that comes nearest counts. The score must fall before the keyword is near again,
/// and a keyword is not near in its refractory period.
class NearMisses {
 public:
  static constexpr float near_share = 0.5F;                ///< of the threshold
  static constexpr float rearm_share = 0.7F * near_share;  ///< near again once the score fell below this
  static constexpr std::int64_t before_samples = stream_rate_hz;
  static constexpr std::int64_t after_samples = before_samples * 6 / 10;

  explicit NearMisses(std::span<const std::shared_ptr<const Model>> models);

  /// After each window of a model.
  void on_window(std::size_t model, const Detector& detector, BranchId branch,
                 std::int64_t end_sample) noexcept;
  /// Words found up to `sample` of the stream.
  void on_detection(std::int64_t sample) noexcept { last_ = sample; }
  /// The sound that follows is not continuous with the earlier sound.
  void restart() noexcept;

  /// The keyword of the near miss since the last forget(); null: none. There is at most one in a second.
  [[nodiscard]] const std::string* found() const noexcept { return found_; }
  void forget() noexcept { found_ = nullptr; }

 private:
  struct Keyword {
    std::size_t label;
    std::string word;
    bool armed = true;
    std::int64_t since = -1;  // sample from which its score is near; negative: it is not
    float peak = 0;           // highest share since then
  };

  void decide(Keyword& keyword) noexcept;

  std::vector<Keyword> keywords_;
  std::vector<std::size_t> first_;           // [models + 1], a model's first keyword
  std::int64_t last_ = -2 * before_samples;  // detection, or beginning of the last near miss
  const std::string* found_ = nullptr;
};

}  // namespace kwsd
