// A spotter that costs little, for tests that need sound to become words.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "engine/spotter/spotter.h"
#include "tests/support/random_model.h"

namespace kwsd::test {

inline std::shared_ptr<const Spotter> small_spotter() {
  RandomModelOptions o;
  o.steps = 2;
  o.memory_size = 3;
  o.hidden_size = 5;
  o.blocks = 2;
  o.labels = 3;
  o.coefficients = 4;
  o.conv_channels[0] = o.conv_channels[1] = 1;
  auto model = std::make_shared<const Model>(random_model(1, o));
  return std::make_shared<const Spotter>(std::vector<std::shared_ptr<const Model>>{std::move(model)},
                                         select_kernels("auto"));
}

}  // namespace kwsd::test
