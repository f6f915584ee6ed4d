#include "engine/nn/classifier.h"

#include <algorithm>
#include <cmath>

namespace kwsd {
namespace {

/// e^x for x <= 0, the same bits on every machine: 2^n e^r with |r| < 0.35, Taylor to the 6th order.
float exponential(float x) noexcept {
  const float y = std::max(x, -80.0F) * 1.44269504F;
  const float n = std::floor(y + 0.5F);
  const float r = (y - n) * 0.69314718F;
  const float e = ((((r / 720 + 1.0F / 120) * r + 1.0F / 24) * r + 1.0F / 6) * r + 0.5F) * r;
  return std::ldexp((e + 1.0F) * r + 1.0F, static_cast<int>(n));
}

}  // namespace

Classifier::Classifier(const Model& model, const Kernels& kernels)
    : kernels_(&kernels), weights_(&model.classifier), memory_size_(model.memory_size), steps_(model.steps) {
  if (weights_->kind == LayerKind::int8) {
    prepared_ = kernels.prepare_int8(weights_->int8, weights_->outputs, weights_->inputs);
  }
}

std::size_t Classifier::flat_bytes() const noexcept {
  return static_cast<std::size_t>(weights_->inputs + 64);
}

void Classifier::quantize(const ClassifierParams& params, const std::int16_t* residual,
                          std::int8_t* flat) const noexcept {
  kernels_->quantize(params.input, {residual, memory_size_, steps_}, flat);
}

void Classifier::logits(const ClassifierParams& params, const std::int8_t* flat, std::span<std::int32_t> acc,
                        std::span<float> logits) const noexcept {
  const int inputs = weights_->inputs;
  if (weights_->kind == LayerKind::int8) {
    kernels_->int8_dots(prepared_, {flat, inputs, 1}, acc.data());
  }
  const float length =
      weights_->kind == LayerKind::unit ? length_of({flat, static_cast<std::size_t>(inputs)}) : 1;
  const float* row = weights_->float32.data();
  for (std::size_t n = 0; n < logits.size(); ++n) {
    auto sum = static_cast<float>(acc[n]);
    if (weights_->kind != LayerKind::int8) {
      sum = 0;
      for (int k = 0; k < inputs; ++k) {
        sum += *row++ * static_cast<float>(flat[k]);
      }
      sum /= length;
    }
    logits[n] = params.scale[n] * sum + params.bias[n];
  }
}

float length_of(std::span<const std::int8_t> input) noexcept {
  std::int32_t squares = 0;
  for (const std::int32_t value : input) {
    squares += value * value;
  }
  return std::sqrt(static_cast<float>(std::max(squares, 1)));
}

void softmax(std::span<const float> logits, std::span<float> posteriors) noexcept {
  const float top = *std::max_element(logits.begin(), logits.end());
  float sum = 0;
  for (std::size_t n = 0; n < logits.size(); ++n) {
    posteriors[n] = exponential(logits[n] - top);
    sum += posteriors[n];
  }
  for (float& posterior : posteriors) {
    posterior /= sum;
  }
}

}  // namespace kwsd
