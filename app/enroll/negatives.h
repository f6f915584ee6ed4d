// Negatives as features: other people's speech and the sound of rooms, in the form of the network's input.
// The file is models/negatives.kwsn; models/FORMAT.md describes it. Thread: set-up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/features/feature_params.h"

namespace kwsd {

struct NegativeCollection {
  std::string name, licence;
  double hours = 0;  ///< of the recordings that its runs were chosen from
};

enum class NegativeKind : std::uint8_t {
  plain = 0,  ///< drawn at random
  hard = 1,   ///< what the base took for one of its words, with the surrounding sound
  noise = 2,  ///< no voice in it; drawn at random
};

/// Consecutive frames of a recording.
struct NegativeRun {
  std::size_t collection = 0;
  NegativeKind kind = NegativeKind::plain;
  std::string text;             ///< the transcript of the recording, if known
  std::size_t first_frame = 0;  ///< in Negatives::frames
  std::size_t frames = 0;
  int weight = 1;  ///< how often it counts; not in the file
};

struct Negatives {
  FeatureParams features;
  std::vector<NegativeCollection> collections;
  std::vector<NegativeRun> runs;    // in the order of their frames
  std::vector<std::int8_t> frames;  // [frames][coefficients]

  /// [run.frames][coefficients].
  [[nodiscard]] std::span<const std::int8_t> frames_of(const NegativeRun& run) const noexcept {
    return std::span(frames).subspan(run.first_frame * features.coefficients,
                                     run.frames * features.coefficients);
  }
  /// The runs in which none of `words` is spoken (says_any), as far as it is known.
  [[nodiscard]] std::vector<const NegativeRun*> without(const std::vector<std::string>& words) const;
  /// Of these, other people's talk, drawn at random.
  [[nodiscard]] std::vector<const NegativeRun*> talk_without(const std::vector<std::string>& words) const;
};

/// Largest file that is read at all, bytes.
inline constexpr std::size_t max_negatives_bytes = 16U << 20U;
inline constexpr std::size_t most_negative_collections = 64, most_negative_runs = 65535,
                             most_run_frames = 4096, most_run_text_bytes = 1024, most_licence_bytes = 256;

/// Throws Error (bad_data); `source` names the bytes.
[[nodiscard]] Negatives parse_negatives(std::span<const std::byte> bytes, std::string_view source);
/// Throws Error: no_input when the file cannot be read, bad_data when it is invalid.
[[nodiscard]] Negatives load_negatives(const std::filesystem::path& path);
/// parse_negatives(serialize_negatives(n)) equals n. Throws Error (internal) for negatives that the format
/// cannot hold.
[[nodiscard]] std::vector<std::byte> serialize_negatives(const Negatives& negatives);

}  // namespace kwsd
