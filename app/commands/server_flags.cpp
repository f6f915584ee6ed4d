#include "app/commands/server_flags.h"

#include "app/base/log.h"
#include "app/settings/config.h"
#include "app/settings/settings.h"

namespace kwsd {

void add_server_flags(CLI::App& command, ServerOptions& server, RunOptions& settings) {
  const CLI::Validator is_number(check_number, "");
  command
      .add_option(
          "--uri", server.uris,
          "Where to listen: tcp://ADDRESS:PORT or unix://PATH. May be given several times. Ignored where "
          "systemd passes the sockets.")
      ->expected(1)
      ->take_all()
      ->type_name("URI");
  command
      .add_option("--max-connections", server.most_connections, "Clients that are served at the same time")
      ->check(CLI::Range(1, 100000));
  command
      .add_option("--max-connection-rate", server.most_connections_a_second,
                  "Connections that are accepted in a second; further ones wait")
      ->check(CLI::Range(1.0, 1e6))
      ->check(is_number);
  command
      .add_option("--max-byte-rate", server.most_bytes_a_second,
                  "Bytes that a client may send in a second, in the mean; a faster one is read more slowly")
      ->check(CLI::Range(32000.0, 1e9))
      ->check(is_number);
  command
      .add_option("--idle-seconds", server.idle_seconds,
                  "Close a connection that has been silent for so long")
      ->check(CLI::Range(1.0, 1e6))
      ->check(is_number);
  command.add_flag("--one-answer", server.one_answer,
                   "The clients are in one home: where several of them hear the same word within 0.3 s, only "
                   "the one with the "
                   "best signal-to-noise ratio reports it. Detections are 0.3 s later while more than one "
                   "client sends sound.");
  add_settings(command, settings,
               {"model", "threshold", "branch", "hop-ms", "smoothing-ms", "refractory-seconds", "kernels",
                "log-level", "server-threads"});
  add_config_option(command);
}

void load_server_options(CLI::App& command, ServerOptions& server, const RunOptions& settings) {
  load_config(command);
  set_up_log(settings.log_level);
  server.recognition = settings.recognition;
  server.threads = settings.server_threads;
}

}  // namespace kwsd
