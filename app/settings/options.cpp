#include "app/settings/options.h"

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <utility>

#include "app/base/log.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

constexpr std::array<std::pair<const char*, PcmFormat>, 5> pcm_formats{{{"s16le", PcmFormat::s16le},
                                                                        {"s24le", PcmFormat::s24le},
                                                                        {"s32le", PcmFormat::s32le},
                                                                        {"f32le", PcmFormat::f32le},
                                                                        {"u8", PcmFormat::u8}}};

/// One value of --format: of the output, or of raw input.
void set_format(RunOptions& options, const std::string& value) {
  if (value == "json" || value == "text") {
    options.output.text = value == "text";
    return;
  }
  for (const auto& [name, format] : pcm_formats) {
    if (value == name) {
      options.input.pcm_format = format;
    }
  }
}

std::string check_threshold(const std::string& text) {
  try {
    (void)parse_threshold(text);
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

std::string check_number(const std::string& text) {
  return text.find_first_of("nN") == std::string::npos ? "" : "found '" + text + "', expected a number";
}

std::vector<std::string> restart_options(const RunOptions& a, const RunOptions& b) {
  std::vector<std::string> names;
  const auto compare = [&names](const char* name, const auto& x, const auto& y) {
    if (x != y) {
      names.emplace_back(name);
    }
  };
  compare("input", a.input.input, b.input.input);
  compare("channel", a.input.channel, b.input.channel);
  compare("rate", a.input.rate_hz, b.input.rate_hz);
  compare("channels", a.input.channels, b.input.channels);
  compare("realtime", a.input.realtime, b.input.realtime);
  compare("format", std::pair(a.input.pcm_format, a.output.text),
          std::pair(b.input.pcm_format, b.output.text));
  compare("status-interval", a.output.status_interval_seconds, b.output.status_interval_seconds);
  compare("no-wall-clock", a.output.no_wall_clock, b.output.no_wall_clock);
  compare("save-clips", a.output.clips_dir, b.output.clips_dir);
  compare("max-clips", a.output.max_clips, b.output.max_clips);
  compare("socket", a.output.socket, b.output.socket);
  return names;
}

void add_input_options(CLI::App& command, InputOptions& options) {
  constexpr const char* group = "Input";
  command
      .add_option("-i,--input", options.input,
                  "'mic', a device (name, part of it, or index), a sound file, or '-' for raw PCM on\n"
                  "standard input")
      ->type_name("INPUT")
      ->group(group);
  command
      .add_option("--channel", options.channel,
                  "Which channel to listen to, from 1; channels are never mixed")
      ->check(CLI::Range(1, 1024))
      ->group(group);
  command.add_option("--rate", options.rate_hz, "Sample rate of raw PCM, Hz")
      ->check(CLI::Range(4000, 768000))
      ->group(group);
  command.add_option("--channels", options.channels, "Channels of raw PCM, interleaved")
      ->check(CLI::Range(1, 1024))
      ->group(group);
  command
      .add_flag("--realtime", options.realtime,
                "Treat a file or a pipe like a microphone: its own pace, the governor chooses the\n"
                "branch, and what cannot be handled in time is dropped and counted")
      ->group(group);
}

void add_recognition_options(CLI::App& command, RecognitionOptions& options) {
  constexpr const char* group = "Recognition";
  command
      .add_option("-m,--model", options.models,
                  "A model file, or the name of a shipped model; may be given several times")
      ->expected(1)
      ->take_all()
      ->type_name("MODEL")
      ->group(group);
  command.add_option("--kernels", options.kernels, "Kernel set: 'auto' or a name from 'kwsd info'")
      ->type_name("NAME")
      ->group(group);
  command
      .add_option("--branch", options.branch,
                  "How much of the network runs; 'auto' goes by CPU load on live input and means 'full'\n"
                  "for files")
      ->check(CLI::IsMember({"auto", "full", "half", "quarter"}))
      ->group(group);
  command
      .add_option("--hop-ms", options.hop_ms,
                  "Time between windows, rounded to a multiple of the model's feature hop; 0: the\n"
                  "whole steps of the model that pass in 100 ms, at least one; at most 128 ms")
      ->check(CLI::Range(0.0, 300.0))
      ->check(CLI::Validator(check_number, ""))
      ->group(group);
  add_detector_options(command, options);
}

void add_detector_options(CLI::App& command, RecognitionOptions& options) {
  constexpr const char* group = "Recognition";
  command
      .add_option("--threshold", options.thresholds,
                  "X or WORD=X: the score, 0 to 1, from which a keyword (every keyword) counts as spoken;\n"
                  "higher is stricter; default: the model's own. May be given several times, the last wins")
      ->expected(1)
      ->take_all()
      ->type_name("X|WORD=X")
      ->check(CLI::Validator(check_threshold, ""))
      ->group(group);
  command
      .add_option("--smoothing-ms", options.smoothing_ms, "Scores are averaged over the windows of this span")
      ->check(CLI::Range(1.0, 5000.0))
      ->check(CLI::Validator(check_number, ""))
      ->group(group);
  command
      .add_option("--refractory-seconds", options.refractory_seconds,
                  "After a detection the same keyword is not reported again for this long; 0: no such rest")
      ->check(CLI::Range(0.0, 3600.0))
      ->check(CLI::Validator(check_number, ""))
      ->group(group);
}

void add_output_options(CLI::App& command, OutputOptions& options) {
  constexpr const char* group = "Output";
  command
      .add_option("--status-interval", options.status_interval_seconds,
                  "Seconds of stream time between status events; 0: none")
      ->check(CLI::Range(0.0, 86400.0))
      ->check(CLI::Validator(check_number, ""))
      ->group(group);
  command.add_flag("--no-wall-clock", options.no_wall_clock, "Leave \"time\" out of the events")
      ->group(group);
  command
      .add_option("--save-clips", options.clips_dir, "Keep the sound around each detection in this folder")
      ->type_name("DIR")
      ->group(group);
  command.add_option("--max-clips", options.max_clips, "Clips that are kept; the oldest go first")
      ->check(CLI::Range(1, 1000000))
      ->group(group);
  command
      .add_option("--socket", options.socket,
                  "Also serve the events on a Unix stream socket at this path, to any number of readers")
      ->type_name("PATH")
      ->group(group);
}

void add_run_options(CLI::App& command, RunOptions& options) {
  add_input_options(command, options.input);
  add_recognition_options(command, options.recognition);
  add_output_options(command, options.output);
  command
      .add_option_function<std::vector<std::string>>(
          "--format",
          [&options](const std::vector<std::string>& values) {
            for (const std::string& value : values) {
              set_format(options, value);
            }
          },
          "Output: json or text (the bare keyword, one a line). Raw PCM input: s16le, s24le, s32le,\n"
          "f32le or u8. May be given twice, once for each; default json and s16le")
      ->expected(1)
      ->take_all()
      ->check(CLI::IsMember({"json", "text", "s16le", "s24le", "s32le", "f32le", "u8"}))
      ->group("Output");
}

void add_log_option(CLI::App& command, std::function<void(const std::string&)> use) {
  command
      .add_option_function<std::string>("--log-level", std::move(use),
                                        "What goes to standard error: debug, info, warning, error or off")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
      ->default_str("info");
}

void add_log_option(CLI::App& command) {
  add_log_option(command, set_up_log);
}

void add_config_option(CLI::App& command) {
  command
      .add_option("--config",
                  "Configuration file instead of ~/.config/kwsd/kwsd.toml and /etc/kwsd/kwsd.toml")
      ->type_name("FILE");
}

ThresholdSetting parse_threshold(const std::string& text) {
  ThresholdSetting setting;
  const std::size_t equals = text.rfind('=');
  setting.word = equals == std::string::npos ? "" : text.substr(0, equals);
  const std::string number = equals == std::string::npos ? text : text.substr(equals + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), setting.value);
  const bool parsed = error == std::errc() && end == number.data() + number.size();
  if (!parsed || !(setting.value >= 0 && setting.value <= 1) || equals == 0) {
    throw Error(ErrorKind::usage, "threshold: found '" + text + "', expected X or WORD=X with X from 0 to 1");
  }
  return setting;
}

std::optional<BranchId> fixed_branch(const std::string& name) {
  for (const BranchId id : {BranchId::full, BranchId::half, BranchId::quarter}) {
    if (name == branch_name(id)) {
      return id;
    }
  }
  return std::nullopt;
}

}  // namespace kwsd
