// Finding models by name. Thread: set-up.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kwsd {

/// Folders that are searched, in this order: $KWSD_MODEL_DIR, the user's own, models/ of the source tree when
/// this binary runs from its build tree, the machine's own, share/kwsd/models of the installation,
/// /usr/share/kwsd/models.
[[nodiscard]] std::vector<std::filesystem::path> model_folders();

/// The user's own models: $XDG_DATA_HOME/kwsd/models, ~/.local/share/kwsd/models; empty without a home.
[[nodiscard]] std::filesystem::path user_model_folder();
/// The models of the machine's administrator, which the system service also finds.
[[nodiscard]] std::filesystem::path system_model_folder();

/// The file of `model`: a path (it has a '/' or ends in ".kwsm") or the name of a shipped model. Throws Error
/// (no_input) listing the available names.
[[nodiscard]] std::filesystem::path find_model(const std::string& model);

/// A file stored with the models: "base.pt". Throws Error (no_input) naming the searched folders.
[[nodiscard]] std::filesystem::path find_beside_models(const std::string& file);

}  // namespace kwsd
