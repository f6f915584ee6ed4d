#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "app/audio/portaudio_devices.h"
#include "app/audio/sound_access.h"
#include "app/commands/commands.h"
#include "app/settings/settings.h"

namespace kwsd {

namespace {

void print_json(const std::vector<InputDevice>& inputs) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const InputDevice& input : inputs) {
    list.push_back({{"index", input.index},
                    {"name", input.name},
                    {"api", input.host_api},
                    {"channels", input.channels},
                    {"rate", input.rate_hz},
                    {"default", input.is_default}});
  }
  const auto replace = nlohmann::ordered_json::error_handler_t::replace;  // names need not be UTF-8
  std::printf("%s\n", list.dump(2, ' ', false, replace).c_str());
}

void print_text(const std::vector<InputDevice>& inputs) {
  if (inputs.empty()) {
    std::printf("no input devices\n");
    if (const std::string hint = sound_access_hint(); !hint.empty()) {
      std::printf("%s\n", hint.c_str());
    }
    return;
  }
  std::printf("index  channels  rate (Hz)  name ('*': what 'mic' means)\n");
  for (const InputDevice& input : inputs) {
    std::printf("%5d  %8d  %9.0f  %s%s  [%s]\n", input.index, input.channels, input.rate_hz,
                input.is_default ? "*" : "", input.name.c_str(), input.host_api.c_str());
  }
}

}  // namespace

void add_devices_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand("devices", "List the input devices");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print a JSON array");
  add_log_option(*command);
  command->callback([&selected, json] {
    selected = [json] {
      setenv("JACK_NO_START_SERVER", "1", 0);  // looking for devices must not start a sound server
      const std::vector<InputDevice> inputs = PortaudioLibrary().inputs();
      *json ? print_json(inputs) : print_text(inputs);
      return 0;
    };
  });
}

}  // namespace kwsd
