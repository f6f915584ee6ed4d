#include "app/commands/read_settings.h"

#include <CLI/CLI.hpp>

#include "app/settings/config.h"

namespace kwsd {

RunOptions read_settings(const CLI::App& command, void (*add)(CLI::App&, RunOptions&)) {
  CLI::App again;
  RunOptions options;
  add(again, options);
  for (const CLI::Option* given : command.get_options([](const CLI::Option* o) { return o->count() > 0; })) {
    if (CLI::Option* option = again.get_option_no_throw(given->get_name())) {  // others are the command's own
      option->add_result(given->results());
      option->run_callback();
    }
  }
  load_config(again);
  return options;
}

}  // namespace kwsd
