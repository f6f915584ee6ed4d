// Settings from outside the command line. Precedence: flags, then environment (KWSD_HOP_MS for
// --hop-ms; lists separated by commas), then $XDG_CONFIG_HOME/kwsd/kwsd.toml (~/.config), then
// /etc/kwsd/kwsd.toml; --config FILE replaces the two files. Thread: set-up.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace kwsd {

/// One `key = value` of a configuration file; an array has several values.
struct ConfigEntry {
  std::string key;
  std::vector<std::string> values;
  int line = 0;
};

/// Reads the text of a configuration file: TOML, top-level keys with strings, numbers, booleans and
/// arrays of those. Throws Error (config) with file and line.
[[nodiscard]] std::vector<ConfigEntry> parse_config(std::string_view text, std::string_view file);

/// The configuration files that apply, strongest first; only those that exist. Throws Error (config)
/// when `explicit_file` (not empty) cannot be read.
[[nodiscard]] std::vector<std::filesystem::path> config_files(const std::string& explicit_file);

/// The file to write settings to: `explicit_file`, or the strongest that applies, or, if there is none, the
/// user's own. Throws Error (config) if the user's file has no location (no home folder).
[[nodiscard]] std::filesystem::path preferred_config_file(const std::string& explicit_file);

/// Sets `command`'s options that the command line did not set from environment and files. Keys are the names
/// of settings(); a key for which `command` has no option is skipped. The log names a KWSD_ variable that is
/// not a setting. Throws Error (config) naming file and key.
void load_config(CLI::App& command);

}  // namespace kwsd
