// The same network in float32, for comparison only: every layer of a model as one operator of XNNPACK on one
// thread, BN folded, PReLU after each layer, the model's own weights as real numbers. Thread: one at a time.
#pragma once

#include <memory>
#include <string_view>

#include "engine/model/model.h"

namespace kwsd {

class FloatNet {
 public:
  /// The library that runs the network, or "" in a build without it.
  static std::string_view library() noexcept;

  /// Throws Error (unavailable) if the library cannot run on this machine, or is not part of this build.
  explicit FloatNet(const Model& model);
  ~FloatNet();

  /// Every step of the front-end, the blocks of the branch, the classifier.
  void run_whole(BranchId branch) noexcept;
  /// The same with only one new step of the front-end, its rows computed once, as kwsd does in a stream. The
  /// cost of keeping the rows is not included.
  void run_in_stream(BranchId branch) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kwsd
