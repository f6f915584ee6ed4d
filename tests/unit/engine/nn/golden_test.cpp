// The shipped models against golden tensors that the trainer's own integer network made (`kwsd-train
// golden`, models/trainer/net/golden.h): every layer, every branch, every kernel set of this machine.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <map>
#include <sstream>

#include "engine/kernels/kernels.h"
#include "engine/model/model_file.h"
#include "engine/nn/network.h"

using namespace kwsd;

namespace {

constexpr double logit_tolerance = 2e-4;  // float32 sums, six digits in the file

std::uint64_t fnv1a(std::span<const std::int32_t> values) {
  std::uint64_t hash = 14695981039346656037U;
  for (const std::int32_t value : values) {
    const auto v = static_cast<std::uint32_t>(value);
    for (unsigned byte = 0; byte < 4; ++byte) {
      hash = (hash ^ (v >> (8 * byte) & 0xffU)) * 1099511628211U;
    }
  }
  return hash;
}

struct Golden {
  std::map<std::string, std::string> hashes;         // "full memory 3" -> hash
  std::map<std::string, std::vector<float>> logits;  // branch -> logits
};

Golden read_golden(const std::filesystem::path& path) {
  Golden golden;
  std::ifstream file(path);
  REQUIRE(file);
  for (std::string line; std::getline(file, line);) {
    std::istringstream in(line);
    std::string branch, layer, index, hash;
    in >> branch >> layer;
    if (layer == "logits") {
      for (float v = 0; in >> v;) golden.logits[branch].push_back(v);
    } else {
      in >> index >> hash;
      golden.hashes[branch + " " + layer + " " + index] = hash;
    }
  }
  return golden;
}

constexpr int stream_steps = 40;  // of a streaming model; as in models/trainer/net/golden.cpp
constexpr int steps_at_once = 5;

/// What the layers of a branch compute of the made-up frames: "memory 3" -> all its values. Of a window model
/// those of one window, of a streaming model those of 40 steps, one after the other.
std::map<std::string, std::vector<std::int32_t>> computed(const Network& network, BranchId id,
                                                          std::vector<float>& logits) {
  const Model& model = network.model();
  std::map<std::string, std::vector<std::int32_t>> values;
  Stream stream(network, [&](const LayerOutput& out) {
    auto& all = values[std::string(out.name) + " " + std::to_string(out.index)];
    all.insert(all.end(), out.values.begin(), out.values.end());
  });
  const int frames = model.streaming ? model.step_frames() + (stream_steps - 1) * model.step_stride_frames()
                                     : model.window_frames();
  std::uint64_t x = 1;
  std::vector<std::int8_t> frame(model.features.coefficients);
  for (int f = 1; f <= frames; ++f) {
    for (std::int8_t& q : frame) {
      x = x * 6364136223846793005U + 1442695040888963407U;
      q = static_cast<std::int8_t>(static_cast<int>((x >> 33U) % 161U) - 80);
    }
    stream.push_frame(frame);
    if (f == frames || (model.streaming && f % (steps_at_once * model.step_stride_frames()) == 0)) {
      (void)stream.classify(id);
    }
  }
  logits.assign(stream.logits().begin(), stream.logits().end());
  return values;
}

/// Every layer, branch and kernel set of one model.
void check_golden(const std::filesystem::path& model_file, const std::filesystem::path& golden_file) {
  CAPTURE(model_file);
  const Golden golden = read_golden(golden_file);
  const auto model = std::make_shared<const Model>(load_model(model_file));
  for (const Kernels* kernels : all_kernels()) {
    if (!kernels->supported()) continue;
    CAPTURE(kernels->name);
    const Network network(model, *kernels);
    for (const BranchId id : {BranchId::full, BranchId::half, BranchId::quarter}) {
      std::vector<float> found;
      std::size_t seen = 0;
      for (const auto& [layer, values] : computed(network, id, found)) {
        const auto expected = golden.hashes.find(std::string(branch_name(id)) + " " + layer);
        if (expected == golden.hashes.end()) continue;
        CAPTURE(expected->first);
        std::ostringstream hash;
        hash << std::hex << std::setw(16) << std::setfill('0') << fnv1a(values);
        CHECK(hash.str() == expected->second);
        ++seen;
      }
      REQUIRE(seen == 1 + 3 * model->branches[static_cast<std::size_t>(id)].blocks.size());
      const auto& logits = golden.logits.at(branch_name(id));
      REQUIRE(logits.size() == found.size());
      for (std::size_t n = 0; n < logits.size(); ++n) {
        CHECK(found[n] == Approx(logits[n]).margin(logit_tolerance));
      }
    }
  }
}

}  // namespace

TEST_CASE("shipped models compute the golden tensors") {
  const std::filesystem::path models = KWSD_SOURCE "/models";
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(models / "golden")) {
    check_golden(models / (entry.path().stem().string() + ".kwsm"), entry.path());
    ++files;
  }
  REQUIRE(files > 0);
}

// A random net of four blocks, with steps of two frames, blocks that look ahead and a second stage
// (random_model.h).
TEST_CASE("a streaming model computes the golden tensors") {
  const std::filesystem::path folder = KWSD_SOURCE "/tests/data/golden";
  check_golden(folder / "random-stream.kwsm", folder / "random-stream.txt");
}
