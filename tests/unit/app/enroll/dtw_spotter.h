// The baseline of tests: templates of a word slid over a stream, as Raven and rustpotter do. Frames of MFCC
// without the first coefficient, each less the mean of its window; distance 1 - cosine; dynamic time warping
// within a band; the distance of a window is the least of all templates. Thread: any, pure.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace kwsd::test {

class DtwSpotter {
 public:
  static constexpr std::size_t coefficients = 12;
  static constexpr int band = 5;
  using Frames = std::vector<std::array<float, coefficients>>;

  /// [frames][width] -> coefficients 1 to 12 of each.
  static Frames frames_of(std::span<const std::int8_t> quantized, std::size_t width,
                          std::span<const float> scale) {
    Frames frames(quantized.size() / width);
    for (std::size_t f = 0; f < frames.size(); ++f) {
      for (std::size_t c = 0; c < coefficients; ++c) {
        frames[f][c] = static_cast<float>(quantized[f * width + c + 1]) / scale[c + 1];
      }
    }
    return frames;
  }

  void add_template(Frames frames) {
    centre(frames);
    templates_.push_back(std::move(frames));
  }

  /// The least distance of the windows that begin at `first`.
  [[nodiscard]] float distance(const Frames& stream, std::size_t first) const {
    float least = std::numeric_limits<float>::infinity();
    for (const Frames& one : templates_) {
      if (first + one.size() <= stream.size()) {
        Frames window(stream.begin() + static_cast<std::ptrdiff_t>(first),
                      stream.begin() + static_cast<std::ptrdiff_t>(first + one.size()));
        centre(window);
        least = std::min(least, warped(one, window));
      }
    }
    return least;
  }

 private:
  /// Less the mean, of length 1: a product is a cosine.
  static void centre(Frames& frames) {
    std::array<float, coefficients> mean{};
    for (const auto& frame : frames) {
      for (std::size_t c = 0; c < coefficients; ++c) {
        mean[c] += frame[c] / static_cast<float>(frames.size());
      }
    }
    for (auto& frame : frames) {
      float squares = 1e-9F;
      for (std::size_t c = 0; c < coefficients; ++c) {
        frame[c] -= mean[c];
        squares += frame[c] * frame[c];
      }
      for (float& value : frame) {
        value /= std::sqrt(squares);
      }
    }
  }

  static float warped(const Frames& a, const Frames& b) {
    const auto n = static_cast<int>(a.size());
    constexpr float far = 1e9F;
    std::vector<float> above(static_cast<std::size_t>(n) + 1, far), row(static_cast<std::size_t>(n) + 1, far);
    above[0] = 0;
    for (int i = 1; i <= n; ++i) {
      std::fill(row.begin(), row.end(), far);
      for (int j = std::max(1, i - band); j <= std::min(n, i + band); ++j) {
        float cosine = 0;
        for (std::size_t c = 0; c < coefficients; ++c) {
          cosine += a[static_cast<std::size_t>(i - 1)][c] * b[static_cast<std::size_t>(j - 1)][c];
        }
        const auto at = static_cast<std::size_t>(j);
        row[at] = 1 - cosine + std::min({above[at], above[at - 1], row[at - 1]});
      }
      std::swap(above, row);
    }
    return above[static_cast<std::size_t>(n)] / static_cast<float>(2 * n);
  }

  std::vector<Frames> templates_;
};

}  // namespace kwsd::test
