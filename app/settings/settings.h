// The table of settings: each is a long flag, a key of kwsd.toml and an environment variable of the same
// name. Flags, the configuration reader, the list of settings that need a restart, and the pages of the
// manual come out of this table. To add a setting, add a field to RunOptions and a row to the table. Thread:
// set-up.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/settings/options.h"

namespace CLI {
class App;
}

namespace kwsd {

/// `server`: of `kwsd wyoming` and `kwsd ws`; the others are settings of `kwsd run`.
enum class SettingGroup : std::uint8_t { input, recognition, output, log, server };

/// The field that a setting sets. Its type is the type of the setting: a vector takes several values, a bool
/// is a flag, an optional has no default.
using SettingField =
    std::variant<std::string& (*)(RunOptions&), std::vector<std::string>& (*)(RunOptions&),
                 int& (*)(RunOptions&), std::uint32_t& (*)(RunOptions&), double& (*)(RunOptions&),
                 bool& (*)(RunOptions&), std::optional<double>& (*)(RunOptions&)>;

struct Setting {
  const char* flags;  ///< "-i,--input" or "--channel"
  SettingGroup group;
  const char* value;  ///< placeholder in --help: "FILE"; empty: a number, a choice, or a flag
  SettingField field;
  double low, high;     ///< range of a number, inclusive
  const char* choices;  ///< "auto|full"; empty: any text
  const char* example;  ///< in kwsd.toml, if the default has no text of its own; else empty
  bool reload;          ///< a reload applies a change; otherwise a change needs a restart
  const char* help;     ///< one paragraph: for --help, kwsd.toml and the manual
  std::string (*check)(const std::string&) = nullptr;  ///< the error in a value; empty: valid
  void (*assigned)(RunOptions&) = nullptr;             ///< called after each change of the field

  /// The long flag without dashes.
  [[nodiscard]] std::string_view name() const noexcept;
};

[[nodiscard]] std::span<const Setting> settings() noexcept;

/// Adds the flags of these settings, or of whole groups, to `command`; values go to `options`, which outlives
/// it.
void add_settings(CLI::App& command, RunOptions& options, std::initializer_list<std::string_view> names);
void add_settings(CLI::App& command, RunOptions& options, std::initializer_list<SettingGroup> groups);

/// --log-level for a command without RunOptions: takes effect at once.
void add_log_option(CLI::App& command);
/// --config FILE; `load_config` reads it.
void add_config_option(CLI::App& command);

/// "string", "array of strings", "integer", "number" or "boolean": the TOML type.
[[nodiscard]] std::string_view type_name(const Setting& setting) noexcept;
/// The default as TOML; empty if there is no default value.
[[nodiscard]] std::string default_text(const Setting& setting);

/// Names of the settings that differ between the two and that a reload cannot change.
[[nodiscard]] std::vector<std::string> restart_settings(RunOptions a, RunOptions b);

}  // namespace kwsd
