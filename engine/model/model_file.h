// Reading and writing model files (models/FORMAT.md). Thread: set-up.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "engine/model/model.h"

namespace kwsd {

/// The largest model file that is read, bytes.
inline constexpr std::size_t max_model_bytes = 16U << 20U;

/// Parses a model. `source` names it in errors. Throws Error (bad_data): every size is checked before
/// it is used, nothing is allocated that the remaining bytes do not back.
[[nodiscard]] Model parse_model(std::span<const std::byte> bytes, std::string_view source);

/// Reads and parses a file. Throws Error: no_input when it cannot be read, bad_data when it is invalid.
[[nodiscard]] Model load_model(const std::filesystem::path& path);

/// The bytes of a model; parse_model(serialize_model(m)) equals m. Throws Error (internal) for a model that
/// the format or its limits cannot hold.
[[nodiscard]] std::vector<std::byte> serialize_model(const Model& model);

}  // namespace kwsd
