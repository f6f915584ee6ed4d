// The operands of the kernels: matrices, prepared weights, constants and activations.
//
// Layouts, the same for all sets:
//   activation bits   uint64_t [steps][BitMatrix::row_words_for(K)], 16-byte aligned, bits past K are 0
//   residual stream   int16_t  [C][residual_stride(steps)], 16-byte aligned; the lanes past `steps` hold
//                     anything, are never read into a valid lane, and may be written
// Thread: any. What holds pointers owns nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <vector>

namespace kwsd {

/// Allocator for buffers that vector loads access: 64-byte aligned.
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

// ---- from the model ----

/// ±1 matrix, bit 1 = +1. Row r starts at words[r * row_words]; bit k of a row is bit k % 64 of word
/// k / 64. row_words = 2 * ceil(cols / 128); the bits past cols are 0.
struct BitMatrix {
  int rows = 0;
  int cols = 0;
  std::vector<std::uint64_t> words;  // [rows][row_words]

  [[nodiscard]] static constexpr int row_words_for(int cols) noexcept { return 2 * ((cols + 127) / 128); }
  [[nodiscard]] int row_words() const noexcept { return row_words_for(cols); }
};

/// BN and PReLU of one channel in int16, and the threshold of the sign that follows.
///   u = scale16(acc, shift)   v = add16(mul_q15(u, mult), bias)   p = prelu16(v, slope)
///   bit = (what the layer defines) >= sign_at_least
struct ChannelAffine {
  std::int16_t mult = 0;
  std::int16_t bias = 0;
  std::int16_t slope = 0;          ///< Q15, PReLU below zero
  std::int16_t sign_at_least = 0;  ///< unused (0) where no sign follows

  bool operator==(const ChannelAffine&) const = default;
};

struct Affine {
  std::int8_t shift = 0;                ///< applied to the accumulator, [-31, 15]
  std::vector<ChannelAffine> channels;  // [outputs]
};

// ---- prepared by a set ----

/// A set's own copy of some weights or constants. Opaque outside the set that made it.
using Prepared = AlignedVector<std::byte>;

/// ±1 weights [outputs][inputs].
struct BitLayer {
  Prepared weights;
  int outputs = 0, inputs = 0;
};

/// int8 weights [outputs][inputs].
struct Int8Layer {
  Prepared weights;
  int outputs = 0, inputs = 0;
};

// ---- constants, the same for all sets ----

/// The int16 memory filter of BlockParams::memory with its BN, PReLU and sign.
struct MemoryFilter {
  const std::int16_t* taps;  // w16 [channels][8], five used, the others 0
  const Affine& affine;      // [channels]; shift in [0, 15], mult not used
};

/// BN and PReLU of the outputs of a front-end layer, by column: each [channels].
struct Activation {
  const std::int16_t *mult, *bias, *slope;
  int channels, shift;  ///< shift in [-31, 15]
};

// ---- activations ----

/// `count` rows of bits, BitMatrix::row_words_for(inputs of the layer) apart.
struct BitRows {
  const std::uint64_t* words = nullptr;
  int count = 0;
};

/// `count` rows of int8 values, `stride` apart: a multiple of 16, or count = 1. The bytes of a row past the
/// layer's inputs, up to the next multiple of 16, may be read, never used.
struct Int8Rows {
  const std::int8_t* values = nullptr;
  int stride = 0, count = 0;
};

/// int16 lanes per channel of the residual stream.
[[nodiscard]] constexpr int residual_stride(int steps) noexcept {
  return (steps + 7) / 8 * 8;
}

/// The residual stream of a window: [channels][residual_stride(steps)].
template <class T>
struct BasicResidual {
  T* values = nullptr;
  int channels = 0, steps = 0;

  [[nodiscard]] int stride() const noexcept { return residual_stride(steps); }
  operator BasicResidual<const T>() const noexcept  // NOLINT(google-explicit-constructor)
      requires(!std::is_const_v<T>) {
    return {values, channels, steps};
  }
};
using Residual = BasicResidual<std::int16_t>;
using ConstResidual = BasicResidual<const std::int16_t>;

}  // namespace kwsd
