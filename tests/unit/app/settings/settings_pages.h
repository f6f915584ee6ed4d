// What config/kwsd.toml and the manual pages say about settings, as the table of settings says it.
#pragma once

#include <string>

namespace kwsd::test {

/// All of config/kwsd.toml.
[[nodiscard]] std::string toml_page();
/// The entries of kwsd.1: one `.TP` for each setting, under a `.SS` for each group.
[[nodiscard]] std::string manual_options();
/// The entries of kwsd.1 that are settings of the servers alone.
[[nodiscard]] std::string manual_server_options();
/// The entries of kwsd.toml.5.
[[nodiscard]] std::string manual_keys();
/// The sentence of kwsd.toml.5 that names what a reload applies.
[[nodiscard]] std::string manual_reload();

}  // namespace kwsd::test
