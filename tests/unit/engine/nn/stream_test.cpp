// What a stream promises beside its results: nothing is computed twice, nothing is allocated, and an
// observer sees the layers.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "engine/detect/detector.h"
#include "engine/features/framer.h"
#include "engine/features/mfcc.h"
#include "engine/kernels/fixed_point.h"
#include "engine/kernels/lanes.h"
#include "engine/model/capabilities.h"
#include "engine/nn/network.h"
#include "tests/support/allocations.h"
#include "tests/support/naive_network.h"
#include "tests/support/random_model.h"

namespace {

using namespace kwsd;
using namespace kwsd::test;

std::vector<std::int8_t> ramp(std::size_t frame, std::size_t width) {
  std::vector<std::int8_t> out(width);
  for (std::size_t i = 0; i < width; ++i)
    out[i] = static_cast<std::int8_t>((frame * 37 + i * 11) % 200 - 100);
  return out;
}

RandomModelOptions small_stream() {
  RandomModelOptions o;
  o.memory_size = 24;
  o.hidden_size = 40;
  o.blocks = 4;
  o.labels = 4;
  return o;
}

}  // namespace

TEST_CASE("each row of the front-end is computed once, and only where a window asks for it") {
  const int hop = GENERATE(1, 2, 3, 4, 5, 7, 8, 12);
  CAPTURE(hop);
  const auto model = std::make_shared<const Model>(random_model(21, small_stream()));
  const Network network(model, select_kernels("auto"));
  std::map<std::pair<int, std::int64_t>, int> computed;  // (layer, frame it ends at) -> times
  Stream stream(network, [&](const LayerOutput& layer) {
    if (layer.name == "front-end") ++computed[{layer.index, layer.end}];
  });
  std::set<std::pair<int, std::int64_t>> wanted;
  std::vector<float> posteriors(model->labels.size());
  for (int frame = 1; frame <= 150; ++frame) {
    stream.push_frame(ramp(static_cast<std::size_t>(frame), 32));
    if (!stream.window_ready() || (frame - model->window_frames()) % hop != 0) continue;
    stream.classify(static_cast<BranchId>(frame % 3), posteriors);
    for (int t = 0; t < model->steps; ++t) {
      const int end = frame - t * 4;  // two layers of stride 2
      wanted.insert({2, end});
      wanted.insert({1, end});
      for (int k = 0; k < 5; ++k) wanted.insert({0, end - 2 * k});
    }
  }
  CHECK(computed.size() == wanted.size());
  for (const auto& [row, times] : computed) {
    CAPTURE(row.first, row.second);
    CHECK(wanted.count(row) == 1);
    CHECK(times == 1);
  }
}

TEST_CASE("an observer sees every layer of the branch, and what it sees is what happens") {
  RandomModelOptions o = small_stream();
  o.conv2 = LayerKind::bitn;
  o.linear = LayerKind::bit1;
  const auto model = std::make_shared<const Model>(random_model(22, o));
  const Network network(model, select_kernels("auto"));
  std::vector<std::string> names;
  std::map<std::string, std::vector<std::int32_t>> last;
  std::vector<std::int32_t> conv2_levels;
  Stream watched(network, [&](const LayerOutput& layer) {
    if (layer.name != "front-end") names.push_back(std::string(layer.name) + std::to_string(layer.index));
    if (layer.name == "front-end" && layer.index == 0)
      conv2_levels.assign(layer.values.begin(), layer.values.end());
    last[std::string(layer.name)].assign(layer.values.begin(), layer.values.end());
  });
  Stream plain(network);
  for (int frame = 0; frame < model->window_frames(); ++frame) {
    watched.push_frame(ramp(static_cast<std::size_t>(frame), 32));
    plain.push_frame(ramp(static_cast<std::size_t>(frame), 32));
  }
  std::vector<float> a(4);
  std::vector<float> b(4);
  watched.classify(BranchId::half, a);
  plain.classify(BranchId::half, b);
  CHECK(a == b);
  CHECK(names == std::vector<std::string>{"steps0", "memory1", "hidden1", "project1", "memory3", "hidden3",
                                          "project3", "classifier input0"});
  CHECK(last["steps"].size() == 24 * 8);
  CHECK(last["hidden"].size() == 40 * 8);
  CHECK(last["classifier input"].size() == 24 * 8);
  CHECK(last["front-end"].size() == 24);
  CHECK(conv2_levels.size() == 16 * 16);
  for (const std::int32_t level : conv2_levels) CHECK((std::abs(level) <= 15 && level % 2 != 0));
  // The logits follow from the last output observed.
  for (std::size_t n = 0; n < 4; ++n) {
    std::int32_t sum = 0;
    for (std::size_t k = 0; k < 24 * 8; ++k)
      sum += model->classifier.int8[n * 24 * 8 + k] * last["classifier input"][k];
    const ClassifierParams& p = model->branches[1].classifier;
    CHECK(watched.logits()[n] == p.scale[n] * static_cast<float>(sum) + p.bias[n]);
  }
}

TEST_CASE("from samples to detections nothing is allocated after construction") {
  RandomModelOptions o;
  o.conv2 = GENERATE(Catch::Generators::from_range(kinds_at(Place::conv)));
  o.memory = GENERATE(Catch::Generators::from_range(kinds_at(Place::memory)));
  o.classifier = GENERATE(Catch::Generators::from_range(kinds_at(Place::classifier)));
  const auto model = std::make_shared<const Model>(random_model(23, o));
  for (const Kernels* kernels : all_kernels()) {
    if (!kernels->supported()) continue;
    CAPTURE(kernels->name);
    const Network network(model, *kernels);
    Framer framer(640, 384);
    Mfcc mfcc(model->features);
    Stream stream(network);
    Detector detector(*model, {});
    std::vector<float> samples(1000);
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<float>(i % 63) / 80 - 0.4F;
    std::vector<std::int8_t> frame(32);
    std::vector<float> posteriors(model->labels.size());
    std::size_t windows = 0;
    const AllocationCounter counter;
    for (int i = 0; i < 25; ++i) {
      framer.push(samples, [&](std::span<const float> x, std::int64_t index) {
        mfcc.compute_quantized(x, frame);
        stream.push_frame(frame);
        if (stream.window_ready()) {
          stream.classify(static_cast<BranchId>(index % 3), posteriors);
          (void)detector.push(posteriors, index * 384 + 640, static_cast<BranchId>(index % 3));
          ++windows;
        }
      });
    }
    const Allocations made = counter.so_far();
    CHECK(windows > 10);
    CHECK(made.count == 0);
  }
}

TEST_CASE("the lanes are fixed_point.h") {
  const std::vector<int> edges{-32768, -32767, -20000, -4097, -2,    -1,    0,    1,
                               2,      63,     64,     4095,  16384, 32766, 32767};
  for (const int a : edges) {
    for (const int b : edges) {
      const auto x = static_cast<std::int16_t>(a);
      const auto y = static_cast<std::int16_t>(b);
      CHECK(lanes::mul_q15(a, b) == mul_q15(x, y));
      for (const int slope : {0, 1, 1000, 32767}) {
        const auto s = static_cast<std::int16_t>(slope);
        CHECK(lanes::activate(a, b, 77, slope) == prelu16(add16(mul_q15(x, y), 77), s));
      }
    }
  }
  std::mt19937 random(24);
  for (int shift = -31; shift <= 15; ++shift) {
    const lanes::Scale scale(shift);
    std::uniform_int_distribution<int> any(-(1 << 30) + 1, (1 << 30) - 1);
    for (int i = 0; i < 2000; ++i) {
      const int v = any(random) >> (i % 31);
      if (scale(v) != scale16(v, shift)) FAIL("shift " << shift << ", value " << v);
    }
    for (const int v : {-(1 << 30) + 1, -32769, -32768, 0, 32767, 32768, (1 << 30) - 1}) {
      CHECK(scale(v) == scale16(v, shift));
    }
  }
}
