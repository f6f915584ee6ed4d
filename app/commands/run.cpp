#include "app/commands/commands.h"
#include "app/daemon/session.h"
#include "app/settings/config.h"
#include "app/settings/settings.h"

namespace kwsd {

namespace {

void add_options(CLI::App& command, RunOptions& options) {
  add_settings(command, options,
               {SettingGroup::input, SettingGroup::recognition, SettingGroup::output, SettingGroup::log});
  add_config_option(command);
}

/// What the flags of `command` say, completed from environment and configuration files as they are now.
RunOptions read_options(const CLI::App& command) {
  CLI::App again;
  RunOptions options;
  add_options(again, options);
  for (const CLI::Option* given : command.get_options([](const CLI::Option* o) { return o->count() > 0; })) {
    CLI::Option* option = again.get_option(given->get_name());
    option->add_result(given->results());
    option->run_callback();
  }
  load_config(again);
  return options;
}

}  // namespace

void add_run_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand("run", "Listen and write one line for each detection");
  const auto unused = std::make_shared<RunOptions>();
  add_options(*command, *unused);
  command->callback([&selected, unused, command] {
    selected = [unused, command] {
      Session([command] { return read_options(*command); }).run();
      return 0;
    };
  });
}

}  // namespace kwsd
