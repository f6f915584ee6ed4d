// kwsd ws: keywords over WebSocket.
#include "app/commands/commands.h"
#include "app/commands/server_flags.h"
#include "app/network/ws_server.h"

namespace kwsd {

void add_ws_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand(
      "ws", "Serve keywords to cameras, browsers and apps (WebSocket, as vosk-server does)");
  const auto options = std::make_shared<ServerOptions>();
  options->uris = {"tcp://127.0.0.1:2700"};
  const auto settings = std::make_shared<RunOptions>();
  add_server_flags(*command, *options, *settings);
  command->callback([&selected, options, settings, command] {
    selected = [options, settings, command] {
      load_server_options(*command, *options, *settings);
      run_ws_server(*options);
      return 0;
    };
  });
}

}  // namespace kwsd
