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
  int conv_stride_time[2] = {2, 2};
  int pool[3] = {0, 1, 1};             ///< of the first conv, with conv2 int8: time, stride, freq; 0: none
  LayerKind conv2 = LayerKind::int8;   ///< int8, bit1 or bitn
  LayerKind linear = LayerKind::int8;  ///< int8, bit1 or bitn
  int planes = 4;                      ///< of the bitn layers
  LayerKind memory = LayerKind::int8;  ///< int8 or bit1
  LayerKind classifier = LayerKind::int8;
  bool streaming = false;
  int most_ahead = 0;     ///< of a streaming model's blocks
  bool second = false;    ///< a second stage: a small window net
  int second_blocks = 2;  ///< of the second stage
  float gate = 0.3F;
};

[[nodiscard]] BitMatrix random_bits(unsigned seed, int rows, int cols);
/// The shape of streaming models as they ship: 12 blocks, a step every 48 ms.
[[nodiscard]] RandomModelOptions streaming_options();
[[nodiscard]] Model random_model(unsigned seed, const RandomModelOptions& options = {});

}  // namespace kwsd::test
