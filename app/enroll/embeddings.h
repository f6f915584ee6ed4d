// A window net's output for a sound: the input of its classifier, [C][T] int8, of each window and branch. The
// net is the base, or its second stage, which has the full branch alone. Thread: one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/nn/network.h"
#include "engine/spotter/posterior_stream.h"

namespace kwsd {

/// Embeddings of consecutive windows.
struct Embeddings {
  std::size_t size = 0;                                       ///< C * T
  std::vector<std::int64_t> ends;                             ///< [windows], frames or samples
  std::array<std::vector<std::int8_t>, branch_count> values;  ///< [windows][size] each

  [[nodiscard]] std::size_t windows() const noexcept { return ends.size(); }
  /// Embeddings of the same net.
  void append(const Embeddings& more);
  [[nodiscard]] std::span<const std::int8_t> of(std::size_t branch, std::size_t window) const noexcept {
    return std::span(values[branch]).subspan(window * size, size);
  }
};

/// Turns frames into embeddings, as a stream of the daemon does: the first frame is repeated for the time
/// before the sound.
class Embedder {
 public:
  /// `net`: a window net, or a second stage; it must outlive this. Windows are `hop_frames` apart.
  Embedder(const Network& net, int hop_frames);
  Embedder(const Embedder&) = delete;
  Embedder& operator=(const Embedder&) = delete;

  /// Appends a new sound, [frames][coefficients], to `to`; ends count its frames, from 1.
  void add(std::span<const std::int8_t> frames, Embeddings& to);
  /// The same of the windows that end with the frames `ends`, from 1, ascending.
  void add_at(std::span<const std::int8_t> frames, std::span<const std::int64_t> ends, Embeddings& to);

 private:
  const Model& model_;
  std::size_t branches_;
  int hop_frames_;
  std::vector<std::int8_t> newest_;
  Stream stream_;
};

}  // namespace kwsd
