// The network against a naive computation of whole windows: bit for bit, every kernel set and layer kind.
#include "engine/nn/network.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "engine/model/capabilities.h"
#include "tests/support/naive_network.h"
#include "tests/support/random_model.h"

namespace {

using namespace kwsd;
using namespace kwsd::test;

std::vector<std::int8_t> random_frames(unsigned seed, int count, std::uint32_t coefficients) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0, 30);
  std::vector<std::int8_t> out(static_cast<std::size_t>(count) * coefficients);
  std::generate(out.begin(), out.end(),
                [&] { return static_cast<std::int8_t>(std::clamp(normal(generator), -127.0F, 127.0F)); });
  return out;
}

/// Runs `windows` windows `hop` frames apart, changing branches, and compares each with the naive logits.
void compare(const Model& model, const Kernels& kernels, int hop, int windows) {
  const auto shared = std::make_shared<const Model>(model);
  const Network network(shared, kernels);
  Stream stream(network);
  const std::size_t width = model.features.coefficients;
  const int frames = model.window_frames() + hop * (windows - 1);
  const auto data = random_frames(3, frames, model.features.coefficients);
  std::vector<float> posteriors(model.labels.size());
  int window = 0;
  for (int f = 0; f < frames; ++f) {
    stream.push_frame(std::span(data).subspan(static_cast<std::size_t>(f) * width, width));
    if (f + 1 < model.window_frames()) {
      REQUIRE_FALSE(stream.window_ready());
    } else if ((f + 1 - model.window_frames()) % hop == 0) {
      REQUIRE(stream.window_ready());
      const auto branch = static_cast<BranchId>(window++ % branch_count);
      stream.classify(branch, posteriors);
      const auto first = data.begin() + static_cast<std::ptrdiff_t>(width) * (f + 1 - model.window_frames());
      const auto last = data.begin() + static_cast<std::ptrdiff_t>(width) * (f + 1);
      const auto expected = naive_logits(model, {first, last}, branch);
      REQUIRE(std::vector<float>(stream.logits().begin(), stream.logits().end()) == expected);
      float sum = 0;
      for (const float p : posteriors) {
        REQUIRE((p >= 0 && p <= 1));
        sum += p;
      }
      REQUIRE(sum == Approx(1).margin(1e-5));
    }
  }
  REQUIRE(window == windows);
}

}  // namespace

TEST_CASE("a stream computes what the definition says, on every kernel set") {
  for (const Kernels* kernels : all_kernels()) {
    if (!kernels->supported()) continue;
    DYNAMIC_SECTION(kernels->name) {
      SECTION("the shapes of the paper") {
        compare(random_model(1), *kernels, 4, 4);
      }
      SECTION("the small net") {
        RandomModelOptions o;
        o.memory_size = 32;
        o.hidden_size = 64;
        compare(random_model(2, o), *kernels, 4, 4);
      }
      SECTION("all inner layers 1-bit") {
        RandomModelOptions o;
        o.conv2 = o.linear = o.memory = LayerKind::bit1;
        compare(random_model(3, o), *kernels, 4, 4);
      }
      SECTION("convs over the rows that a first layer makes") {
        RandomModelOptions o;
        o.spectrum = true;
        o.conv2 = GENERATE(Catch::Generators::from_range(kinds_at(Place::conv)));
        compare(random_model(8, o), *kernels, 4, 3);
      }
      SECTION("maxima of rows and positions") {
        RandomModelOptions o;
        o.spectrum = GENERATE(false, true);
        o.conv_channels[0] = 5;
        std::tie(o.pool[0], o.pool[1], o.pool[2]) =
            GENERATE(table<int, int, int>({{1, 1, 2}, {2, 1, 1}, {2, 2, 2}, {3, 2, 3}}));
        compare(random_model(12, o), *kernels, 4, 3);
      }
      SECTION("few-bit activations, float classifier") {
        RandomModelOptions o;
        o.conv2 = o.linear = LayerKind::bitn;
        o.planes = GENERATE(2, 3, 4);
        o.classifier = GENERATE(LayerKind::float32, LayerKind::unit);
        compare(random_model(4, o), *kernels, 4, 3);
      }
      SECTION("any number of steps and channels") {
        RandomModelOptions o;
        std::tie(o.steps, o.memory_size, o.hidden_size) = GENERATE(table<int, int, int>({{1, 1, 5},
                                                                                         {1, 65, 129},
                                                                                         {3, 7, 129},
                                                                                         {3, 130, 5},
                                                                                         {8, 65, 5},
                                                                                         {8, 1, 129},
                                                                                         {9, 130, 129},
                                                                                         {9, 7, 5},
                                                                                         {16, 65, 129},
                                                                                         {16, 130, 5}}));
        o.blocks = 3;
        compare(random_model(5, o), *kernels, 4, 3);
      }
    }
  }
}

TEST_CASE("windows may be any number of frames apart") {
  RandomModelOptions o;
  o.memory_size = 24;
  o.hidden_size = 40;
  o.blocks = 4;
  compare(random_model(6, o), select_kernels("auto"), GENERATE(1, 2, 3, 4, 5, 8, 45), 9);
}

TEST_CASE("a reset stream is a new stream") {
  const auto model = std::make_shared<const Model>(random_model(7));
  const Network network(model, select_kernels("auto"));
  Stream used(network);
  Stream fresh(network);
  const auto noise = random_frames(1, 50, 32);
  const auto data = random_frames(2, model->window_frames(), 32);
  for (std::size_t f = 0; f < 50; ++f) used.push_frame(std::span(noise).subspan(f * 32, 32));
  std::vector<float> a(12);
  std::vector<float> b(12);
  used.classify(BranchId::full, a);
  used.reset();
  for (std::size_t f = 0; f < data.size() / 32; ++f) {
    CHECK_FALSE(used.window_ready());
    used.push_frame(std::span(data).subspan(f * 32, 32));
    fresh.push_frame(std::span(data).subspan(f * 32, 32));
  }
  used.classify(BranchId::half, a);
  fresh.classify(BranchId::half, b);
  CHECK(a == b);
}
