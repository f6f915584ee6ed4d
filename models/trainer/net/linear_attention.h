// Attention that is linear in the number of steps (FAVOR+, Choromanski et al. 2020, arXiv 2009.14794).
// Thread: one.
#pragma once

#include <torch/torch.h>

namespace kwsd::train {

/// Orthogonal random directions with the lengths of Gaussian vectors (section 2.4): [features][size].
[[nodiscard]] torch::Tensor orthogonal_directions(std::int64_t features, std::int64_t size);

/// f(q) (f(k)ᵀ v), each row divided by f(q) Σ f(k), for each clip and head: q [B][heads][N][size], k and v
/// [B][heads][M][size], directions w [features][size], without a gradient; gives [B][heads][N][size].
/// f(x) = exp(w x - |x|² / 2) + 1e-4 of x / size^¼, positive random features of the softmax kernel (section
/// 2.3), scaled by the largest exp(w x): of each step in q, of all steps in k. The features of one head are
/// computed at a time, and again for the gradient: they are several times as large as all else in the net.
[[nodiscard]] torch::Tensor linear_attention(const torch::Tensor& q, const torch::Tensor& k,
                                             const torch::Tensor& v, const torch::Tensor& directions);

}  // namespace kwsd::train
