#include "app/enroll/second_fit.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "app/enroll/enroll.h"
#include "engine/features/mfcc.h"
#include "engine/model/error.h"
#include "tests/unit/app/enroll/tones.h"

namespace kwsd {
namespace {

Network network_of(const Model& model) {
  return {std::make_shared<const Model>(model), select_kernels("auto")};
}

std::vector<Variation> rising_variations(const Negatives& negatives) {
  const auto features = std::make_shared<const MfccTables>(negatives.features);
  return variations_of(features, tones(rising, 1), negatives, {}, 1);
}

TEST_CASE("the engine computes the posteriors that the fit of a second stage has chosen thresholds by") {
  const auto base = shipped_base();
  REQUIRE(base->second);
  const Negatives negatives = few_negatives(80);
  EnrollOptions options;
  options.word = options.name = "whistle";
  options.leave_out = false;
  const Model both =
      Enroller(base, select_kernels("auto"), negatives, 2).enroll({rising_clips()[1]}, options).model;
  REQUIRE(both.second);
  Model one = both;
  one.second = nullptr;
  const FirstOnNegatives of_first = first_on_negatives(network_of(one), negatives, 2);
  const FirstOnNegatives of_both = first_on_negatives(network_of(both), negatives, 1);
  const Opened opened = SecondFit(*base, select_kernels("auto"), negatives, 2).open(of_first);
  CHECK(opened.gate == Approx(both.second->gate));
  REQUIRE(of_both.ends == of_first.ends);
  std::size_t changed = 0;
  for (std::size_t b = 0; b < branch_count; ++b) {
    for (std::size_t w = 0; w < of_first.ends.size(); ++w) {
      const float first = of_first.posteriors[b][w];
      if (std::abs(first - both.second->gate) < 1e-4F) continue;  // the last bit of a sum decides
      float wanted = first;
      if (first >= both.second->gate) {
        REQUIRE(opened.row_of[w] >= 0);
        wanted = posterior_of_both(*both.second, first,
                                   opened.vectors.of(0, static_cast<std::size_t>(opened.row_of[w])));
        ++changed;
      }
      CHECK(of_both.posteriors[b][w] == Approx(wanted).margin(1e-4));
    }
  }
  CHECK(changed > 10);
}

TEST_CASE("the gate opens for a small share of other people's talk") {
  const auto base = shipped_base();
  const Negatives negatives = few_negatives();
  Model model = *base;
  model.second = nullptr;
  const FirstOnNegatives first = first_on_negatives(network_of(model), negatives, 2);
  const Opened opened = SecondFit(*base, select_kernels("auto"), negatives, 2).open(first);
  std::size_t talk = 0;
  std::size_t open = 0;
  for (std::size_t w = 0; w < first.ends.size(); ++w) {
    if (negatives.runs[first.runs[w]].kind == NegativeKind::plain) {
      ++talk;
      open += first.posteriors[0][w] >= opened.gate ? 1U : 0U;
    }
  }
  CHECK(static_cast<double>(open) / static_cast<double>(talk) == Approx(0.03).margin(0.005));
  CHECK(std::count_if(opened.row_of.begin(), opened.row_of.end(), [](auto row) { return row >= 0; }) ==
        static_cast<std::ptrdiff_t>(opened.vectors.windows()));
}

TEST_CASE("posteriors that are too sure are spread about the middle, those of an unknown word stay") {
  const Negatives negatives = few_negatives(120);
  EnrollOptions options;
  options.word = options.name = "whistle";
  options.leave_out = false;
  Model model = Enroller(shipped_base(), select_kernels("auto"), negatives, 2)
                    .enroll({rising_clips()[1]}, options)
                    .model;
  model.second = nullptr;
  constexpr float too_sure = 6;
  for (Branch& branch : model.branches) {
    for (std::vector<float>* values : {&branch.classifier.scale, &branch.classifier.bias}) {
      for (float& value : *values) value *= too_sure;
    }
  }
  const auto variations = rising_variations(negatives);
  const FirstOnNegatives before = first_on_negatives(network_of(model), negatives, 2);
  spread_posteriors(model, before, variations, select_kernels("auto"));
  const FirstOnNegatives after = first_on_negatives(network_of(model), negatives, 2);
  for (std::size_t b = 0; b < branch_count; ++b) {
    std::vector<float> values = after.posteriors[b];
    std::sort(values.rbegin(), values.rend());
    CHECK(values[static_cast<std::size_t>(60 * after.hours)] == Approx(0.119).margin(0.02));  // logit -2
    const auto top = [](const std::vector<float>& v) {
      return std::max_element(v.begin(), v.end()) - v.begin();
    };
    CHECK(top(before.posteriors[b]) == top(after.posteriors[b]));
  }
  Model unknown = *shipped_base();  // "yes" is not what was said
  unknown.second = nullptr;
  const auto bytes = unknown.branches[0].classifier.scale;
  spread_posteriors(unknown, first_on_negatives(network_of(unknown), negatives, 2), variations,
                    select_kernels("auto"));
  CHECK(unknown.branches[0].classifier.scale == bytes);
}

TEST_CASE("without a recording there is no second stage, and other features are an error") {
  const auto base = shipped_base();
  Negatives negatives = few_negatives();
  const SecondFit fit(*base, select_kernels("auto"), negatives, 1);
  CHECK(fit.fit(Opened{}, {}, base->labels) == nullptr);
  Model model = *base;
  model.features.mean[0] += 1;
  model.second = nullptr;
  CHECK_THROWS_AS(first_on_negatives(network_of(model), negatives, 1), Error);
}

}  // namespace
}  // namespace kwsd
