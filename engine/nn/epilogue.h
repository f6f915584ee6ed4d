// What follows the products of a front-end layer: BN, PReLU and the form the next layer wants, for one row
// of [freq][channels]. Thread: construct at set-up; run on the inference thread, allocation-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/kernels/kernels.h"
#include "engine/model/model.h"

namespace kwsd {

class Epilogue {
 public:
  explicit Epilogue(const ConvLayer& layer);

  /// acc: [positions][channels]; activated: (channels) of working space. Writes position i of
  ///   int8             (channels) int8                to out + i * channels
  ///   bits, planes     (channels / 16) uint16 a plane to out + plane * plane_bytes + i * channels / 8
  ///   residual         (channels) int16               to out + i * 2 * channels
  void run(const std::int32_t* acc, int positions, std::int16_t* activated, std::byte* out,
           std::size_t plane_bytes) const noexcept;

 private:
  void activate(const std::int32_t* __restrict acc, std::int16_t* __restrict activated) const noexcept;
  void to_int8(const std::int16_t* __restrict activated, std::int8_t* __restrict out) const noexcept;
  void to_bits(const std::int16_t* activated, std::uint16_t* out) const noexcept;
  void to_planes(const std::int16_t* activated, std::byte* out, std::size_t plane_bytes) const noexcept;

  OutputKind output_;
  int shift_, out_shift_, out_planes_;
  std::size_t channels_;
  AlignedVector<std::int16_t> mult_, bias_, slope_, sign_at_least_;  // (channels)
};

}  // namespace kwsd
