// The size of a network: shapes, parameters, multiply-adds. Thread: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/trainer/net/network.h"

namespace kwsd::train {

/// Work of one branch for one clip. Batch norm, PReLU, poolings and residual sums are no multiply-adds here.
struct BranchWork {
  int blocks = 0;           ///< of an FSMN
  std::int64_t real = 0;    ///< multiply-adds, real or int8
  std::int64_t binary = 0;  ///< 1-bit multiply-adds
  [[nodiscard]] double flops() const noexcept {
    return static_cast<double>(real) + static_cast<double>(binary) / 64;
  }
};

struct Description {
  std::vector<LayerSize> layers;     ///< of the full branch
  std::int64_t others = 0;           ///< parameters of batch norms, slopes and tokens, those of all branches
  std::vector<BranchWork> branches;  ///< full first

  [[nodiscard]] std::int64_t parameters() const noexcept;
  /// In bytes: weights by their kind (32, 8 or 1 bit), others in float32.
  [[nodiscard]] std::int64_t bytes() const noexcept;
};

/// The input of a net, if the architecture leaves the choice: all but fsmn.
struct InputSize {
  int frames = 0;  ///< 0: as many as `kwsd-train train` uses
  int samples = 16000;
};

/// The classification of all words, which is for training alone, does not count.
[[nodiscard]] Description describe(const NetOptions& options, const InputSize& input);

/// Markdown: a table of the layers, and the totals.
[[nodiscard]] std::string to_markdown(const Description& description);
/// {"parameters", "bytes", "branches": [{"blocks", "real", "binary", "flops"}], "layers": [...]}
[[nodiscard]] std::string to_json(const Description& description);

}  // namespace kwsd::train
