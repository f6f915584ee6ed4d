// The kinds of layers, their allowed places, and the output of a front-end layer: the one table that the
// reader, the writer, the exporter, random models and the tests share (FORMAT.md prints it). Thread: any,
// pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/model.h"

namespace kwsd {

/// The place of a layer in the network.
enum class Place : std::uint8_t {
  first_conv,  ///< takes in the features
  conv,        ///< the other convolutions and the linear layer
  memory,      ///< the memory filter of a block
  pointwise,   ///< expand and project
  classifier,
  stream_memory,  ///< of a streaming net
  stream_classifier,
};

struct KindCapability {
  LayerKind kind;
  std::string_view name;
  /// Whether the layer may be at this place.
  bool first_conv, conv, memory, pointwise, classifier, stream_memory, stream_classifier;

  [[nodiscard]] constexpr bool at(Place place) const noexcept {
    const std::array<bool, 7> by_place{first_conv, conv,          memory,           pointwise,
                                       classifier, stream_memory, stream_classifier};
    return by_place[static_cast<std::size_t>(place)];
  }
};
inline constexpr std::array<KindCapability, 5> layer_kinds{{
    {LayerKind::bit1, "1-bit", false, true, true, true, false, false, false},
    {LayerKind::bitn, "1-bit on few-bit", false, true, false, false, false, false, false},
    {LayerKind::int8, "int8", true, true, true, false, true, true, true},
    {LayerKind::float32, "float32", false, false, false, false, true, false, false},
    {LayerKind::unit, "float32 on unit length", false, false, false, false, true, false, false},
}};

struct OutputCapability {
  OutputKind output;
  LayerKind next;           ///< how the next layer multiplies this output; of the last output: not used
  bool last;                ///< whether it is the output of the last front-end layer, or of those before it
  int planes, planes_most;  ///< range of bits per activation
  bool has_sign;            ///< whether the layer has sign_at_least
};
inline constexpr std::array<OutputCapability, 6> conv_outputs{{
    {OutputKind::int8, LayerKind::int8, false, 1, 1, false},
    {OutputKind::bits, LayerKind::bit1, false, 1, 1, true},
    {OutputKind::planes, LayerKind::bitn, false, 2, 4, true},
    {OutputKind::residual, LayerKind::int8, true, 1, 1, false},
    {OutputKind::rows, LayerKind::int8, false, 1, 1, false},
    {OutputKind::pooled, LayerKind::int8, false, 1, 1, false},
}};

/// Whether layers of `kind` may be at `place`.
[[nodiscard]] bool allows(Place place, LayerKind kind) noexcept;
/// The kinds that may be at `place`, in the order of the table.
[[nodiscard]] std::vector<LayerKind> kinds_at(Place place);
[[nodiscard]] std::string_view kind_name(LayerKind kind) noexcept;

/// The row of an output in the table.
[[nodiscard]] const OutputCapability& capability_of(OutputKind output) noexcept;
/// The output that a layer of `next` may follow: the first such in the table.
[[nodiscard]] OutputKind output_for(LayerKind next) noexcept;

/// For error lines: the kinds at `place` as "1 (1-bit) or 3 (int8)"; the outputs of the last layer or of
/// those before it as "1, 2, 3 or 5".
[[nodiscard]] std::string expected_kinds(Place place);
[[nodiscard]] std::string expected_outputs(bool last);

}  // namespace kwsd
