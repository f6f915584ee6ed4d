#include "engine/model/capabilities.h"

#include <algorithm>
#include <cstddef>

namespace kwsd {
namespace {

/// "a", "a or b", "a, b or c".
std::string alternatives(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    text += i == 0 ? "" : i + 1 < items.size() ? ", " : " or ";
    text += items[i];
  }
  return text;
}

}  // namespace

bool allows(Place place, LayerKind kind) noexcept {
  return std::any_of(layer_kinds.begin(), layer_kinds.end(), [place, kind](const KindCapability& capability) {
    return capability.kind == kind && capability.at(place);
  });
}

std::vector<LayerKind> kinds_at(Place place) {
  std::vector<LayerKind> kinds;
  for (const KindCapability& capability : layer_kinds) {
    if (capability.at(place)) {
      kinds.push_back(capability.kind);
    }
  }
  return kinds;
}

std::string_view kind_name(LayerKind kind) noexcept {
  const auto* found = std::find_if(layer_kinds.begin(), layer_kinds.end(),
                                   [kind](const KindCapability& c) { return c.kind == kind; });
  return found != layer_kinds.end() ? found->name : "?";
}

const OutputCapability& capability_of(OutputKind output) noexcept {
  return *std::find_if(conv_outputs.begin(), conv_outputs.end(),
                       [output](const OutputCapability& c) { return c.output == output; });
}

OutputKind output_for(LayerKind next) noexcept {
  return std::find_if(conv_outputs.begin(), conv_outputs.end(),
                      [next](const OutputCapability& c) { return c.next == next; })
      ->output;
}

std::string expected_kinds(Place place) {
  std::vector<std::string> items;
  for (const LayerKind kind : kinds_at(place)) {
    items.push_back(std::to_string(static_cast<int>(kind)) + " (" + std::string(kind_name(kind)) + ")");
  }
  return alternatives(items);
}

std::string expected_outputs(bool last) {
  std::vector<std::string> items;
  for (const OutputCapability& capability : conv_outputs) {
    if (capability.last == last) {
      items.push_back(std::to_string(static_cast<int>(capability.output)));
    }
  }
  return alternatives(items);
}

}  // namespace kwsd
