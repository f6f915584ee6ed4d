#include "app/settings/config.h"

#include <CLI/CLI.hpp>
#include <string_view>

#include "app/settings/settings.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/memory_file.h"
#include "tests/fuzz/targets.h"

namespace kwsd::fuzz {

void config(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (refused(ErrorKind::config, [&] { (void)parse_config(text, "fuzz"); })) {
    return;  // most are: there is no need to make options for them
  }
  const MemoryFile file(bytes);
  CLI::App app;
  RunOptions options;
  add_settings(app, options,
               {SettingGroup::input, SettingGroup::recognition, SettingGroup::output, SettingGroup::log});
  add_config_option(app);
  app.parse("--config " + file.name());
  if (!refused(ErrorKind::config, [&] { load_config(app); })) {
    expect(options.recognition.hop_ms >= 0 && options.recognition.hop_ms <= 1000,
           "an option out of its range");
    for (const std::string& threshold : options.recognition.thresholds) {
      (void)parse_keyword_value(threshold, 1);
    }
    for (const std::string& seconds : options.recognition.refractory) {
      (void)parse_keyword_value(seconds, most_refractory_seconds);
    }
  }
}

}  // namespace kwsd::fuzz
