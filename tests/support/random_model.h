// A valid model of any shape and kind from a seed. Thread: any.
#pragma once

#include "engine/model/model.h"

namespace kwsd::test {

struct RandomModelOptions {
  int steps = 8;
  int memory_size = 128;
  int hidden_size = 256;
  int blocks = 8;
  int labels = 12;
  int coefficients = 32;
  bool spectrum = false;  ///< a first layer whose channels are the rows of the next
  int conv_channels[2] = {16, 32};
  LayerKind conv2 = LayerKind::int8;   ///< int8, bit1 or bitn
  LayerKind linear = LayerKind::int8;  ///< int8, bit1 or bitn
  int planes = 4;                      ///< of the bitn layers
  LayerKind memory = LayerKind::int8;  ///< int8 or bit1
  LayerKind classifier = LayerKind::int8;
};

[[nodiscard]] BitMatrix random_bits(unsigned seed, int rows, int cols);
[[nodiscard]] Model random_model(unsigned seed, const RandomModelOptions& options = {});

}  // namespace kwsd::test
