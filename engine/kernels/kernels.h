// The inner loops of the network, as a table of functions: one table per kernel set.
//
// Every set computes exactly the same integers as `reference`. A set is chosen once, at start, by
// name or for the CPU found; the network then calls through the table. Operands and their layouts:
// operands.h.
//
// Thread: prepare_* at set-up (allocates, may throw std::bad_alloc); the rest on the inference thread:
// no allocation, no locks, no exceptions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/kernels/operands.h"
#include "engine/kernels/rows.h"

namespace kwsd {

struct Kernels {
  std::string_view name;         ///< as for --kernels
  std::string_view description;  ///< one line for `kwsd info` and the log
  bool (*supported)() noexcept;  ///< whether it runs on this CPU
  bool (*suits)() noexcept;      ///< whether "auto" may select it on this CPU; only if supported

  BitLayer (*prepare_bits)(const BitMatrix& weights);
  /// at_least [outputs], each in [-K, K + 2], for the product of `inputs` = K.
  Prepared (*prepare_thresholds)(std::span<const std::int16_t> at_least, int inputs);
  /// weights [outputs][inputs], row-major. Sets may run faster on small weights (neon/README.md).
  Int8Layer (*prepare_int8)(std::span<const std::int8_t> weights, int outputs, int inputs);

  /// dot[t][n] = K - 2 * popcount(a[t] ^ w[n]). dot: [a.count][outputs], row-major.
  void (*bit_dots)(const BitLayer& layer, BitRows a, std::int16_t* dot) noexcept;
  /// out bit n of row t = dot[t][n] >= at_least[n]; out: [a.count][row_words_for(outputs)], tail bits 0.
  void (*expand)(const BitLayer& layer, const Prepared& thresholds, BitRows a, std::uint64_t* out) noexcept;
  /// residual[n][t] = add16(residual[n][t], prelu16(add16(mul_q15(scale16(dot[t][n], shift), mult), bias),
  /// slope)). shift in [0, 15]. residual: [outputs][residual_stride(a.count)].
  void (*project)(const BitLayer& layer, const Affine& affine, BitRows a, std::int16_t* residual) noexcept;
  /// The int16 memory filter, PReLU and shortcut of BlockParams::memory, in place, and the signs of the
  /// result. bits: [steps][row_words_for(channels)], tail bits 0.
  void (*memory)(const MemoryFilter& filter, Residual residual, std::uint64_t* bits) noexcept;
  /// bits[t][c] = residual[c][t] >= at_least[c]; tail bits 0.
  void (*signs)(ConstResidual residual, const std::int16_t* at_least, std::uint64_t* bits) noexcept;
  /// acc[r][n] = sum_k w[n][k] * a[r][k]. acc: [a.count][outputs].
  void (*int8_dots)(const Int8Layer& layer, Int8Rows a, std::int32_t* acc) noexcept;

  /// out[i][n] = prelu16(add16(mul_q15(scale16(acc[i][n], shift), mult[n]), bias[n]), slope[n]).
  /// acc, out: [positions][channels], |acc| < 2^30.
  void (*activate)(const Activation& activation, const std::int32_t* acc, int positions,
                   std::int16_t* out) noexcept;
  /// out[i] = clamp(scale16(values[i], -shift), -127, 127). shift in [0, 15].
  void (*narrow)(std::span<const std::int16_t> values, int shift, std::int8_t* out) noexcept;
  /// flat[c][t] = clamp(add16(mul_q15(scale16(residual[c][t], shift), mult), bias), -127, 127); flat:
  /// [channels][steps].
  void (*quantize)(const Affine& affine, ConstResidual residual, std::int8_t* flat) noexcept;

  // The new steps of a stream (rows.h). Any number of steps; sets are fastest with one to four. Steps of
  // several streams may go into one call of expand and project_rows.

  /// x = in[i + 4 - ahead][c]; s = mul_q15(in[i][c], tap 0), then s = add16(s, mul_q15(in[i + k][c], tap k))
  /// for k = 1 .. 4; out[i][c] = add16(x, prelu16(add16(scale16(s, shift), bias), slope)); bit c of row i of
  /// `bits` = out[i][c] >= sign_at_least. in: steps + 4 rows, none of them in out: steps rows.
  /// bits: [steps][row_words_for(channels)], tail bits 0.
  void (*memory_rows)(const RowFilter& filter, const std::int16_t* const* in, int steps,
                      std::int16_t* const* out, std::uint64_t* bits) noexcept;
  /// rows[t][n] = add16(rows[t][n], prelu16(add16(mul_q15(scale16(dot[t][n], shift), mult), bias), slope)).
  /// shift in [0, 15]. rows: a.count of them.
  void (*project_rows)(const BitLayer& layer, const RowAffine& affine, BitRows a,
                       std::int16_t* const* rows) noexcept;
  /// out[c] = clamp(add16(mul_q15(scale16(row[c], shift), mult), bias), -127, 127); out:
  /// [row_lanes(channels)].
  void (*quantize_row)(const RowAffine& affine, const std::int16_t* row, std::int8_t* out) noexcept;
};

/// Every set compiled into this binary, `reference` first.
[[nodiscard]] std::span<const Kernels* const> all_kernels() noexcept;
/// The set called `name`, or for "auto" the last one that is supported and suitable. Throws Error (usage)
/// listing the available sets.
[[nodiscard]] const Kernels& select_kernels(std::string_view name);

}  // namespace kwsd
