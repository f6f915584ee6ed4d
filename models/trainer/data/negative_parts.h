// The file of negatives in two parts. Thread: any, pure.
#pragma once

#include <memory>

#include "app/enroll/negatives.h"

namespace kwsd::train {

/// Negatives to train on, and those that thresholds are chosen by.
struct NegativeParts {
  std::shared_ptr<const Negatives> training, held_out;
};
/// Holds out a quarter of the runs; runs of the same text stay together, so that a recording with a
/// transcript is in one part. The held-out collections count a share of their hours.
[[nodiscard]] NegativeParts split_negatives(const Negatives& negatives);

}  // namespace kwsd::train
