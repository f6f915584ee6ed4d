// Logistic regression of one word against what sounds like it. Thread: any, pure; the same bits for the same
// rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kwsd {

/// Weights w such that the sum of w[k] * x[k] tells rows of the word from the others: [size]. Fitted by Adam
/// in random batches, half of whose other rows are among those that score highest, and with so much weight
/// decay that few rows suffice. `word` and `others`: [rows][size], at least one row each.
[[nodiscard]] std::vector<float> logistic_weights(std::span<const std::int8_t> word,
                                                  std::span<const std::int8_t> others, std::size_t size);

/// The sum of w[k] * x[k].
[[nodiscard]] float weighted_sum(std::span<const float> weights, std::span<const std::int8_t> row) noexcept;

}  // namespace kwsd
