// Batch -> libtorch. Thread: any.
#pragma once

#include <torch/torch.h>

#include "models/trainer/data/batcher.h"

namespace kwsd::train {

struct TensorBatch {
  torch::Tensor features;  ///< float [B][frames][coefficients], quantized values
  torch::Tensor labels;    ///< int64 [B]
  torch::Tensor words;     ///< int64 [B], -1: none
};

[[nodiscard]] inline TensorBatch to_tensors(const Batch& batch) {
  const auto size = static_cast<std::int64_t>(batch.size);
  const auto copy = [](const auto& values, at::IntArrayRef shape, torch::Dtype type) {
    return torch::from_blob(const_cast<void*>(static_cast<const void*>(values.data())), shape, type).clone();
  };
  return {copy(batch.features,
               {size, static_cast<std::int64_t>(batch.frames), static_cast<std::int64_t>(batch.coefficients)},
               torch::kFloat32),
          copy(batch.labels, {size}, torch::kInt64), copy(batch.words, {size}, torch::kInt64)};
}

}  // namespace kwsd::train
