// kwsd wyoming: a wake-word server.
#include "app/commands/commands.h"
#include "app/commands/server_flags.h"
#include "app/network/wyoming_server.h"

namespace kwsd {

void add_wyoming_command(CLI::App& app, Command& selected) {
  CLI::App* command =
      app.add_subcommand("wyoming", "Serve wake words to Home Assistant and satellites (Wyoming protocol)");
  const auto options = std::make_shared<WyomingOptions>();
  options->server.uris = {"tcp://127.0.0.1:10400"};
  const auto settings = std::make_shared<RunOptions>();
  add_server_flags(*command, options->server, *settings);
  command->add_option("--language", options->language, "The code of the language that the keywords are in")
      ->type_name("CODE");
  command->callback([&selected, options, settings, command] {
    selected = [options, settings, command] {
      load_server_options(*command, options->server, *settings);
      run_wyoming_server(*options);
      return 0;
    };
  });
}

}  // namespace kwsd
