// Installs a new model where kwsd finds it, and notifies a running service. Thread: one.
#pragma once

#include <filesystem>
#include <string>

namespace kwsd::train {

/// Copies the model into the user's folder of models or the system's, and makes a running kwsd service of the
/// same kind reload it if its configuration names the model. `where`: "user" or "system". Returns the actions
/// taken, a line each. Throws Error (io, no_input).
[[nodiscard]] std::string install_model(const std::filesystem::path& model, const std::string& where);

}  // namespace kwsd::train
