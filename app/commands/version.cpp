#include <cstdio>

#include "app/base/version.h"
#include "app/commands/commands.h"

namespace kwsd {

void add_version_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand("version", "Print the version");
  command->callback([&selected] {
    selected = [] {
      std::printf("kwsd %s\n", version());
      return 0;
    };
  });
}

}  // namespace kwsd
