// The loss of the binary student against the frozen full-precision teacher (paper, section 4.1). Thread: any.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace kwsd::train {

/// The high-frequency part of a feature map [B][C][T]: F minus the mean of its 2x2 block, which is a
/// one-level 2-D Haar transform with LL set to zero. An odd last row or column is averaged with itself.
[[nodiscard]] torch::Tensor haar_high(const torch::Tensor& feature);

/// HED's target, per teacher block: F^² / ||F^²||, F^ = F_H / std(F_H) + F / std(F); squares element by
/// element, norms and deviations per clip: [B][C · T].
[[nodiscard]] std::vector<torch::Tensor> hed_targets(const std::vector<torch::Tensor>& teacher);

/// The same without the enhancement, F^ = F: plain feature distillation, which Table 1 compares HED with.
[[nodiscard]] std::vector<torch::Tensor> plain_targets(const std::vector<torch::Tensor>& teacher);

/// HED: sum over blocks of || S² / ||S²|| − target ||_2, mean over the batch. Student block k of a thinned
/// branch is compared with the teacher block of the same index.
[[nodiscard]] torch::Tensor hed_loss(const std::vector<torch::Tensor>& student,
                                     const std::vector<torch::Tensor>& targets,
                                     const std::vector<int>& blocks);

/// Cross-entropy between softened posteriors, times temperature²: [B].
[[nodiscard]] torch::Tensor logit_loss(const torch::Tensor& student, const torch::Tensor& teacher,
                                       double temperature);

}  // namespace kwsd::train
