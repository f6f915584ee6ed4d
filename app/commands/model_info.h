// A model's details as JSON and as text. Thread: set-up.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/model/model.h"

namespace kwsd {

/// Everything that `kwsd info` shows: name, file and size, labels, features, layers, branches with their
/// thresholds, provenance, and the size of the same network in float32.
[[nodiscard]] nlohmann::ordered_json describe_model(const Model& model, const std::filesystem::path& file);
/// The same as readable text, ending in a line break. Layers and provenance, which fill screens, only with
/// `details`.
[[nodiscard]] std::string describe_text(const nlohmann::ordered_json& info, bool details);

}  // namespace kwsd
