// kwsd metrics: the counters of a running kwsd, for Prometheus.
#include "app/commands/control_flag.h"
#include "app/network/metrics_server.h"

#include <cstdio>

#include "app/base/log.h"
#include "app/commands/commands.h"
#include "app/events/control_client.h"
#include "app/settings/config.h"
#include "app/settings/settings.h"

namespace kwsd {

void add_metrics_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand("metrics",
                                         "Print what a running kwsd counts, in the format of Prometheus; "
                                         "serve it over HTTP or write it to a file");
  const auto options = std::make_shared<MetricsOptions>();
  add_control_flag(*command, options->control);
  command
      ->add_option(
          "--uri", options->uris,
          "Serve HTTP there: tcp://127.0.0.1:PORT or unix://PATH. May be given several times. Ignored "
          "where systemd passes the sockets.")
      ->expected(1)
      ->take_all()
      ->type_name("URI");
  command
      ->add_option("--textfile", options->textfile,
                   "Write this file again and again, for the textfile collector of node-exporter")
      ->type_name("FILE");
  command->add_option("--interval", options->interval_seconds, "Seconds between two writes of the file")
      ->check(CLI::Range(1.0, 86400.0))
      ->check(CLI::Validator(check_number, ""));
  add_log_option(*command);
  add_config_option(*command);
  command->callback([&selected, options, command] {
    selected = [options, command] {
      load_config(*command);
      if (options->control.empty()) {
        options->control = default_control_path();
      }
      if (!run_metrics(*options)) {
        std::printf("%s", ask_metrics(options->control).c_str());
      }
      return 0;
    };
  });
}

}  // namespace kwsd
