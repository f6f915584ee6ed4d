#include "app/commands/commands.h"
#include "app/commands/read_settings.h"
#include "app/daemon/session.h"
#include "app/settings/settings.h"

namespace kwsd {

namespace {

void add_options(CLI::App& command, RunOptions& options) {
  add_settings(command, options,
               {SettingGroup::input, SettingGroup::recognition, SettingGroup::output, SettingGroup::log});
  add_config_option(command);
}

}  // namespace

void add_run_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand("run", "Listen and write one line for each detection");
  const auto unused = std::make_shared<RunOptions>();
  add_options(*command, *unused);
  command->callback([&selected, unused, command] {
    selected = [unused, command] {
      Session([command] { return read_settings(*command, add_options); }).run();
      return 0;
    };
  });
}

}  // namespace kwsd
