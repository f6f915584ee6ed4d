// The spotter of a run, configured by its options. A reload replaces it. Thread: constructed at set-up;
// everything else on the inference thread, where nothing allocates.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/daemon/near_misses.h"
#include "app/daemon/pipeline_observer.h"
#include "app/daemon/threshold_board.h"
#include "app/settings/options.h"
#include "engine/detect/detector.h"
#include "engine/spotter/spotter_stream.h"

namespace kwsd {

class Recognizer final : private SpotterObserver {
 public:
  /// Throws Error: what find_model and load_model throw, usage for an unavailable kernel set or a threshold
  /// of a word that no model knows.
  explicit Recognizer(const RecognitionOptions& options);
  ~Recognizer() override;

  struct Found {
    const std::shared_ptr<const Model>* model;
    Detection detection;
    float level_db, snr_db;  ///< of the word: Spotting
  };
  /// The most samples in one call.
  static constexpr std::size_t block_samples = 8192;
  /// Processes `samples`, which follow the last ones. Returns the detections; valid until the next call.
  [[nodiscard]] std::span<const Found> listen(std::span<const float> samples, BranchId branch) noexcept;
  /// The samples that follow are not continuous with the earlier ones; their first is `sample` of the stream.
  void restart(std::int64_t sample) noexcept;
  /// The keyword that was nearly detected in the last call of listen; null: none.
  [[nodiscard]] const std::string* near_miss() const noexcept { return near_misses_.found(); }

  /// Windows classified since construction, all models together.
  [[nodiscard]] std::int64_t windows() const noexcept { return stream_.windows(); }
  /// Counters of the second stages since construction, all models together.
  [[nodiscard]] SecondStageCounts second_stage() const noexcept { return stream_.second_stage(); }
  /// Whether a model has one.
  [[nodiscard]] bool has_second_stage() const noexcept;
  /// Samples since construction or restart after which every detector has as much history as it uses.
  [[nodiscard]] std::int64_t memory_samples() const noexcept { return stream_.spotter()->memory_samples(); }
  /// The first sample at or after `sample` from which a new recognizer has its windows at the same positions
  /// as this one (those of the first model, if models differ).
  [[nodiscard]] std::int64_t next_step(std::int64_t sample) const noexcept {
    return stream_.next_start(sample);
  }
  [[nodiscard]] std::vector<std::string> model_names() const;
  [[nodiscard]] std::vector<std::shared_ptr<const Model>> models() const;
  /// The threshold in force in one branch, [0, 1]; `model`: index into models(). Not while another thread
  /// listens.
  [[nodiscard]] float threshold(std::size_t model, int label, BranchId branch) const noexcept {
    return stream_.threshold(model, label, branch);
  }
  /// Changes thresholds while the recognizer listens.
  [[nodiscard]] ThresholdBoard& thresholds() noexcept { return thresholds_; }
  /// Receives each window. Set before the first listen.
  void set_observer(std::shared_ptr<WindowObserver> observer) noexcept { observer_ = std::move(observer); }
  [[nodiscard]] const Kernels& kernels() const noexcept { return stream_.spotter()->kernels(); }

 private:
  void on_window(SpotterStream& stream, std::size_t model, std::int64_t end_sample) noexcept override;

  SpotterStream stream_;
  ThresholdBoard thresholds_;
  NearMisses near_misses_;
  std::vector<Found> found_;
  std::shared_ptr<WindowObserver> observer_;
};

}  // namespace kwsd
