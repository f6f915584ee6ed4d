#include "app/settings/config.h"

#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "app/base/log.h"
#include "app/settings/settings.h"
#include "app/settings/toml.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

constexpr std::size_t max_config_bytes = 1U << 20U;
/// Variables that are read elsewhere.
constexpr std::array<std::string_view, 6> other_variables{"KWSD_MODEL_DIR",    "KWSD_SYSTEM_CONFIG",
                                                          "KWSD_UPDATE_PAGES", "KWSD_DATA",
                                                          "KWSD_MEMORY_TEST",  "KWSD_UPDATE_SCREENS"};

[[noreturn]] void fail(std::string_view file, int line, const std::string& message) {
  throw Error(ErrorKind::config, std::string(file) + ":" + std::to_string(line) + ": " + message);
}

/// A string, number or boolean as it would be written after its flag.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) {
    return text->get();
  }
  if (const auto* flag = node.as_boolean()) {
    return flag->get() ? "true" : "false";
  }
  if (const auto* integer = node.as_integer()) {
    return std::to_string(integer->get());
  }
  if (const auto* number = node.as_floating_point()) {
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number->get()).ptr;
    return std::string(buffer.data(), end);
  }
  return std::nullopt;
}

ConfigEntry to_entry(std::string_view file, const std::string& key, const toml::node& node) {
  ConfigEntry entry{key, {}, static_cast<int>(node.source().begin.line)};
  const auto add = [&](const toml::node& value) {
    std::optional<std::string> text = scalar_text(value);
    if (!text) {
      fail(file, entry.line,
           "key '" + key + "': expected a string, a number, true, false or an array of these");
    }
    entry.values.push_back(std::move(*text));
  };
  if (const auto* array = node.as_array()) {
    for (const toml::node& value : *array) {
      add(value);
    }
  } else {
    add(node);
  }
  return entry;
}

std::string read_config(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(max_config_bytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream.is_open() || stream.bad()) {
    throw Error(ErrorKind::config, file.string() + ": cannot be read");
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > max_config_bytes) {
    throw Error(ErrorKind::config, file.string() + ": larger than 1 MiB, expected a configuration file");
  }
  return text;
}

/// Empty without a home folder.
std::filesystem::path user_config_file() {
  const char* xdg = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  if (xdg != nullptr && *xdg == '/') {
    return std::filesystem::path(xdg) / "kwsd/kwsd.toml";
  }
  return home != nullptr && *home == '/' ? std::filesystem::path(home) / ".config/kwsd/kwsd.toml"
                                         : std::filesystem::path();
}

std::string environment_name(const std::string& key) {
  std::string name = "KWSD_" + key;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return name;
}

/// Sets an option that neither the command line nor a stronger source has set.
void apply(CLI::App& command, const std::string& key, const std::vector<std::string>& values,
           const std::string& origin) {
  CLI::Option* option = command.get_option_no_throw("--" + key);
  if (option == nullptr || option->count() > 0 || values.empty()) {
    return;
  }
  try {
    for (const std::string& value : values) {
      if (option->get_expected_max() == 0 && value != "true" && value != "false") {
        throw CLI::ValidationError("found '" + value + "', expected true or false");
      }
      option->add_result(option->get_expected_max() == 0 ? option->get_flag_value(key, value) : value);
    }
    option->run_callback();
  } catch (const CLI::Error& error) {
    throw Error(ErrorKind::config, origin + ": key '" + key + "': " + error.what());
  }
}

/// The values of a list in the environment, separated by commas. "0,8" with a decimal comma is not two
/// values for every keyword.
std::vector<std::string> split_list(const Setting& setting, const std::string& name,
                                    const std::string& text) {
  std::vector<std::string> values = CLI::detail::split(text, ',');
  const auto for_every_word = [](const std::string& value) { return value.find('=') == std::string::npos; };
  if (std::string_view(setting.value) == "X|WORD=X" &&
      std::count_if(values.begin(), values.end(), for_every_word) > 1) {
    throw Error(ErrorKind::config,
                "environment " + name + ": found '" + printable(text) +
                    "', expected at most one X for every keyword, then WORD=X, separated by "
                    "commas; a decimal takes a point");
  }
  return values;
}

void apply_environment(CLI::App& command) {
  for (const Setting& setting : settings()) {
    const std::string name = environment_name(std::string(setting.name()));
    const char* value = std::getenv(name.c_str());
    if (value != nullptr && *value != '\0') {
      const bool list = type_name(setting) == "array of strings";
      apply(command, std::string(setting.name()),
            list ? split_list(setting, name, value) : std::vector<std::string>{value}, "environment " + name);
    }
  }
}

/// Variables that begin with KWSD_ and are not settings: most likely misspelt.
void name_unknown_variables() {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable = *entry;
    const std::string_view name = variable.substr(0, variable.find('='));
    const bool known =
        std::find(other_variables.begin(), other_variables.end(), name) != other_variables.end() ||
        std::any_of(settings().begin(), settings().end(), [name](const Setting& setting) {
          return environment_name(std::string(setting.name())) == name;
        });
    if (name.starts_with("KWSD_") && !known) {
      spdlog::warn("environment: {} is not a setting of kwsd and has no effect (see kwsd run --help)",
                   printable(name));
    }
  }
}

bool is_setting(const std::string& key) {
  return std::any_of(settings().begin(), settings().end(),
                     [&key](const Setting& setting) { return setting.name() == key; });
}

void apply_file(CLI::App& command, const std::filesystem::path& file) {
  for (const ConfigEntry& entry : parse_config(read_config(file), file.string())) {
    if (!is_setting(entry.key)) {
      fail(file.string(), entry.line,
           "unknown key '" + printable(entry.key) + "', expected a key that kwsd.toml(5) lists");
    }
    apply(command, entry.key, entry.values, file.string() + ":" + std::to_string(entry.line));
  }
}

}  // namespace

std::vector<ConfigEntry> parse_config(std::string_view text, std::string_view file) {
  std::vector<ConfigEntry> entries;
  try {
    for (const auto& [key, node] : toml::parse(text)) {
      entries.push_back(to_entry(file, std::string(key.str()), node));
    }
  } catch (const toml::parse_error& error) {
    fail(file, static_cast<int>(error.source().begin.line), std::string(error.description()));
  } catch (const std::logic_error& error) {
    fail(file, 1, error.what());
  }
  std::sort(entries.begin(), entries.end(),
            [](const ConfigEntry& a, const ConfigEntry& b) { return a.line < b.line; });
  return entries;
}

std::vector<std::filesystem::path> config_files(const std::string& explicit_file) {
  if (!explicit_file.empty()) {
    return {explicit_file};
  }
  std::vector<std::filesystem::path> files;
  if (std::filesystem::path file = user_config_file(); !file.empty()) {
    files.push_back(std::move(file));
  }
  const char* system = std::getenv("KWSD_SYSTEM_CONFIG");
  files.emplace_back(system != nullptr && *system != '\0' ? system : "/etc/kwsd/kwsd.toml");
  std::erase_if(files, [](const std::filesystem::path& file) {
    std::error_code ignored;
    return !std::filesystem::exists(file, ignored);
  });
  return files;
}

std::filesystem::path preferred_config_file(const std::string& explicit_file) {
  std::vector<std::filesystem::path> files = config_files(explicit_file);
  if (explicit_file.empty()) {  // the system's, where only root may write
    std::erase_if(files, [](const std::filesystem::path& file) {
      return access(file.parent_path().c_str(), W_OK) != 0;
    });
  }
  std::filesystem::path file = files.empty() ? user_config_file() : files.front();
  if (file.empty()) {
    throw Error(ErrorKind::config, "no home folder to keep a configuration file in (HOME, XDG_CONFIG_HOME)");
  }
  return file;
}

void load_config(CLI::App& command) {
  const CLI::Option* config = command.get_option_no_throw("--config");
  const std::string explicit_file = config != nullptr && config->count() > 0 ? config->as<std::string>() : "";
  name_unknown_variables();
  apply_environment(command);
  for (const std::filesystem::path& file : config_files(explicit_file)) {
    apply_file(command, file);
  }
}

}  // namespace kwsd
