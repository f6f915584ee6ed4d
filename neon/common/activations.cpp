// The code around the products of the front-end and of the classifier: int32 sums to int16 activations, and
// int16 to int8. One SQRSHL is scale16 in either direction. Columns of eight channels keep their constants in
// registers.
#include <algorithm>

#include "neon/common/int16_layers.h"
#include "neon/common/vec.h"

namespace kwsd::neon {
namespace {

/// BN and PReLU of eight channels.
struct Columns {
  int16x8_t mult, bias, slope;
};

inline int16x8_t activated(int32x4_t low, int32x4_t high, int32x4_t shift, const Columns& column) noexcept {
  const int16x8_t u = vqmovn_high_s32(vqmovn_s32(vqrshlq_s32(low, shift)), vqrshlq_s32(high, shift));
  const int16x8_t v = vqaddq_s16(vqrdmulhq_s16(u, column.mult), column.bias);
  return vmaxq_s16(v, vqrdmulhq_s16(v, column.slope));  // prelu16, for |slope| <= 1
}

/// Eight channels of every position, two positions at a time for cores that do not reorder.
void activate_columns(const std::int32_t* acc, int32x4_t shift, const Columns& column, int channels,
                      int positions, std::int16_t* out) noexcept {
  int i = 0;
  for (; i + 2 <= positions; i += 2) {
    const std::int32_t* next = acc + channels;
    const int16x8_t first = activated(vld1q_s32(acc), vld1q_s32(acc + 4), shift, column);
    const int16x8_t second = activated(vld1q_s32(next), vld1q_s32(next + 4), shift, column);
    vst1q_s16(out, first);
    vst1q_s16(out + channels, second);
    acc += 2 * channels;
    out += 2 * channels;
  }
  if (i < positions) {
    vst1q_s16(out, activated(vld1q_s32(acc), vld1q_s32(acc + 4), shift, column));
  }
}

/// Fewer than eight channels, through copies.
void activate_rest(const Activation& activation, const std::int32_t* acc, int32x4_t shift, int n,
                   int positions, std::int16_t* out) noexcept {
  const int channels = activation.channels;
  const int count = channels - n;
  std::int16_t constants[3][8] = {};
  std::copy_n(activation.mult + n, count, constants[0]);
  std::copy_n(activation.bias + n, count, constants[1]);
  std::copy_n(activation.slope + n, count, constants[2]);
  const Columns column{vld1q_s16(constants[0]), vld1q_s16(constants[1]), vld1q_s16(constants[2])};
  for (int i = 0; i < positions; ++i) {
    std::int32_t in[8] = {};
    std::int16_t values[8];
    std::copy_n(acc + i * channels + n, count, in);
    vst1q_s16(values, activated(vld1q_s32(in), vld1q_s32(in + 4), shift, column));
    std::copy_n(values, count, out + i * channels + n);
  }
}

/// clamp to [-127, 127], as bytes.
inline int8x8_t to_bytes(int16x8_t v) noexcept {
  return vmax_s8(vqmovn_s16(v), vdup_n_s8(-127));
}

inline int8x8_t quantized(const std::int16_t* x, int16x8_t shift, const ChannelAffine& channel) noexcept {
  const int16x8_t u = vqrdmulhq_n_s16(vqrshlq_s16(vld1q_s16(x), shift), channel.mult);
  return to_bytes(vqaddq_s16(u, vdupq_n_s16(channel.bias)));
}

}  // namespace

void activate(const Activation& activation, const std::int32_t* acc, int positions,
              std::int16_t* out) noexcept {
  const int channels = activation.channels;
  const int32x4_t shift = vdupq_n_s32(activation.shift);
  int n = 0;
  for (; n + 8 <= channels; n += 8) {
    const Columns column{vld1q_s16(activation.mult + n), vld1q_s16(activation.bias + n),
                         vld1q_s16(activation.slope + n)};
    activate_columns(acc + n, shift, column, channels, positions, out + n);
  }
  if (n < channels) {
    activate_rest(activation, acc, shift, n, positions, out);
  }
}

void narrow(std::span<const std::int16_t> from, int shift, std::int8_t* out) noexcept {
  const std::int16_t* values = from.data();
  const auto count = static_cast<int>(from.size());
  const int16x8_t right = vdupq_n_s16(static_cast<std::int16_t>(-shift));
  int i = 0;
  for (; i + 16 <= count; i += 16) {
    const int8x8_t low = to_bytes(vqrshlq_s16(vld1q_s16(values + i), right));
    const int8x8_t high = to_bytes(vqrshlq_s16(vld1q_s16(values + i + 8), right));
    vst1q_s8(out + i, vcombine_s8(low, high));
  }
  for (; i < count; i += 8) {
    std::int16_t last[8] = {};
    std::int8_t bytes[8];
    const int left = std::min(count - i, 8);
    std::copy_n(values + i, left, last);
    vst1_s8(bytes, to_bytes(vqrshlq_s16(vld1q_s16(last), right)));
    std::copy_n(bytes, left, out + i);
  }
}

void quantize(const Affine& affine, ConstResidual x, std::int8_t* flat) noexcept {
  const std::int16_t* residual = x.values;
  const int channels = x.channels, steps = x.steps, stride = x.stride();
  const int16x8_t shift = vdupq_n_s16(affine.shift);
  const ChannelAffine* channel = affine.channels.data();
  int c = 0;
  if (steps == 8) {  // rows without gaps
    for (; c + 2 <= channels; c += 2) {
      vst1q_s8(flat + c * 8, vcombine_s8(quantized(residual + c * 8, shift, channel[c]),
                                         quantized(residual + c * 8 + 8, shift, channel[c + 1])));
    }
  }
  for (; c < channels; ++c) {
    for (int t = 0; t < steps; t += 8) {
      std::int8_t bytes[8];
      vst1_s8(bytes, quantized(residual + c * stride + t, shift, channel[c]));
      std::copy_n(bytes, std::min(steps - t, 8), flat + c * steps + t);
    }
  }
}

}  // namespace kwsd::neon
