// The last layer: residual stream -> logits -> posteriors. Thread: construct at set-up; the rest on the
// inference thread, allocation-free. The float parts are plain C++ in one fixed order, compiled without
// contraction: the same bits on every machine.
#pragma once

#include <cstdint>
#include <span>

#include "engine/kernels/kernels.h"
#include "engine/model/model.h"

namespace kwsd {

class Classifier {
 public:
  Classifier(const Model& model, const Kernels& kernels);

  /// Bytes that `flat` must have: C * T and what vector loads take beyond.
  [[nodiscard]] std::size_t flat_bytes() const noexcept;

  /// Classifier input q of model.h. residual: [C][stride]; flat: [C][T].
  void quantize(const ClassifierParams& params, const std::int16_t* residual,
                std::int8_t* flat) const noexcept;
  /// acc, logits: (labels).
  void logits(const ClassifierParams& params, const std::int8_t* flat, std::span<std::int32_t> acc,
              std::span<float> logits) const noexcept;

 private:
  const Kernels* kernels_;
  const Weights* weights_;
  int memory_size_, steps_;
  Int8Layer prepared_;  // int8
};

/// The Euclidean length of a classifier's input, at least 1: what a layer of kind `unit` divides by. At most
/// 131,072 values.
[[nodiscard]] float length_of(std::span<const std::int8_t> input) noexcept;

/// Posteriors in [0, 1], sum 1. Logits are finite.
void softmax(std::span<const float> logits, std::span<float> posteriors) noexcept;

}  // namespace kwsd
