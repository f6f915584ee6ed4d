// Effects of devices on sound before it reaches kwsd: noise gates, echo suppressors, overdriven converters,
// telephone lines, streams that are zero between utterances. For training and for measuring. Thread: any,
// pure apart from the generator.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "app/base/random.h"

namespace kwsd::train {

/// A noise gate: mutes each 10 ms whose level (RMS) lies more than `below_db` under the loudest 10 ms within
/// 200 ms to either side. Samples at 16 kHz; edges are hard, as such devices cut.
void gate(std::span<float> x, double below_db) noexcept;

/// The far end's voice after an echo suppressor: bursts of 50 to 200 ms, cut hard, with 50 to 500 ms of
/// silence between them.
void let_bursts_through(std::span<float> x, Random& random) noexcept;

/// The effect of an 8 kHz line: removes everything above 3.7 kHz (four second-order sections).
void telephone(std::span<float> x) noexcept;

/// Amplifies until the peak lies `over_db` above full scale, and clips.
void overdrive(std::span<float> x, double over_db) noexcept;

/// Mutes sound that is more than 50 dB below the loudest 10 ms for at least 100 ms: pauses become digital
/// silence.
void silence_pauses(std::span<float> x) noexcept;

/// The conditions under which a model is measured.
enum class Degradation : std::uint8_t { none, gated, echoed, clipped, telephone, digital_silence };
[[nodiscard]] const std::vector<std::string>& degradation_names();
/// gated: 6 dB under the local peak is muted; clipped: overdriven by 12 dB.
void degrade(std::span<float> x, Degradation how, Random& random) noexcept;

}  // namespace kwsd::train
