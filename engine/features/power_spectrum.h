// |DFT|^2 of one frame of real samples. Thread: immutable after construction, shared by any number of
// threads; each has a Scratch of its own. No allocation after construction.
//
// The transform is kwsd's own because the network's input is integers made from it: the same recording must
// give the same detections on x86-64 and arm64. Debian's libraries are compiled with different contraction
// rules per architecture, this file is not. With four lanes at a time it also needs a quarter of their
// instructions.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/features/float4.h"

namespace kwsd {

struct Complex4 {
  Float4 re, im;
};

class PowerSpectrum {
 public:
  /// size: a multiple of 32 with no factors but 2, 3 and 5.
  explicit PowerSpectrum(std::size_t size);

  /// Working space of one caller.
  struct Scratch {
    explicit Scratch(const PowerSpectrum& spectrum);
    std::vector<Complex4> lanes, other_lanes;  // (quarter), lane r = points 4 n + r
    std::vector<float> re, im;                 // (half + 1), the last is the first again
  };

  /// power[k] = |sum_n samples[n] exp(-2 pi i k n / size)|^2. samples: (size); power: (size / 2 + 1).
  void compute(std::span<const float> samples, std::span<float> power, Scratch& scratch) const noexcept;

 private:
  /// One pass of the mixed-radix transform of each lane: `blocks` butterflies times `stride` columns.
  struct Stage {
    std::size_t radix, blocks, stride;
    std::vector<float> twiddles;  // [blocks][radix - 1][re, im]: exp(-2 pi i block j / (radix blocks))
  };

  void compute_here(const float* samples, float* power, Scratch& scratch) const noexcept;
  void compute_avx(const float* samples, float* power, Scratch& scratch) const noexcept;
  void split_into_lanes(const float* samples, Scratch& scratch) const noexcept;
  void transform_lanes(Scratch& scratch) const noexcept;
  void join_lanes(Scratch& scratch) const noexcept;
  void unpack_real(const Scratch& scratch, float* power) const noexcept;

  std::size_t half_, quarter_;  // complex points: size / 2 in all, size / 8 in each lane
  std::vector<Stage> stages_;
  std::vector<Complex4> join_twiddles_;  // [quarter / 4][3], lanes = k: exp(-2 pi i k r / half)
  std::vector<Complex4> real_twiddles_;  // [half / 8], lanes = k: exp(-2 pi i k / size)
};

}  // namespace kwsd
