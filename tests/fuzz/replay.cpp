// Runs the fuzz targets without libFuzzer: every file of the corpus, and mutations of it that are the same in
// every run.
//
// usage: kwsd_fuzz_replay CORPUS [FILE...]          CORPUS has a folder for each target; FILE: only these
//        kwsd_fuzz_replay --write-seeds FOLDER      small models of every kind, as seeds for the target
//        "model"
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "app/base/log.h"
#include "engine/model/capabilities.h"
#include "engine/model/model_file.h"
#include "tests/fuzz/targets.h"
#include "tests/support/random_model.h"

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::byte>;
using Target = void (*)(std::span<const std::byte>);

constexpr int mutations = 300;

Bytes read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// One to four bytes changed, and every third time the end cut off.
Bytes mutate(Bytes bytes, std::mt19937& random) {
  constexpr unsigned edges[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
  for (unsigned n = 1 + random() % 4; n > 0 && !bytes.empty(); --n) {
    const unsigned value = random() % 2 == 0 ? edges[random() % std::size(edges)] : random() % 256;
    bytes[random() % bytes.size()] = static_cast<std::byte>(value);
  }
  if (random() % 3 == 0) {
    bytes.resize(random() % (bytes.size() + 1));
  }
  return bytes;
}

void replay(const fs::path& file, Target target) {
  std::printf("%s\n", file.c_str());
  std::fflush(stdout);
  const Bytes bytes = read_file(file);
  target(bytes);
  std::mt19937 random(1);
  for (int i = 0; i < mutations; ++i) {
    target(mutate(bytes, random));
  }
}

/// Payloads: the target adds the header.
int write_seeds(const fs::path& folder) {
  using kwsd::LayerKind;
  unsigned seed = 0;
  std::vector<LayerKind> kinds = kwsd::kinds_at(kwsd::Place::conv);
  kinds.push_back(LayerKind::int8);  // of a streaming net
  for (const LayerKind conv2 : kinds) {
    kwsd::test::RandomModelOptions o;
    o.streaming = o.second = seed + 1 == kinds.size();
    o.most_ahead = 2;
    o.steps = 2;
    o.memory_size = 3;
    o.hidden_size = 5;
    o.blocks = 2;
    o.labels = 3;
    o.coefficients = 4;
    o.conv_channels[0] = o.conv_channels[1] = conv2 == LayerKind::int8 ? 1 : 16;
    o.conv2 = o.linear = conv2;
    o.spectrum = conv2 == LayerKind::bit1;
    o.memory = conv2 == LayerKind::bit1 ? LayerKind::bit1 : LayerKind::int8;
    o.classifier = conv2 == LayerKind::bitn   ? LayerKind::float32
                   : conv2 == LayerKind::bit1 ? LayerKind::unit
                                              : LayerKind::int8;
    const auto file = kwsd::serialize_model(kwsd::test::random_model(++seed, o));
    std::ofstream out(folder / ("kind" + std::to_string(seed)), std::ios::binary);
    out.write(reinterpret_cast<const char*>(file.data()) + 20,
              static_cast<std::streamsize>(file.size()) - 20);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::pair<const char*, Target> targets[] = {
      {"model", kwsd::fuzz::model},         {"config", kwsd::fuzz::config}, {"control", kwsd::fuzz::control},
      {"mqtt", kwsd::fuzz::mqtt},           {"sound", kwsd::fuzz::sound},   {"wyoming", kwsd::fuzz::wyoming},
      {"negatives", kwsd::fuzz::negatives}, {"web", kwsd::fuzz::web},       {"ws", kwsd::fuzz::ws}};
  kwsd::set_up_log("off");
  if (argc == 3 && std::string(argv[1]) == "--write-seeds") {
    return write_seeds(argv[2]);
  }
  int files = 0;
  for (const auto& [name, target] : targets) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(fs::path(argc > 1 ? argv[1] : ".") / name)) {
      paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    for (const fs::path& path : paths) {
      if (argc < 3 || std::find(argv + 2, argv + argc, path) != argv + argc) {
        replay(path, target);
        ++files;
      }
    }
  }
  return files > 0 ? 0 : 1;
}
