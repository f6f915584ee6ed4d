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

void push_made_up_frames(Stream& stream, const Model& model) {
  std::uint64_t x = 1;
  std::vector<std::int8_t> frame(model.features.coefficients);
  for (int f = 0; f < model.window_frames(); ++f) {
    for (std::int8_t& q : frame) {
      x = x * 6364136223846793005U + 1442695040888963407U;
      q = static_cast<std::int8_t>(static_cast<int>((x >> 33U) % 161U) - 80);
    }
    stream.push_frame(frame);
  }
}

}  // namespace

TEST_CASE("shipped models compute the golden tensors") {
  const std::filesystem::path models = KWSD_SOURCE "/models";
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(models / "golden")) {
    const std::string name = entry.path().stem().string();
    CAPTURE(name);
    const Golden golden = read_golden(entry.path());
    const auto model = std::make_shared<const Model>(load_model(models / (name + ".kwsm")));
    for (const Kernels* kernels : all_kernels()) {
      if (!kernels->supported()) continue;
      CAPTURE(kernels->name);
      const Network network(model, *kernels);
      for (const BranchId id : {BranchId::full, BranchId::half, BranchId::quarter}) {
        std::size_t seen = 0;
        Stream stream(network, [&](const LayerOutput& out) {
          const auto key =
              std::string(branch_name(id)) + " " + std::string(out.name) + " " + std::to_string(out.index);
          const auto expected = golden.hashes.find(key);
          if (expected == golden.hashes.end()) return;
          CAPTURE(key);
          std::ostringstream hash;
          hash << std::hex << std::setw(16) << std::setfill('0') << fnv1a(out.values);
          CHECK(hash.str() == expected->second);
          ++seen;
        });
        push_made_up_frames(stream, *model);
        std::vector<float> posteriors(model->labels.size());
        stream.classify(id, posteriors);
        REQUIRE(seen == 1 + 3 * model->branches[static_cast<std::size_t>(id)].blocks.size());
        const auto& logits = golden.logits.at(branch_name(id));
        REQUIRE(logits.size() == stream.logits().size());
        for (std::size_t n = 0; n < logits.size(); ++n) {
          CHECK(stream.logits()[n] == Approx(logits[n]).margin(logit_tolerance));
        }
      }
    }
    ++files;
  }
  REQUIRE(files > 0);
}
