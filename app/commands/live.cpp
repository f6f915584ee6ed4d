// kwsd live: shows detections as they occur, on a terminal.
#include <cstdio>
#include <memory>
#include <span>
#include <string>

#include "app/base/log.h"
#include "app/commands/commands.h"
#include "app/commands/read_settings.h"
#include "app/daemon/recognizer.h"
#include "app/live/live_session.h"
#include "app/settings/settings.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

constexpr const char* keys =
    "Keys: up, down choose a keyword; + and - move its threshold; w writes the thresholds to the\n"
    "configuration file; m keeps the last 2 s as a missed word, f the sound of the last detection as a\n"
    "false accept, for training; space mutes; q quits. Without a terminal: a line per detection.";

/// "80x24" -> columns and rows.
void parse_size(const std::string& text, LiveOptions& options) {
  char rest = 0;
  if (std::sscanf(text.c_str(), "%dx%d%c", &options.columns, &options.rows, &rest) != 2 ||
      options.columns < 40 || options.columns > 400 || options.rows < 10 || options.rows > 200) {
    throw Error(ErrorKind::usage,
                "--size: found '" + printable(text) + "', expected COLUMNSxROWS from 40x10 to 400x200");
  }
}

void add_picture_options(CLI::App& command, LiveOptions& options, std::string& size) {
  constexpr const char* group = "Picture";
  CLI::Option* screenshot =
      command
          .add_option("--screenshot", options.screenshot,
                      "Draw the screen once, into a file (.svg, .txt), at the end of a recording or a pipe")
          ->type_name("FILE")
          ->group(group);
  command
      .add_option("--at", options.at_seconds,
                  "The screen as it is at this second of the sound, up to 1,000,000")
      ->type_name("SECONDS")
      ->default_str("the end")
      ->check(CLI::Range(0.0, 1e6).description(""))
      ->check(CLI::Validator(check_number, ""))
      ->needs(screenshot)
      ->group(group);
  command.add_option("--size", size, "Size of the screen")
      ->type_name("COLUMNSxROWS")
      ->needs(screenshot)
      ->group(group);
}

void add_live_settings(CLI::App& command, RunOptions& options) {
  add_settings(command, options, {SettingGroup::input, SettingGroup::recognition, SettingGroup::log});
  add_settings(command, options, {"format"});
  add_config_option(command);
}

/// A model that the command line alone names may have keywords that the configured models lack.
void check_thresholds(const std::string& config, std::span<const NamedThreshold> changed) {
  CLI::App without_flags;
  RunOptions unused;
  add_live_settings(without_flags, unused);
  if (!config.empty()) {
    without_flags.get_option("--config")->add_result(config);
  }
  RunOptions configured = read_settings(without_flags, add_live_settings);
  for (const NamedThreshold& threshold : changed) {
    configured.recognition.thresholds.push_back(threshold_entry(threshold));
  }
  try {
    const Recognizer accepted(configured.recognition);
  } catch (const Error& error) {
    throw Error(ErrorKind::config,
                "not written, since kwsd run would refuse it: " + std::string(error.what()));
  }
}

}  // namespace

void add_live_command(CLI::App& app, Command& selected) {
  CLI::App* command =
      app.add_subcommand("live", "Watch scores and detections on a terminal, tune thresholds, mark mistakes");
  command->footer(keys);
  const auto options = std::make_shared<LiveOptions>();
  const auto size = std::make_shared<std::string>("80x24");
  const auto settings = std::make_shared<RunOptions>();
  add_live_settings(*command, *settings);
  command->add_option("--fps", options->frames_per_second, "Frames a second")->check(CLI::Range(1, 20));
  command->add_option("--marks", options->marks, "Folder for what m and f keep (Speech Commands layout)")
      ->type_name("DIR");
  command
      ->add_option("--speaker", options->speaker,
                   "In the names of these; default: a number that stands for you")
      ->type_name("NAME");
  add_picture_options(*command, *options, *size);
  command->callback([&selected, options, settings, size, command] {
    selected = [options, settings, size, command] {
      const auto read = [command] { return read_settings(*command, add_live_settings); };
      options->settings = read();
      set_up_log(options->settings.log_level);
      parse_size(*size, *options);
      if (command->get_option("--config")->count() > 0) {
        options->config = command->get_option("--config")->as<std::string>();
      }
      options->check_thresholds = [config = options->config](std::span<const NamedThreshold> changed) {
        check_thresholds(config, changed);
      };
      LiveSession(*options, read).run();
      return 0;
    };
  });
}

}  // namespace kwsd
