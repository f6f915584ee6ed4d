// The output of each layer of a model for one synthetic window, from the integer network in torch: the tests
// compare every kernel set with it. Thread: one.
#pragma once

#include <filesystem>

#include "engine/model/model.h"

namespace kwsd::train {

/// Writes a text file, one line per tensor: "<branch> <layer> <block> <hash>", hash = FNV-1a of the values as
/// int32, little-endian, in the order of engine/nn/observer.h; then "<branch> logits <value>...". The
/// window's frames: x = x · 6364136223846793005 + 1442695040888963407 (mod 2^64, from x = 1) per value, q =
/// (x >> 33) % 161 - 80. Throws Error (io).
void write_golden(const Model& model, const std::filesystem::path& path);

}  // namespace kwsd::train
