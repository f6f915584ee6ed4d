// The processing after the products of a front-end layer: BN, PReLU and conversion to the next layer's input,
// for one row of [freq][channels]. Thread: construct at set-up; run on the inference thread, allocation-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/kernels/kernels.h"
#include "engine/model/model.h"

namespace kwsd {

class Epilogue {
 public:
  Epilogue(const ConvLayer& layer, const Kernels& kernels);

  /// acc: [positions][channels]; activated: [positions][channels] of working space. Writes position i of
  ///   int8             (channels) int8                to out + i * channels
  ///   bits, planes     (channels / 16) uint16 a plane to out + plane * plane_bytes + i * channels / 8
  ///   residual         (channels) int16               to out + i * 2 * channels
  void run(const std::int32_t* acc, int positions, std::int16_t* activated, std::byte* out,
           std::size_t plane_bytes) const noexcept;

 private:
  void to_bits(const std::int16_t* activated, std::uint16_t* out) const noexcept;
  void to_planes(const std::int16_t* activated, std::byte* out, std::size_t plane_bytes) const noexcept;

  const Kernels* kernels_;
  OutputKind output_;
  int shift_, out_shift_, out_planes_;
  std::size_t channels_;
  AlignedVector<std::int16_t> mult_, bias_, slope_, sign_at_least_;  // (channels)
};

}  // namespace kwsd
