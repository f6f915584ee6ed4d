// Scores of one word -> logits. Thread: any, pure.
#pragma once

#include <vector>

namespace kwsd {

/// logit = scale * score + bias.
struct ScoreScale {
  float scale = 1, bias = 0;
};

/// Spreads the logits between the level that negatives rarely reach and the level of the word, so that
/// neighbouring thresholds can be told apart. At least one score of each; `hours` that the negatives stand
/// for.
[[nodiscard]] ScoreScale score_scale(std::vector<float> negatives, std::vector<float> word, double hours);

/// The n-th highest of at least one value, from 0; the lowest if there are fewer.
[[nodiscard]] float highest(std::vector<float> values, std::size_t n);

}  // namespace kwsd
