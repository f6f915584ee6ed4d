#include "models/trainer/net/row_ops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "models/trainer/net/binarize.h"

// One copy of each loop per vector unit, chosen at start.
#if defined(__x86_64__)
#define KWSD_VECTORIZED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define KWSD_VECTORIZED
#endif

namespace kwsd::train {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

/// BN of one row: y = scale · x + shift = gain · (x - mean) · inverse + bias.
struct Row {
  float mean = 0, inverse = 1, gain = 1, bias = 0;
  [[nodiscard]] float scale() const { return gain * inverse; }
  [[nodiscard]] float shift() const { return bias - mean * scale(); }
};

/// Sums of the gradient of BN's output: alone, times the normalized input, and that of the slope.
struct Sums {
  float gradient = 0, normalized = 0, slope = 0;
};

KWSD_VECTORIZED float row_sum(const float* x, std::int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

KWSD_VECTORIZED float row_squares(const float* x, float mean, std::int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += (x[i] - mean) * (x[i] - mean);
  return sum;
}

KWSD_VECTORIZED void row_sign(const float* x, Row row, std::int64_t n, float* y) {
  const float scale = row.scale();
  const float shift = row.shift();
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] * scale + shift >= 0 ? 1.0F : -1.0F;
}

KWSD_VECTORIZED Sums row_sign_back(const float* x, const float* g, Row row, bool polynomial, std::int64_t n,
                                   float* out) {
  const float scale = row.scale();
  const float shift = row.shift();
  float sum = 0;
  float product = 0;
#pragma omp simd reduction(+ : sum, product)
  for (std::int64_t i = 0; i < n; ++i) {
    const float size = std::fabs(x[i] * scale + shift);
    const float slope = 2 - 2 * size;
    const float straight = size <= 1 ? 1.0F : 0.0F;
    const float window = polynomial ? (slope > 0 ? slope : 0.0F) : straight;
    out[i] = g[i] * window;
    sum += out[i];
    product += out[i] * (x[i] - row.mean) * row.inverse;
  }
  return {sum, product, 0};
}

/// y += PReLU(BN(x)).
KWSD_VECTORIZED void row_slope(const float* x, Row row, float slope, std::int64_t n, float* y) {
  const float scale = row.scale();
  const float shift = row.shift();
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const float z = x[i] * scale + shift;
    y[i] += z > 0 ? z : slope * z;
  }
}

KWSD_VECTORIZED Sums row_slope_back(const float* x, const float* g, Row row, float slope, std::int64_t n,
                                    float* out) {
  const float scale = row.scale();
  const float shift = row.shift();
  float sum = 0;
  float product = 0;
  float of_slope = 0;
#pragma omp simd reduction(+ : sum, product, of_slope)
  for (std::int64_t i = 0; i < n; ++i) {
    const float z = x[i] * scale + shift;
    out[i] = z > 0 ? g[i] : slope * g[i];
    of_slope += z > 0 ? 0.0F : z * g[i];
    sum += out[i];
    product += out[i] * (x[i] - row.mean) * row.inverse;
  }
  return {sum, product, of_slope};
}

/// From the gradient of BN's output to that of its input, in place. `share`: 1 / n while training, else 0.
KWSD_VECTORIZED void row_norm_back(const float* x, Row row, Sums sums, float share, std::int64_t n,
                                   float* g) {
  const float scale = row.scale();
  const float mean_gradient = sums.gradient * share;
  const float factor = sums.normalized * share * row.inverse;
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) g[i] = scale * (g[i] - mean_gradient - (x[i] - row.mean) * factor);
}

/// y[i] += tap · (inside[i] ? x[i] : outside); x is shifted by the caller.
KWSD_VECTORIZED void row_tap(const float* x, const float* inside, float tap, float outside, std::int64_t n,
                             float* y) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) y[i] += tap * (inside[i] != 0 ? x[i] : outside);
}

/// The tap's own gradient; gx (shifted like x) gets that of the input.
KWSD_VECTORIZED float row_tap_back(const float* x, const float* inside, const float* g, float tap,
                                   float outside, std::int64_t n, float* gx) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) {
    sum += g[i] * (inside[i] != 0 ? x[i] : outside);
    gx[i] += tap * g[i] * inside[i];
  }
  return sum;
}

/// Statistics of this batch, or the running ones; rows as [C][4] floats for the backward pass.
Tensor row_statistics(const Tensor& x, const RowNorm& norm) {
  const auto n = x.size(1);
  Tensor rows = torch::empty({x.size(0), 4});
  auto* row = reinterpret_cast<Row*>(rows.data_ptr<float>());
  auto mean = norm.mean.accessor<float, 1>();
  auto variance = norm.variance.accessor<float, 1>();
  const auto gain = norm.gain.accessor<float, 1>();
  const auto bias = norm.bias.accessor<float, 1>();
  const auto momentum = static_cast<float>(norm_momentum);
  for (std::int64_t c = 0; c < x.size(0); ++c) {
    float m = mean[c];
    float v = variance[c];
    if (norm.training) {
      const float* values = x.data_ptr<float>() + c * n;
      m = row_sum(values, n) / static_cast<float>(n);
      const float squares = row_squares(values, m, n);
      v = squares / static_cast<float>(n);
      mean[c] += momentum * (m - mean[c]);
      variance[c] +=
          momentum * (squares / static_cast<float>(std::max<std::int64_t>(n - 1, 1)) - variance[c]);
    }
    row[c] = {m, 1.0F / std::sqrt(v + static_cast<float>(norm_epsilon)), gain[c], bias[c]};
  }
  return rows;
}

Row row_of(const Tensor& rows, std::int64_t c) {
  return reinterpret_cast<const Row*>(rows.data_ptr<float>())[c];
}

/// Gradients of x, gain, bias and slope from those of a row function `back(x, g, row, c, out)`.
template <class Back>
std::array<Tensor, 4> norm_gradients(const Tensor& x, const Tensor& rows, const Tensor& gradient,
                                     bool training, Back&& back) {
  const Tensor g = gradient.contiguous();
  const auto n = x.size(1);
  std::array<Tensor, 4> out{torch::empty_like(x), torch::empty(x.size(0)), torch::empty(x.size(0)),
                            torch::empty(x.size(0))};
  const float share = training ? 1.0F / static_cast<float>(n) : 0.0F;
  for (std::int64_t c = 0; c < x.size(0); ++c) {
    const Row row = row_of(rows, c);
    const float* values = x.data_ptr<float>() + c * n;
    float* gx = out[0].data_ptr<float>() + c * n;
    const Sums sums = back(values, g.data_ptr<float>() + c * n, row, c, gx);
    row_norm_back(values, row, sums, share, n, gx);
    out[1].data_ptr<float>()[c] = sums.normalized;
    out[2].data_ptr<float>()[c] = sums.gradient;
    out[3].data_ptr<float>()[c] = sums.slope;
  }
  return out;
}

struct NormSign : torch::autograd::Function<NormSign> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& gain, const Tensor& bias,
                        const RowNorm& norm, bool polynomial) {
    static_cast<void>(gain), static_cast<void>(bias);  // inputs, so that they get gradients
    const Tensor rows = row_statistics(x, norm);
    const auto n = x.size(1);
    Tensor y = torch::empty_like(x);
    for (std::int64_t c = 0; c < x.size(0); ++c) {
      row_sign(x.data_ptr<float>() + c * n, row_of(rows, c), n, y.data_ptr<float>() + c * n);
    }
    context->save_for_backward({x, rows});
    context->saved_data["polynomial"] = polynomial;
    context->saved_data["training"] = norm.training;
    return y;
  }
  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const auto saved = context->get_saved_variables();
    const bool polynomial = context->saved_data["polynomial"].toBool();
    const auto n = saved[0].size(1);
    auto g = norm_gradients(saved[0], saved[1], gradients[0], context->saved_data["training"].toBool(),
                            [&](const float* x, const float* gy, const Row& row, std::int64_t, float* out) {
                              return row_sign_back(x, gy, row, polynomial, n, out);
                            });
    return {g[0], g[1], g[2], Tensor(), Tensor()};
  }
};

struct NormSlope : torch::autograd::Function<NormSlope> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& gain, const Tensor& bias,
                        const Tensor& slope, const Tensor& residual, const RowNorm& norm) {
    static_cast<void>(gain), static_cast<void>(bias);
    const Tensor rows = row_statistics(x, norm);
    const auto n = x.size(1);
    Tensor y = residual.clone(torch::MemoryFormat::Contiguous);
    for (std::int64_t c = 0; c < x.size(0); ++c) {
      row_slope(x.data_ptr<float>() + c * n, row_of(rows, c), slope.data_ptr<float>()[c], n,
                y.data_ptr<float>() + c * n);
    }
    context->save_for_backward({x, rows, slope});
    context->saved_data["training"] = norm.training;
    return y;
  }
  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const auto saved = context->get_saved_variables();
    const float* slope = saved[2].data_ptr<float>();
    const auto n = saved[0].size(1);
    auto g = norm_gradients(saved[0], saved[1], gradients[0], context->saved_data["training"].toBool(),
                            [&](const float* x, const float* gy, const Row& row, std::int64_t c, float* out) {
                              return row_slope_back(x, gy, row, slope[c], n, out);
                            });
    return {g[0], g[1], g[2], g[3], gradients[0], Tensor()};
  }
};

constexpr std::int64_t tap_count = 5;

/// inside[k][i]: whether step i + k - before belongs to the same clip as step i.
std::vector<float> inside_table(std::int64_t n, std::int64_t steps, std::int64_t before) {
  std::vector<float> inside(static_cast<std::size_t>(tap_count * n));
  for (std::int64_t k = 0; k < tap_count; ++k) {
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t t = i % steps + k - before;
      inside[static_cast<std::size_t>(k * n + i)] = t >= 0 && t < steps ? 1.0F : 0.0F;
    }
  }
  return inside;
}

struct MemoryFilter : torch::autograd::Function<MemoryFilter> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& taps, std::int64_t steps,
                        double outside, std::int64_t before) {
    const auto n = x.size(1);
    const std::vector<float> inside = inside_table(n, steps, before);
    std::vector<float> padded(static_cast<std::size_t>(n + tap_count - 1), 0.0F);
    Tensor y = torch::zeros_like(x);
    for (std::int64_t c = 0; c < x.size(0); ++c) {
      std::copy_n(x.data_ptr<float>() + c * n, n, padded.data() + before);
      for (std::int64_t k = 0; k < tap_count; ++k) {
        row_tap(padded.data() + k, inside.data() + k * n, taps.data_ptr<float>()[c * tap_count + k],
                static_cast<float>(outside), n, y.data_ptr<float>() + c * n);
      }
    }
    context->save_for_backward({x, taps});
    context->saved_data["steps"] = steps;
    context->saved_data["outside"] = outside;
    context->saved_data["before"] = before;
    return y;
  }
  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor g = gradients[0].contiguous();
    const auto n = g.size(1);
    const auto before = context->saved_data["before"].toInt();
    const std::vector<float> inside = inside_table(n, context->saved_data["steps"].toInt(), before);
    const auto outside = static_cast<float>(context->saved_data["outside"].toDouble());
    std::vector<float> padded(static_cast<std::size_t>(n + tap_count - 1), 0.0F);
    std::vector<float> back(padded.size());
    Tensor gx = torch::empty_like(g);
    Tensor gtaps = torch::empty_like(saved[1]);
    for (std::int64_t c = 0; c < g.size(0); ++c) {
      std::copy_n(saved[0].data_ptr<float>() + c * n, n, padded.data() + before);
      std::fill(back.begin(), back.end(), 0.0F);
      for (std::int64_t k = 0; k < tap_count; ++k) {
        gtaps.data_ptr<float>()[c * tap_count + k] =
            row_tap_back(padded.data() + k, inside.data() + k * n, g.data_ptr<float>() + c * n,
                         saved[1].data_ptr<float>()[c * tap_count + k], outside, n, back.data() + k);
      }
      std::copy_n(back.data() + before, n, gx.data_ptr<float>() + c * n);
    }
    return {gx, gtaps, Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor norm_rows(const Tensor& x, const RowNorm& norm) {
  return torch::batch_norm(x.unsqueeze(0), norm.gain, norm.bias, norm.mean, norm.variance, norm.training,
                           norm_momentum, norm_epsilon, false)
      .squeeze(0);
}

Tensor norm_sign(const Tensor& x, const RowNorm& norm, bool polynomial) {
  return x.is_cpu() ? NormSign::apply(x.contiguous(), norm.gain, norm.bias, norm, polynomial)
                    : plain::norm_sign(x, norm, polynomial);
}

Tensor norm_slope(const Tensor& x, const RowNorm& norm, const Tensor& slope, const Tensor& residual) {
  if (!x.is_cpu()) {
    return plain::norm_slope(x, norm, slope, residual);
  }
  const Tensor added = residual.defined() ? residual : torch::zeros_like(x);
  return NormSlope::apply(x.contiguous(), norm.gain, norm.bias, slope.contiguous(), added, norm);
}

Tensor memory_filter(const Tensor& x, const Tensor& taps, std::int64_t steps, double outside,
                     std::int64_t before) {
  return x.is_cpu() ? MemoryFilter::apply(x.contiguous(), taps.contiguous(), steps, outside, before)
                    : plain::memory_filter(x, taps, steps, outside, before);
}

namespace plain {

Tensor norm_sign(const Tensor& x, const RowNorm& norm, bool polynomial) {
  return binarize_activation(norm_rows(x, norm),
                             polynomial ? Binarizer::bi_real : Binarizer::straight_through, 0);
}

Tensor norm_slope(const Tensor& x, const RowNorm& norm, const Tensor& slope, const Tensor& residual) {
  const Tensor y = torch::prelu(norm_rows(x, norm).unsqueeze(0), slope).squeeze(0);
  return residual.defined() ? residual + y : y;
}

Tensor memory_filter(const Tensor& x, const Tensor& taps, std::int64_t steps, double outside,
                     std::int64_t before) {
  namespace fn = torch::nn::functional;
  const Tensor clips = x.view({x.size(0), -1, steps});
  const Tensor padded = fn::pad(clips, fn::PadFuncOptions({before, tap_count - 1 - before}).value(outside));
  const Tensor windows = padded.unfold(2, tap_count, 1).reshape({x.size(0), -1, tap_count});  // [C][N][taps]
  return torch::matmul(windows, taps.unsqueeze(2)).squeeze(2);
}

}  // namespace plain

}  // namespace kwsd::train
