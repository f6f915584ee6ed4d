// 16 kHz samples -> frames -> MFCC -> network -> detector, for all models of a run. What a reload replaces.
// Thread: constructed at set-up; everything else on the inference thread, where nothing allocates.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/daemon/pipeline_observer.h"
#include "app/settings/options.h"
#include "engine/detect/detector.h"
#include "engine/features/framer.h"
#include "engine/features/mfcc.h"
#include "engine/nn/network.h"

namespace kwsd {

class Recognizer {
 public:
  /// Throws Error: what find_model and load_model throw, usage for a kernel set that is not there or a
  /// threshold of a word that no model knows.
  explicit Recognizer(const RecognitionOptions& options);
  ~Recognizer();

  struct Found {
    const std::shared_ptr<const Model>* model;
    Detection detection;
  };
  /// At most so many samples at a time.
  static constexpr std::size_t block_samples = 8192;
  /// Hears `samples`, which follow the last ones. Returns what was detected; valid until the next call.
  [[nodiscard]] std::span<const Found> listen(std::span<const float> samples, BranchId branch) noexcept;
  /// What follows does not join what was heard; its first sample is `sample` of the stream.
  void restart(std::int64_t sample) noexcept;

  /// Windows classified since construction, all models together.
  [[nodiscard]] std::int64_t windows() const noexcept { return windows_; }
  /// Samples since construction or restart after which every detector has as much history as it uses.
  [[nodiscard]] std::int64_t memory_samples() const noexcept { return memory_samples_; }
  /// The sample after `sample`, or itself, from which a new recognizer has its windows where this one has
  /// them (the first model's, where models differ).
  [[nodiscard]] std::int64_t next_step(std::int64_t sample) const noexcept;
  [[nodiscard]] std::vector<std::string> model_names() const;
  [[nodiscard]] std::vector<std::shared_ptr<const Model>> models() const;
  /// Sees each window; outlives this. Before the first listen.
  void set_observer(PipelineObserver* observer) noexcept { observer_ = observer; }
  [[nodiscard]] const Kernels& kernels() const noexcept { return kernels_; }

 private:
  struct Listener;
  struct Features;

  void add(std::shared_ptr<const Model> model, const RecognitionOptions& options);
  void apply_threshold(const std::string& setting);
  void on_frame(Features& features, std::span<const float> samples, std::int64_t index) noexcept;
  void on_window(Listener& listener, std::int64_t end_sample) noexcept;

  const Kernels& kernels_;
  std::vector<std::unique_ptr<Features>> features_;
  std::vector<Found> found_;
  PipelineObserver* observer_ = nullptr;
  BranchId branch_ = BranchId::full;
  std::int64_t origin_sample_ = 0;  // stream sample at which the framers' sample 0 lies
  std::int64_t windows_ = 0;
  std::int64_t memory_samples_ = 0;
};

}  // namespace kwsd
