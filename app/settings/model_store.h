// Finding models by name. Thread: set-up.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kwsd {

/// Folders that are searched, in this order: $KWSD_MODEL_DIR, models/ of the source tree when this
/// binary runs from its build tree, share/kwsd/models of the installation, /usr/share/kwsd/models.
[[nodiscard]] std::vector<std::filesystem::path> model_folders();

/// The file of `model`: a path (it has a '/' or ends in ".kwsm") or the name of a shipped model. Throws
/// Error (no_input) saying which names there are.
[[nodiscard]] std::filesystem::path find_model(const std::string& model);

}  // namespace kwsd
