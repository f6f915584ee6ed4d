// The same network in float32, for comparison only: every layer of a model as one operator of XNNPACK on one
// thread, BN folded, PReLU after each layer, the model's own weights as real numbers. Thread: one at a time.
#pragma once

#include <memory>
#include <string_view>

#include "engine/model/model.h"

namespace kwsd {

class FloatNet {
 public:
  /// What it runs on, or "" in a build without it.
  static std::string_view library() noexcept;

  /// Throws Error (unavailable) where the library cannot run on this machine, or is not in this build.
  explicit FloatNet(const Model& model);
  ~FloatNet();

  /// Every step of the front-end, the blocks of the branch, the classifier.
  void run_whole(BranchId branch) noexcept;
  /// The same with one new step of the front-end only, its rows computed once, as kwsd does in a stream. What
  /// it would cost to keep the rows is left out.
  void run_in_stream(BranchId branch) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kwsd
