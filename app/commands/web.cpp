// kwsd web: a page in the browser.
#include "app/base/log.h"
#include "app/commands/commands.h"
#include "app/commands/control_flag.h"
#include "app/events/control_client.h"
#include "app/settings/config.h"
#include "app/settings/model_store.h"
#include "app/settings/settings.h"
#include "app/web/web_server.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

void serve(WebOptions options) {
  if (options.control.empty()) {
    options.control = default_control_path();
  }
  if (options.data.empty()) {
    options.data = user_model_folder().parent_path();
  }
  if (options.data.empty()) {
    throw Error(ErrorKind::usage, "--data: found no home folder, expected a folder for recordings");
  }
  run_web_server(options);
}

}  // namespace

void add_web_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand(
      "web", "Serve a page: levels, detections and thresholds of a running kwsd, and words of one's own");
  const auto options = std::make_shared<WebOptions>();
  command
      ->add_option(
          "--uri", options->uris,
          "Where to listen: tcp://127.0.0.1:PORT or unix://PATH. May be given several times. Ignored "
          "where systemd passes the sockets.")
      ->expected(1)
      ->take_all()
      ->type_name("URI")
      ->capture_default_str();
  command
      ->add_option(
          "--host", options->hosts,
          "A further name of the page, as a proxy passes it: NAME or NAME:PORT. May be given several "
          "times.")
      ->expected(1)
      ->take_all()
      ->type_name("NAME");
  command->add_flag("--remote", options->remote,
                    "Allow addresses that other machines reach. The page has no encryption of its own.");
  add_control_flag(*command, options->control);
  command
      ->add_option("--data", options->data,
                   "Folder of recordings, mistakes and trainings. Default: ~/.local/share/kwsd")
      ->type_name("DIR");
  command->add_option("--train", options->train, "The program that trains")
      ->type_name("PROGRAM")
      ->capture_default_str();
  const auto settings = std::make_shared<RunOptions>();
  add_settings(*command, *settings, {"save-clips", "save-near-misses", "log-level"});
  add_config_option(*command);
  command->callback([&selected, options, settings, command] {
    selected = [options, settings, command] {
      load_config(*command);
      set_up_log(settings->log_level);
      options->config = command->get_option("--config")->as<std::string>();
      options->clips = settings->output.clips_dir;
      options->near_misses = settings->output.near_misses_dir;
      serve(*options);
      return 0;
    };
  });
}

}  // namespace kwsd
