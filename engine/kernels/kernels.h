// The inner loops of the network, as a table of functions: one table per kernel set.
//
// Every set computes exactly the same integers as `reference`. A set is chosen once, at start, by
// name or for the CPU found; the network then calls through the table.
//
// Layouts, the same for all sets:
//   activation bits   uint64_t [steps][BitMatrix::row_words_for(K)], 16-byte aligned, bits past K are 0
//   residual stream   int16_t  [C][stride], stride = residual_stride(steps), 16-byte aligned; the lanes
//                     past `steps` hold anything, are never read into a valid lane, and may be written
// Weights are prepared once per set, at set-up, into whatever layout the set likes.
//
// Thread: prepare_* at set-up (allocates, may throw std::bad_alloc); the rest on the inference thread:
// no allocation, no locks, no exceptions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "engine/model/model.h"

namespace kwsd {

/// Allocator for buffers that vector loads like: 64-byte aligned.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};
  AlignedAllocator() = default;
  template <class U>
  explicit AlignedAllocator(const AlignedAllocator<U>&) noexcept {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), alignment)); }
  void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, alignment); }
  template <class U>
  bool operator==(const AlignedAllocator<U>&) const noexcept {
    return true;
  }
};
template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

/// A set's own copy of some weights or constants. Opaque outside the set that made it.
using Prepared = AlignedVector<std::byte>;

/// int16 lanes per channel of the residual stream.
[[nodiscard]] constexpr int residual_stride(int steps) noexcept {
  return (steps + 7) / 8 * 8;
}

/// BN and PReLU of the outputs of a front-end layer, by column: each [channels].
struct Activation {
  const std::int16_t *mult, *bias, *slope;
  int shift;  ///< [-31, 15]
};

struct Kernels {
  std::string_view name;         ///< as for --kernels
  std::string_view description;  ///< one line for `kwsd info` and the log
  bool (*supported)() noexcept;  ///< whether it runs on this CPU
  bool (*suits)() noexcept;      ///< whether "auto" may take it on this CPU; asked where supported

  /// ±1 weights [N][K].
  Prepared (*prepare_bits)(const BitMatrix& weights);
  /// at_least [N], each in [-K, K + 2], for the product of `inputs` = K.
  Prepared (*prepare_thresholds)(std::span<const std::int16_t> at_least, int inputs);
  /// int8 weights [N][K], row-major. Sets may run faster on small weights (neon/README.md).
  Prepared (*prepare_int8)(std::span<const std::int8_t> weights, int outputs, int inputs);

  /// dot[t][n] = K - 2 * popcount(a[t] ^ w[n]), t < steps. dot: [steps][outputs], row-major.
  void (*bit_dots)(const Prepared& weights, int outputs, int inputs, const std::uint64_t* a, int steps,
                   std::int16_t* dot) noexcept;
  /// out bit n of row t = dot[t][n] >= at_least[n]; out: [steps][row_words_for(outputs)], tail bits 0.
  void (*expand)(const Prepared& weights, const Prepared& thresholds, int outputs, int inputs,
                 const std::uint64_t* a, int steps, std::uint64_t* out) noexcept;
  /// residual[n][t] = add16(residual[n][t], prelu16(add16(mul_q15(scale16(dot[t][n], shift), mult), bias),
  /// slope)). shift in [0, 15].
  void (*project)(const Prepared& weights, const Affine& affine, int outputs, int inputs,
                  const std::uint64_t* a, int steps, std::int16_t* residual) noexcept;
  /// The int16 memory filter, PReLU and shortcut of BlockParams::memory, in place, and the signs of the
  /// result. taps: w16 [channels][8], five used, rest 0. bits: [steps][row_words_for(channels)], tail bits 0.
  void (*memory)(const std::int16_t* taps, const Affine& affine, int channels, int steps,
                 std::int16_t* residual, std::uint64_t* bits) noexcept;
  /// bits[t][c] = residual[c][t] >= at_least[c]; tail bits 0.
  void (*signs)(const std::int16_t* residual, const std::int16_t* at_least, int channels, int steps,
                std::uint64_t* bits) noexcept;
  /// acc[r][n] = sum_k w[n][k] * a[r][k]. a: [rows][a_stride] int8, a_stride a multiple of 16 or rows = 1;
  /// the bytes of a row past `inputs`, up to the next multiple of 16, may be read, never used.
  /// acc: [rows][outputs].
  void (*int8_dots)(const Prepared& weights, int outputs, int inputs, const std::int8_t* a, int a_stride,
                    int rows, std::int32_t* acc) noexcept;

  /// out[i][n] = prelu16(add16(mul_q15(scale16(acc[i][n], shift), mult[n]), bias[n]), slope[n]).
  /// acc, out: [positions][channels], |acc| < 2^30.
  void (*activate)(const std::int32_t* acc, const Activation& activation, int channels, int positions,
                   std::int16_t* out) noexcept;
  /// out[i] = clamp(scale16(values[i], -shift), -127, 127), i < count. shift in [0, 15].
  void (*narrow)(const std::int16_t* values, int count, int shift, std::int8_t* out) noexcept;
  /// flat[c][t] = clamp(add16(mul_q15(scale16(residual[c][t], shift), mult), bias), -127, 127); flat:
  /// [channels][steps].
  void (*quantize)(const std::int16_t* residual, const Affine& affine, int channels, int steps,
                   std::int8_t* flat) noexcept;
};

/// Every set compiled into this binary, `reference` first.
[[nodiscard]] std::span<const Kernels* const> all_kernels() noexcept;
/// The set called `name`, or for "auto" the last one that is supported and suits. Throws Error (usage) naming
/// those there are.
[[nodiscard]] const Kernels& select_kernels(std::string_view name);

}  // namespace kwsd
