#include "app/enroll/score_scale.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace kwsd {
namespace {

constexpr double rare_per_hour = 60;        // windows of negatives that reach the middle of the scale
constexpr float at_rare = -2, at_word = 2;  // logits of these, and of the word
constexpr float least_apart = 1e-3F;        // of the scores of these two

}  // namespace

float highest(std::vector<float> values, std::size_t n) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::min(n, values.size() - 1));
  std::nth_element(values.begin(), at, values.end(), std::greater<>());
  return *at;
}

ScoreScale score_scale(std::vector<float> negatives, std::vector<float> word, double hours) {
  const float rare = highest(std::move(negatives), static_cast<std::size_t>(rare_per_hour * hours));
  const auto middle = word.begin() + static_cast<std::ptrdiff_t>(word.size() / 2);
  std::nth_element(word.begin(), middle, word.end());
  ScoreScale out;
  out.scale = (at_word - at_rare) / std::max(*middle - rare, least_apart);
  out.bias = at_rare - out.scale * rare;
  return out;
}

}  // namespace kwsd
