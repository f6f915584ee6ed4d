// The int16 memory filter (paper section 3.1: the FSMN block's depthwise convolution over time) with BN,
// PReLU, shortcut and signs.
//
// Eight steps are one register; EXT makes the four shifted copies. The signs of 16 channels are collected
// in one register, lane = step: SLI shifts the bits so far up by one and takes the new one in, so channels
// run from the last to the first.
#include <algorithm>

#include "neon/common/int16_layers.h"
#include "neon/common/vec.h"

namespace kwsd::neon {
namespace {

/// Lanes below `count` are ones.
uint16x8_t lanes_below(int count) noexcept {
  constexpr std::uint16_t index[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  return vcltq_u16(vld1q_u16(index), vdupq_n_u16(static_cast<std::uint16_t>(std::clamp(count, 0, 8))));
}

/// m of eight steps of `Channels` channels: before, now and after are the residual stream as it was, 0 out of
/// range. Operation by operation over the channels, so that in-order cores need not wait for results.
template <int Channels>
inline void filter(const int16x8_t* before, const int16x8_t* now, const int16x8_t* after,
                   const std::int16_t* taps, const ChannelAffine* channel, int16x8_t shift,
                   int16x8_t* m) noexcept {
  constexpr std::size_t count = Channels;
  const auto each = [](auto f) {
    for (std::size_t i = 0; i < count; ++i) {
      f(i);
    }
  };
  int16x8_t w[count], sum[count], product[count];
  each([&](auto i) { w[i] = vld1q_s16(taps + i * 8); });
  each([&](auto i) { sum[i] = vextq_s16(before[i], now[i], 6); });
  each([&](auto i) { product[i] = vextq_s16(before[i], now[i], 7); });
  each([&](auto i) { sum[i] = vqrdmulhq_laneq_s16(sum[i], w[i], 0); });
  each([&](auto i) { product[i] = vqrdmulhq_laneq_s16(product[i], w[i], 1); });
  each([&](auto i) { sum[i] = vqaddq_s16(sum[i], product[i]); });
  each([&](auto i) { product[i] = vqrdmulhq_laneq_s16(now[i], w[i], 2); });
  each([&](auto i) { sum[i] = vqaddq_s16(sum[i], product[i]); });
  each([&](auto i) { product[i] = vextq_s16(now[i], after[i], 1); });
  each([&](auto i) { product[i] = vqrdmulhq_laneq_s16(product[i], w[i], 3); });
  each([&](auto i) { sum[i] = vqaddq_s16(sum[i], product[i]); });
  each([&](auto i) { product[i] = vextq_s16(now[i], after[i], 2); });
  each([&](auto i) { product[i] = vqrdmulhq_laneq_s16(product[i], w[i], 4); });
  each([&](auto i) { sum[i] = vqaddq_s16(sum[i], product[i]); });
  each([&](auto i) { sum[i] = vqshlq_s16(sum[i], shift); });
  each([&](auto i) { sum[i] = vqaddq_s16(sum[i], vdupq_n_s16(channel[i].bias)); });
  each([&](auto i) { sum[i] = prelu(sum[i], channel[i].slope); });
  each([&](auto i) { m[i] = vqaddq_s16(now[i], sum[i]); });
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

/// Filter and signs of `Channels` channels, up to eight steps.
template <int Channels>
inline uint16x8_t memory_of(const std::int16_t* taps, const ChannelAffine* channel, int16x8_t valid,
                            int16x8_t shift, std::int16_t* x, uint16x8_t packed) noexcept {
  constexpr std::size_t count = Channels;
  int16x8_t now[count], m[count], zero[count];
  for (std::size_t i = 0; i < count; ++i) {
    zero[i] = vdupq_n_s16(0);
    now[i] = vandq_s16(vld1q_s16(x + i * 8), valid);
  }
  filter<Channels>(zero, now, zero, taps, channel, shift, m);
  for (std::size_t i = count; i-- > 0;) {
    vst1q_s16(x + i * 8, m[i]);
    packed = vsliq_n_u16(vcgeq_s16(m[i], vdupq_n_s16(channel[i].sign_at_least)), packed, 1);
  }
  return packed;
}

/// One block of up to eight steps: filter and signs in one pass.
void memory_one_block(const MemoryFilter& filter, Residual x, std::uint64_t* bits) noexcept {
  constexpr int together = 4;
  const int channels = x.channels;
  const std::int16_t* taps = filter.taps;
  std::int16_t* residual = x.values;
  const int16x8_t shift = vdupq_n_s16(filter.affine.shift);
  const int16x8_t valid = vreinterpretq_s16_u16(lanes_below(x.steps));
  const int row_words = BitMatrix::row_words_for(channels);
  const ChannelAffine* channel = filter.affine.channels.data();
  for (int first = 0; first < channels; first += 16) {
    uint16x8_t packed = vdupq_n_u16(0);
    int c = std::min(first + 16, channels);
    for (; (c - first) % together != 0; --c) {
      packed =
          memory_of<1>(taps + (c - 1) * 8, channel + c - 1, valid, shift, residual + (c - 1) * 8, packed);
    }
    for (; c > first; c -= together) {
      const int n = c - together;
      packed = memory_of<together>(taps + n * 8, channel + n, valid, shift, residual + n * 8, packed);
    }
    store_bits(packed, first, 0, x.steps, row_words, bits);
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
    int16x8_t m;
    filter<1>(&before, &now, &after, taps, &channel, shift, &m);
    vst1q_s16(x + t, m);
    before = now;
    now = after;
  }
}

/// bits[t][c] = residual[c][t] >= at_least(c).
template <class AtLeast>
void pack_signs(ConstResidual residual, AtLeast at_least, std::uint64_t* bits) noexcept {
  const int channels = residual.channels, steps = residual.steps, stride = residual.stride();
  const int row_words = BitMatrix::row_words_for(channels);
  for (int first = 0; first < channels; first += 16) {
    for (int t = 0; t < steps; t += 8) {
      uint16x8_t packed = vdupq_n_u16(0);
      for (int c = std::min(first + 16, channels) - 1; c >= first; --c) {
        const int16x8_t x = vld1q_s16(residual.values + c * stride + t);
        packed = vsliq_n_u16(vcgeq_s16(x, vdupq_n_s16(at_least(c))), packed, 1);
      }
      store_bits(packed, first, t, steps, row_words, bits);
    }
  }
}

}  // namespace

void memory(const MemoryFilter& filter, Residual x, std::uint64_t* bits) noexcept {
  clear(bits, x.steps, BitMatrix::row_words_for(x.channels));
  if (x.steps <= 8) {
    memory_one_block(filter, x, bits);
    return;
  }
  const int16x8_t shift = vdupq_n_s16(filter.affine.shift);
  const ChannelAffine* channel = filter.affine.channels.data();
  for (int c = 0; c < x.channels; ++c) {
    filter_channel(filter.taps + c * 8, channel[c], shift, x.steps, x.values + c * x.stride());
  }
  pack_signs(
      x, [channel](int c) { return channel[c].sign_at_least; }, bits);
}

void signs(ConstResidual residual, const std::int16_t* at_least, std::uint64_t* bits) noexcept {
  clear(bits, residual.steps, BitMatrix::row_words_for(residual.channels));
  pack_signs(
      residual, [at_least](int c) { return at_least[c]; }, bits);
}

}  // namespace kwsd::neon
