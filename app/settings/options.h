// The settings of `kwsd run` and its relatives as plain values. app/settings/settings.h has their names and
// ranges. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/model/model.h"
#include "engine/spotter/spotter.h"

namespace kwsd {

enum class PcmFormat : std::uint8_t { s16le, s24le, s32le, f32le, u8 };

struct InputOptions {
  std::string input = "mic";  ///< "mic", a device, a file, or "-"
  int channel = 1;            ///< counts from 1
  std::uint32_t rate_hz = 16000;
  int channels = 1;
  bool realtime = false;
  PcmFormat pcm_format = PcmFormat::s16le;
};

struct RecognitionOptions {
  std::vector<std::string> models{"commands"};
  std::string kernels = "auto";
  std::string branch = "auto";
  double hop_ms = 0;                    ///< 0: Model::hop_frames
  std::vector<std::string> thresholds;  ///< "0.8" or "stop=0.8"
  std::optional<double> smoothing_ms;   ///< none: the model's
  std::vector<std::string> refractory;  ///< seconds, "1" or "stop=1"; none: the model's
};

struct OutputOptions {
  bool text = false;
  bool no_wall_clock = false;
  double status_interval_seconds = 0;  ///< of stream time; 0: no status events
  std::string clips_dir;               ///< empty: no clips are saved
  std::string near_misses_dir;         ///< empty: none are saved
  int max_clips = 100;
  std::string exec;     ///< shell command for each detection; empty: none
  std::string socket;   ///< path of a Unix socket that serves events; empty: none
  std::string control;  ///< path of a Unix socket that takes requests; empty: none
};

struct RunOptions {
  InputOptions input;
  RecognitionOptions recognition;
  OutputOptions output;
  std::vector<std::string> formats{"json", "s16le"};  ///< as given; sets output.text and input.pcm_format
  std::string log_level = "info";
  int server_threads = 0;  ///< 0: one less than the CPU has cores, at least one
};

/// A value of --threshold or --refractory-seconds.
struct KeywordValue {
  std::string word;  ///< empty: every keyword
  double value = 0;
};
/// Highest value of --refractory-seconds; that of --threshold is 1.
inline constexpr double most_refractory_seconds = 3600;
/// Parses "0.8" or "stop=0.8", 0 to `high`. Throws Error (usage) with the found and the expected value.
[[nodiscard]] KeywordValue parse_keyword_value(const std::string& text, double high);

/// Sets the threshold of one keyword of one model, by their numbers.
using SetThreshold = std::function<void(std::size_t model, int label, float threshold)>;
/// Calls `set` for each keyword that each of the settings names, in their order. Throws Error (usage) for a
/// word that is a keyword of no model.
void apply_thresholds(std::span<const std::string> settings,
                      std::span<const std::shared_ptr<const Model>> models, const SetThreshold& set);

/// The options that replace the models' own values. Throws Error (usage) for a refractory period of a word
/// that is not a keyword of any model.
[[nodiscard]] SpotterOptions spotter_options(const RecognitionOptions& options,
                                             std::span<const std::shared_ptr<const Model>> models);

/// The models of these names or paths, in their order. A model whose bytes equal those of an earlier one,
/// under whatever name, is left out with a warning: it would double every event. Throws Error: what
/// find_model and load_model throw.
[[nodiscard]] std::vector<std::shared_ptr<const Model>> load_models(std::span<const std::string> names);

/// The models that the options name, with their kernel set, hop, smoothing and refractory period. Throws
/// Error: what find_model, load_model and select_kernels throw.
[[nodiscard]] std::shared_ptr<const Spotter> load_spotter(const RecognitionOptions& options);

/// The error in the value of a numeric option: "nan" passes every range check.
[[nodiscard]] std::string check_number(const std::string& text);

/// The branch that --branch fixes; nothing for "auto".
[[nodiscard]] std::optional<BranchId> fixed_branch(const std::string& name);

}  // namespace kwsd
