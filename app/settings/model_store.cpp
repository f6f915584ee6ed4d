#include "app/settings/model_store.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace fs = std::filesystem;

namespace {

constexpr const char* extension = ".kwsm";

/// The folder of the running program; empty if it cannot be determined.
fs::path program_folder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

/// The source tree whose build tree (build/PRESET/app) the program runs from; empty elsewhere.
fs::path source_tree(fs::path folder) {
  for (int level = 0; level < 4 && folder.has_relative_path(); ++level, folder = folder.parent_path()) {
    std::error_code ignored;
    if (fs::exists(folder / "CMakePresets.json", ignored) && fs::exists(folder / "models", ignored)) {
      return folder;
    }
  }
  return {};
}

std::string known_names() {
  std::set<std::string> names;
  for (const fs::path& folder : model_folders()) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
      if (entry.path().extension() == extension) {
        names.insert(entry.path().stem().string());
      }
    }
  }
  std::string list;
  for (const std::string& name : names) {
    list += (list.empty() ? "" : ", ") + name;
  }
  return list.empty() ? "none is installed" : list;
}

}  // namespace

fs::path user_model_folder() {
  const char* data = std::getenv("XDG_DATA_HOME");
  const char* home = std::getenv("HOME");
  if (data != nullptr && *data == '/') {
    return fs::path(data) / "kwsd/models";
  }
  return home != nullptr && *home == '/' ? fs::path(home) / ".local/share/kwsd/models" : fs::path();
}

fs::path system_model_folder() {
  return "/usr/local/share/kwsd/models";
}

std::vector<fs::path> model_folders() {
  std::vector<fs::path> folders;
  if (const char* folder = std::getenv("KWSD_MODEL_DIR"); folder != nullptr && *folder != '\0') {
    folders.emplace_back(folder);
  }
  if (const fs::path own = user_model_folder(); !own.empty()) {
    folders.push_back(own);
  }
  const fs::path program = program_folder();
  if (const fs::path source = source_tree(program); !source.empty()) {
    folders.push_back(source / "models");
  }
  folders.push_back(system_model_folder());
  if (!program.empty()) {
    folders.push_back(program.parent_path() / "share/kwsd/models");
  }
  folders.emplace_back("/usr/share/kwsd/models");
  return folders;
}

fs::path find_model(const std::string& model) {
  if (model.find('/') != std::string::npos || fs::path(model).extension() == extension) {
    return model;
  }
  for (const fs::path& folder : model_folders()) {
    const fs::path file = folder / (model + extension);
    std::error_code ignored;
    if (fs::exists(file, ignored)) {
      return file;
    }
  }
  throw Error(ErrorKind::no_input, "model '" + printable(model) + "' not found; names: " + known_names() +
                                       "; a path has a '/' or ends in .kwsm");
}

fs::path find_beside_models(const std::string& file) {
  std::string searched;
  for (const fs::path& folder : model_folders()) {
    std::error_code ignored;
    if (fs::exists(folder / file, ignored)) {
      return folder / file;
    }
    searched += (searched.empty() ? "" : ", ") + folder.string();
  }
  throw Error(ErrorKind::no_input, file + ": not found in " + searched);
}

}  // namespace kwsd
