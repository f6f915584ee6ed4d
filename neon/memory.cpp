// The int16 memory filter (paper section 3.1: the FSMN block's depthwise convolution over time) with BN,
// PReLU, shortcut and signs.
//
// Eight steps are one register; EXT makes the four shifted copies. The signs of 16 channels are collected
// in one register, lane = step: SLI shifts the bits so far up by one and takes the new one in, so channels
// run from the last to the first.
#include <algorithm>

#include "neon/int16_layers.h"
#include "neon/vec.h"

namespace kwsd::neon {
namespace {

/// Lanes below `count` are ones.
uint16x8_t lanes_below(int count) noexcept {
  constexpr std::uint16_t index[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  return vcltq_u16(vld1q_u16(index), vdupq_n_u16(static_cast<std::uint16_t>(std::clamp(count, 0, 8))));
}

/// m of eight steps: before, now and after are the residual stream as it was, 0 out of range.
inline int16x8_t filter(int16x8_t before, int16x8_t now, int16x8_t after, const std::int16_t* taps,
                        const ChannelAffine& channel, int16x8_t shift) noexcept {
  const int16x8_t w = vld1q_s16(taps);
  int16x8_t sum = vqrdmulhq_laneq_s16(vextq_s16(before, now, 6), w, 0);
  sum = vqaddq_s16(sum, vqrdmulhq_laneq_s16(vextq_s16(before, now, 7), w, 1));
  sum = vqaddq_s16(sum, vqrdmulhq_laneq_s16(now, w, 2));
  sum = vqaddq_s16(sum, vqrdmulhq_laneq_s16(vextq_s16(now, after, 1), w, 3));
  sum = vqaddq_s16(sum, vqrdmulhq_laneq_s16(vextq_s16(now, after, 2), w, 4));
  const int16x8_t v = vqaddq_s16(vqshlq_s16(sum, shift), vdupq_n_s16(channel.bias));
  return vqaddq_s16(now, prelu(v, channel.slope));
}

/// Writes the bits of 16 channels (lane = step) into rows of out.
inline void store_bits(uint16x8_t bits, int channel, int first_step, int steps, int row_words,
                       std::uint64_t* out) noexcept {
  auto* target = reinterpret_cast<char*>(out + first_step * row_words) + channel / 8;
  std::uint16_t lanes[8];
  vst1q_u16(lanes, bits);
  for (int t = 0; t < std::min(steps - first_step, 8); ++t) {
    std::memcpy(target + t * row_words * 8, &lanes[t], 2);
  }
}

void clear(std::uint64_t* bits, int steps, int row_words) noexcept {
  std::fill_n(bits, steps * row_words, 0U);
}

/// One block of up to eight steps: filter and signs in one pass.
void memory_one_block(const std::int16_t* taps, const Affine& affine, int channels, int steps,
                      std::int16_t* residual, std::uint64_t* bits) noexcept {
  const int16x8_t zero = vdupq_n_s16(0);
  const int16x8_t shift = vdupq_n_s16(affine.shift);
  const int16x8_t valid = vreinterpretq_s16_u16(lanes_below(steps));
  const int row_words = BitMatrix::row_words_for(channels);
  for (int first = 0; first < channels; first += 16) {
    uint16x8_t packed = vdupq_n_u16(0);
    for (int c = std::min(first + 16, channels) - 1; c >= first; --c) {
      std::int16_t* x = residual + c * 8;
      const ChannelAffine& channel = affine.channels[static_cast<std::size_t>(c)];
      const int16x8_t now = vandq_s16(vld1q_s16(x), valid);
      const int16x8_t m = filter(zero, now, zero, taps + c * 8, channel, shift);
      vst1q_s16(x, m);
      packed = vsliq_n_u16(vcgeq_s16(m, vdupq_n_s16(channel.sign_at_least)), packed, 1);
    }
    store_bits(packed, first, 0, steps, row_words, bits);
  }
}

/// The filter of one channel over any number of steps.
void filter_channel(const std::int16_t* taps, const ChannelAffine& channel, int16x8_t shift, int steps,
                    std::int16_t* x) noexcept {
  const int16x8_t zero = vdupq_n_s16(0);
  const auto valid = [steps](int t) { return vreinterpretq_s16_u16(lanes_below(steps - t)); };
  int16x8_t before = zero;
  int16x8_t now = vandq_s16(vld1q_s16(x), valid(0));
  for (int t = 0; t < steps; t += 8) {
    const int16x8_t after = t + 8 < steps ? vandq_s16(vld1q_s16(x + t + 8), valid(t + 8)) : zero;
    vst1q_s16(x + t, filter(before, now, after, taps, channel, shift));
    before = now;
    now = after;
  }
}

/// bits[t][c] = residual[c][t] >= at_least(c).
template <class AtLeast>
void pack_signs(const std::int16_t* residual, AtLeast at_least, int channels, int steps,
                std::uint64_t* bits) noexcept {
  const int stride = residual_stride(steps);
  const int row_words = BitMatrix::row_words_for(channels);
  for (int first = 0; first < channels; first += 16) {
    for (int t = 0; t < steps; t += 8) {
      uint16x8_t packed = vdupq_n_u16(0);
      for (int c = std::min(first + 16, channels) - 1; c >= first; --c) {
        const int16x8_t x = vld1q_s16(residual + c * stride + t);
        packed = vsliq_n_u16(vcgeq_s16(x, vdupq_n_s16(at_least(c))), packed, 1);
      }
      store_bits(packed, first, t, steps, row_words, bits);
    }
  }
}

}  // namespace

void memory(const std::int16_t* taps, const Affine& affine, int channels, int steps, std::int16_t* residual,
            std::uint64_t* bits) noexcept {
  clear(bits, steps, BitMatrix::row_words_for(channels));
  if (steps <= 8) {
    memory_one_block(taps, affine, channels, steps, residual, bits);
    return;
  }
  const int16x8_t shift = vdupq_n_s16(affine.shift);
  const ChannelAffine* channel = affine.channels.data();
  for (int c = 0; c < channels; ++c) {
    filter_channel(taps + c * 8, channel[c], shift, steps, residual + c * residual_stride(steps));
  }
  pack_signs(
      residual, [channel](int c) { return channel[c].sign_at_least; }, channels, steps, bits);
}

void signs(const std::int16_t* residual, const std::int16_t* at_least, int channels, int steps,
           std::uint64_t* bits) noexcept {
  clear(bits, steps, BitMatrix::row_words_for(channels));
  pack_signs(
      residual, [at_least](int c) { return at_least[c]; }, channels, steps, bits);
}

}  // namespace kwsd::neon
