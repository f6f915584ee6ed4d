#include "models/trainer/word/install.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

#include "app/base/atomic_file.h"
#include "app/base/file_text.h"
#include "app/settings/config.h"
#include "app/settings/model_store.h"
#include "engine/model/error.h"
#include "models/trainer/synth/process.h"

namespace kwsd::train {
namespace {

namespace fs = std::filesystem;

/// The configuration files that a service of this kind reads, strongest first.
std::vector<fs::path> files_of(bool user) {
  if (user) {
    return config_files("");
  }
  const char* system = std::getenv("KWSD_SYSTEM_CONFIG");
  return {system != nullptr ? system : "/etc/kwsd/kwsd.toml"};
}

/// Whether the configuration that applies names the model.
bool is_configured(const std::string& name, bool user) {
  for (const fs::path& file : files_of(user)) {
    const std::optional<std::string> text = file_text(file);
    if (!text) {
      continue;
    }
    for (const ConfigEntry& entry : parse_config(*text, file.string())) {
      if (entry.key == "model") {
        return std::find(entry.values.begin(), entry.values.end(), name) != entry.values.end();
      }
    }
  }
  return false;
}

bool systemctl(bool user, const std::string& verb) {
  std::vector<std::string> command{"systemctl"};
  if (user) {
    command.emplace_back("--user");
  }
  command.insert(command.end(), {verb, "kwsd.service"});
  return run_program(command).status == 0;
}

}  // namespace

std::string install_model(const fs::path& model, const std::string& where) {
  const bool user = where == "user";
  const fs::path folder = user ? user_model_folder() : system_model_folder();
  if (folder.empty()) {
    throw Error(ErrorKind::io, "--install user: found no home folder, expected $HOME or $XDG_DATA_HOME");
  }
  const std::optional<std::string> bytes = file_text(model);
  if (!bytes) {
    throw Error(ErrorKind::no_input, model.string() + ": cannot be read");
  }
  const fs::path installed = folder / model.filename();
  write_file(installed, *bytes);
  std::error_code ignored;
  fs::permissions(
      installed,
      fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read,
      ignored);
  std::string told = installed.string() + ": installed";
  const std::string name = model.stem().string();
  const std::string flag = user ? "--user " : "";
  if (!is_configured(name, user)) {
    return told + "\nthe configuration of kwsd does not name the model: kwsd run -m " + name + ", or add \"" +
           name + "\" to `model` in " + (user ? preferred_config_file("") : files_of(false).front()).string();
  }
  if (!systemctl(user, "is-active")) {
    return told + "\nthe service kwsd does not run: systemctl " + flag + "start kwsd";
  }
  return told + (systemctl(user, "reload")
                     ? "\nthe running service was told to load the model again"
                     : "\nthe running service could not be reloaded: systemctl " + flag + "reload kwsd");
}

}  // namespace kwsd::train
