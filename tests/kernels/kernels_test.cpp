// Every set of all_kernels() against the reference, bit for bit, on every entry point. The buffers end at
// an unmapped page and have guard bytes before them (differential.cpp).
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <set>
#include <tuple>

#include "engine/kernels/sets.h"
#include "engine/model/error.h"
#include "engine/model/model_file.h"
#include "tests/kernels/differential.h"

namespace kwsd::test {
namespace {

constexpr std::uint32_t first_seed = 20220223;

std::string describe(const Kernels& set, const Entry& entry, const Shape& s, Fill fill, std::uint32_t seed) {
  return std::string(set.name) + "." + std::string(entry.name) + " outputs " + std::to_string(s.outputs) +
         " inputs " + std::to_string(s.inputs) + " steps " + std::to_string(s.steps) + " fill " +
         std::to_string(static_cast<int>(fill)) + " seed " + std::to_string(seed) + ": ";
}

/// Checks one shape on every supported set and every entry point.
void check(const Shape& shape, Fill fill, std::uint32_t seed) {
  for (const Kernels* set : all_kernels()) {
    if (!set->supported()) {
      continue;
    }
    for (const Entry& entry : all_entries()) {
      const std::string wrong = entry.differs(*set, shape, fill, seed);
      if (!wrong.empty()) {
        FAIL(describe(*set, entry, shape, fill, seed) << wrong);
      }
    }
  }
}

int varied(std::uint32_t& seed, int low, int high) {
  seed = seed * 1664525U + 1013904223U;
  return low + static_cast<int>((seed >> 8) % static_cast<std::uint32_t>(high - low + 1));
}

TEST_CASE("each kernel set says what it is") {
  for (const Kernels* set : all_kernels()) {
    CHECK_FALSE(set->name.empty());
    CHECK_FALSE(set->description.empty());
    if (set->supported()) {
      CHECK(&select_kernels(set->name) == set);
    } else {
      WARN("not supported on this CPU, not tested: " << set->name);
    }
  }
  CHECK(all_kernels()[0] == &reference_kernels);
  CHECK(select_kernels("auto").supported());
  CHECK_THROWS_AS(select_kernels("abacus"), Error);
}

TEST_CASE("every set equals the reference on inputs 1 to 130") {
  std::uint32_t seed = first_seed;
  for (int inputs = 1; inputs <= 130; ++inputs) {
    check({varied(seed, 1, 40), inputs, varied(seed, 1, 17)}, Fill::random, seed);
  }
}

TEST_CASE("every set equals the reference on outputs 1 to 130") {
  std::uint32_t seed = first_seed + 1;
  for (int outputs = 1; outputs <= 130; ++outputs) {
    check({outputs, varied(seed, 1, 140), varied(seed, 1, 9)}, Fill::random, seed);
  }
}

TEST_CASE("every set equals the reference on steps 1 to 130") {
  std::uint32_t seed = first_seed + 2;
  for (int steps = 1; steps <= 130; ++steps) {
    check({varied(seed, 1, 24), varied(seed, 1, 140), steps}, Fill::random, seed);
  }
}

TEST_CASE("every set equals the reference around 32, 64 and 128") {
  std::uint32_t seed = first_seed + 3;
  const int edges[] = {31, 32, 33, 63, 64, 65, 127, 128, 129};
  for (const int outputs : edges) {
    for (const int inputs : edges) {
      check({outputs, inputs, varied(seed, 1, 8)}, Fill::random, seed);
    }
  }
}

TEST_CASE("every set equals the reference on long rows") {
  std::uint32_t seed = first_seed + 4;
  for (const int inputs : {144, 191, 192, 193, 255, 256,  257,  383,  384,  385,
                           400, 511, 512, 513, 640, 1023, 1024, 1025, 2048, 4099}) {
    check({varied(seed, 1, 20), inputs, varied(seed, 1, 9)}, Fill::random, seed);
  }
}

/// (outputs, inputs, steps) of every layer of one model.
void add_shapes(const Model& model, std::set<std::tuple<int, int, int>>& shapes) {
  for (const ConvLayer& layer : model.front_end) {
    shapes.emplace(layer.out_channels, layer.weights.inputs, layer.out_freq);
  }
  for (int steps = 1; steps <= model.steps + 1; ++steps) {
    shapes.emplace(model.hidden_size, model.memory_size, steps);  // expand
    shapes.emplace(model.memory_size, model.hidden_size, steps);  // project
  }
  shapes.emplace(model.classifier.outputs, model.classifier.inputs, 1);
}

TEST_CASE("every set equals the reference on the layers of the shipped models") {
  std::set<std::tuple<int, int, int>> shapes;
  for (const auto& entry : std::filesystem::directory_iterator(KWSD_SOURCE "/models")) {
    if (entry.path().extension() == ".kwsm") {
      add_shapes(load_model(entry.path()), shapes);
    }
  }
  REQUIRE_FALSE(shapes.empty());
  std::uint32_t seed = first_seed + 5;
  for (const auto& [outputs, inputs, steps] : shapes) {
    check({outputs, inputs, steps}, Fill::random, ++seed);
  }
}

TEST_CASE("every set equals the reference at the edges: signs, zeros, saturation") {
  std::uint32_t seed = first_seed + 6;
  for (const Fill fill : all_fills) {
    for (const Shape& shape :
         {Shape{256, 128, 8}, Shape{128, 256, 8}, Shape{64, 32, 8}, Shape{32, 64, 5}, Shape{33, 400, 8},
          Shape{9, 513, 3}, Shape{17, 1024, 9}, Shape{5, 3000, 2}, Shape{70, 130, 11}, Shape{16, 25, 32}}) {
      for (int round = 0; round < 6; ++round) {  // six sizes of int8 weights
        check(shape, fill, ++seed);
      }
    }
  }
}

/// One shape of any kind, all fills alike: mostly small, at times as large as layers may be.
void check_random_shape(std::uint32_t& seed) {
  const auto size = [&seed](int largest) {
    const int bits = varied(seed, 0, 31 - __builtin_clz(static_cast<unsigned>(largest)));
    return std::min(largest, varied(seed, 1, 2 << bits));
  };
  const Shape shape{size(300), size(2048), size(40)};
  const auto fill =
      all_fills[static_cast<std::size_t>(varied(seed, 0, static_cast<int>(std::size(all_fills)) - 1))];
  check(shape, fill, seed);
}

TEST_CASE("every set equals the reference on random shapes") {
  std::uint32_t seed = first_seed + 7;
  for (int i = 0; i < 25; ++i) {
    check_random_shape(seed);
  }
}

// By hand: KWSD_FUZZ_SECONDS=600 kwsd_kernel_tests "[fuzz]"
TEST_CASE("every set equals the reference on random shapes, for long", "[.][fuzz]") {
  const char* wanted = std::getenv("KWSD_FUZZ_SECONDS");
  const std::time_t start = std::time(nullptr);
  const std::time_t end = start + (wanted != nullptr ? std::atoi(wanted) : 60);
  auto seed = static_cast<std::uint32_t>(start);
  long shapes = 0;
  for (; std::time(nullptr) < end; ++shapes) {
    check_random_shape(seed);
  }
  WARN(shapes << " shapes");
}

}  // namespace
}  // namespace kwsd::test
