// kwsd wyoming: a wake-word server.
#include "app/base/log.h"
#include "app/commands/commands.h"
#include "app/network/wyoming_server.h"
#include "app/settings/config.h"
#include "app/settings/settings.h"

namespace kwsd {

void add_wyoming_command(CLI::App& app, Command& selected) {
  CLI::App* command =
      app.add_subcommand("wyoming", "Serve wake words to Home Assistant and satellites (Wyoming protocol)");
  const auto options = std::make_shared<WyomingOptions>();
  const auto settings = std::make_shared<RunOptions>();
  command
      ->add_option(
          "--uri", options->uris,
          "Where to listen: tcp://ADDRESS:PORT or unix://PATH. May be given several times. Ignored where "
          "systemd passes the sockets.")
      ->expected(1)
      ->take_all()
      ->type_name("URI");
  command->add_option("--language", options->language, "The code of the language that the keywords are in")
      ->type_name("CODE");
  command
      ->add_option("--max-connections", options->most_connections, "Clients that are served at the same time")
      ->check(CLI::Range(1, 100000));
  command
      ->add_option("--idle-seconds", options->idle_seconds,
                   "Close a connection that has been silent for so long")
      ->check(CLI::Range(1.0, 1e6))
      ->check(CLI::Validator(check_number, ""));
  add_settings(*command, *settings,
               {"model", "threshold", "branch", "hop-ms", "smoothing-ms", "refractory-seconds", "kernels",
                "log-level"});
  add_config_option(*command);
  command->callback([&selected, options, settings, command] {
    selected = [options, settings, command] {
      load_config(*command);
      set_up_log(settings->log_level);
      options->recognition = settings->recognition;
      run_wyoming_server(*options);
      return 0;
    };
  });
}

}  // namespace kwsd
