#include "app/settings/settings.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <type_traits>
#include <utility>

#include "app/base/log.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

using G = SettingGroup;

constexpr std::array<std::pair<const char*, PcmFormat>, 5> pcm_formats{{{"s16le", PcmFormat::s16le},
                                                                        {"s24le", PcmFormat::s24le},
                                                                        {"s32le", PcmFormat::s32le},
                                                                        {"f32le", PcmFormat::f32le},
                                                                        {"u8", PcmFormat::u8}}};

/// Values of --format: each selects the form of the output or that of raw input.
void apply_formats(RunOptions& options) {
  for (const std::string& value : options.formats) {
    if (value == "json" || value == "text") {
      options.output.text = value == "text";
    }
    for (const auto& [name, format] : pcm_formats) {
      if (value == name) {
        options.input.pcm_format = format;
      }
    }
  }
}

std::string check_keyword_value(const std::string& text, double high) {
  try {
    (void)parse_keyword_value(text, high);
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

std::string check_threshold(const std::string& text) {
  return check_keyword_value(text, 1);
}

std::string check_refractory(const std::string& text) {
  return check_keyword_value(text, most_refractory_seconds);
}

/// options.*first.*second...
template <auto... Path>
constexpr auto& field_of(RunOptions& options) noexcept {
  return (options.*....*Path);
}

constexpr auto input_of = &RunOptions::input;
constexpr auto recognition_of = &RunOptions::recognition;
constexpr auto output_of = &RunOptions::output;

const std::array table{
    Setting{"-i,--input", G::input, "INPUT", &field_of<input_of, &InputOptions::input>, 0, 0, "", "", false,
            "The source of the sound: 'mic' (the default microphone), a device by name, part of its name or "
            "index "
            "(see 'kwsd devices'), a sound file, or '-' for standard input."},
    Setting{"--channel", G::input, "", &field_of<input_of, &InputOptions::channel>, 1, 1024, "", "", false,
            "The channel to listen to, counted from 1. Channels are never mixed."},
    Setting{"--rate", G::input, "", &field_of<input_of, &InputOptions::rate_hz>, 4000, 768000, "", "", false,
            "Sample rate of raw PCM on standard input, in Hz."},
    Setting{"--channels", G::input, "", &field_of<input_of, &InputOptions::channels>, 1, 1024, "", "", false,
            "Number of interleaved channels of raw PCM on standard input."},
    Setting{"--realtime", G::input, "", &field_of<input_of, &InputOptions::realtime>, 0, 0, "", "", false,
            "Treat a file or a pipe like a microphone: read it at its own pace, let the governor choose the "
            "branch, "
            "and drop and count audio that arrives too late."},
    Setting{"-m,--model", G::recognition, "MODEL", &field_of<recognition_of, &RecognitionOptions::models>, 0,
            0, "", "", true, "A model file, or the name of an installed model. May be given several times."},
    Setting{
        "--threshold", G::recognition, "X|WORD=X", &field_of<recognition_of, &RecognitionOptions::thresholds>,
        0, 0, "", "[\"0.8\", \"stop=0.9\"]", true,
        "The score, from 0 to 1, at which a keyword is detected: X for every keyword, WORD=X for one. A "
        "higher "
        "threshold is stricter. May be given several times; the last one for a keyword applies. Default: the "
        "thresholds of the model, one for each keyword and branch.",
        check_threshold},
    Setting{"--branch", G::recognition, "", &field_of<recognition_of, &RecognitionOptions::branch>, 0, 0,
            "auto|full|half|quarter", "", true,
            "How much of the network runs. 'auto' follows the CPU load on live input and means 'full' for "
            "files."},
    Setting{"--hop-ms", G::recognition, "", &field_of<recognition_of, &RecognitionOptions::hop_ms>, 0, 300,
            "", "", true,
            "Time between windows in ms, rounded to a multiple of the model's feature hop. 0: as many whole "
            "steps of "
            "the model as fit in 100 ms, but at least one; never more than 128 ms.",
            check_number},
    Setting{
        "--smoothing-ms", G::recognition, "", &field_of<recognition_of, &RecognitionOptions::smoothing_ms>, 1,
        5000, "", "300", true,
        "The span in ms over which posteriors are averaged. Default: the value of the model, 300 where the "
        "model has none.",
        check_number},
    Setting{
        "--refractory-seconds", G::recognition, "X|WORD=X",
        &field_of<recognition_of, &RecognitionOptions::refractory>, 0, 0, "", "[\"1\", \"stop=0.5\"]", true,
        "The refractory period: after a detection, the same keyword is not reported again for this many "
        "seconds: X for every keyword, WORD=X for one. May be given several times; the last one for a "
        "keyword applies. Default: the value of the model, 1 where the model has none. With 0, one rule "
        "remains: the score of the keyword must fall below 0.7 of its threshold before the keyword is "
        "reported again. The score is a mean over smoothing-ms of windows of about a second. Of two words "
        "that begin less than 0.9 s apart, every window has one, and the score does not fall: they are one "
        "detection. From about 1 s on they are two; with a smoothing-ms of 100, from about 0.9 s on.",
        check_refractory},
    Setting{"--kernels", G::recognition, "NAME", &field_of<recognition_of, &RecognitionOptions::kernels>, 0,
            0, "", "", true, "The kernel set: 'auto', or a name that 'kwsd info' lists."},
    Setting{
        "--format", G::output, "", &field_of<&RunOptions::formats>, 0, 0,
        "json|text|s16le|s24le|s32le|f32le|u8", "", false,
        "The output format: 'json', or 'text' (the bare keyword, one per line); or the sample format of raw "
        "PCM "
        "on standard input: 's16le', 's24le', 's32le', 'f32le' or 'u8'. May be given twice, once for each.",
        nullptr, apply_formats},
    Setting{"--status-interval", G::output, "", &field_of<output_of, &OutputOptions::status_interval_seconds>,
            0, 86400, "", "", false, "Seconds of stream time between status events. 0: no status events.",
            check_number},
    Setting{"--no-wall-clock", G::output, "", &field_of<output_of, &OutputOptions::no_wall_clock>, 0, 0, "",
            "", false, "Omit \"time\" from the events."},
    Setting{"--save-clips", G::output, "DIR", &field_of<output_of, &OutputOptions::clips_dir>, 0, 0, "",
            "\"/var/lib/kwsd\"", false, "Keep the sound around each detection in this folder, as WAV files."},
    Setting{"--save-near-misses", G::output, "DIR", &field_of<output_of, &OutputOptions::near_misses_dir>, 0,
            0, "", "\"/var/lib/kwsd/near-misses\"", false,
            "Keep the sound of words that were nearly detected in this folder, as WAV files: the score "
            "reached half of "
            "the threshold, and nothing was detected at about that time. Another folder than that of "
            "--save-clips."},
    Setting{"--max-clips", G::output, "", &field_of<output_of, &OutputOptions::max_clips>, 1, 1000000, "", "",
            false,
            "The number of clips to keep in each of these folders. The oldest are removed first; files that "
            "kwsd did not write are "
            "never removed."},
    Setting{"--socket", G::output, "PATH", &field_of<output_of, &OutputOptions::socket>, 0, 0, "",
            "\"/run/kwsd/events\"", false,
            "Also serve the events on a Unix stream socket at this path, to any number of readers."},
    Setting{"--control", G::output, "PATH", &field_of<output_of, &OutputOptions::control>, 0, 0, "",
            "\"/run/kwsd/control\"", false,
            "Also serve a control socket at this path: programs and 'kwsd ctl' mute kwsd, change thresholds, "
            "branch and models, ask for its status, and subscribe to events."},
    Setting{"--exec", G::output, "CMD", &field_of<output_of, &OutputOptions::exec>, 0, 0, "",
            "\"jq -r .keyword >>/tmp/words\"", false,
            "Run this shell command for each detection, with the event as a line of JSON on its standard "
            "input. At most 8 "
            "commands run at a time, each for at most 60 seconds, and 64 detections wait; more are dropped "
            "with a warning. "
            "What a command prints goes to standard error."},
    Setting{"--log-level", G::log, "", &field_of<&RunOptions::log_level>, 0, 0,
            "debug|info|warning|error|off", "", true,
            "The least severe messages that are logged to standard error."},
    Setting{"--server-threads", G::server, "", &field_of<&RunOptions::server_threads>, 0, 64, "", "", false,
            "The number of threads that recognize keywords in 'kwsd wyoming' and 'kwsd ws'; one more thread "
            "serves the network. The sound of a client stays on one thread. 0: one thread fewer than the CPU "
            "has cores, but at least one."},
};

std::vector<std::string> split(std::string_view text, char delimiter) {
  return CLI::detail::split(std::string(text), delimiter);
}

const char* title(SettingGroup group) {
  constexpr std::array titles{"Input", "Recognition", "Output", "Log", "Server"};
  return titles[static_cast<std::size_t>(group)];
}

template <typename Function>
using ValueOf = std::remove_reference_t<std::invoke_result_t<Function, RunOptions&>>;

/// The option for a field of type Value.
template <typename Value>
CLI::Option* add_option(CLI::App& command, const Setting& setting, RunOptions& options, Value& value) {
  if constexpr (std::is_same_v<Value, bool>) {
    return command.add_flag(setting.flags, value, setting.help);
  } else if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
    const auto assign = [&value, &options,
                         assigned = setting.assigned](const std::vector<std::string>& values) {
      value = values;
      if (assigned != nullptr) {
        assigned(options);
      }
    };
    CLI::Option* option =
        command.add_option_function<std::vector<std::string>>(setting.flags, assign, setting.help);
    return option->expected(1)->take_all()->default_str(CLI::detail::join(value, " "));
  } else if constexpr (std::is_same_v<Value, std::optional<double>>) {
    return command
        .add_option_function<double>(
            setting.flags, [&value](double given) { value = given; }, setting.help)
        ->check(CLI::Range(setting.low, setting.high));
  } else {
    CLI::Option* option = command.add_option(setting.flags, value, setting.help);
    if constexpr (std::is_same_v<Value, double>) {
      option->check(CLI::Range(setting.low, setting.high));
    } else if constexpr (std::is_arithmetic_v<Value>) {
      option->check(CLI::Range(static_cast<Value>(setting.low), static_cast<Value>(setting.high)));
    }
    return option;
  }
}

void add_setting(CLI::App& command, const Setting& setting, RunOptions& options) {
  CLI::Option* option = std::visit(
      [&](auto field) {
        return add_option<ValueOf<decltype(field)>>(command, setting, options, field(options));
      },
      setting.field);
  if (*setting.value != '\0') {
    option->type_name(setting.value);
  }
  if (*setting.choices != '\0') {
    option->check(CLI::IsMember(split(setting.choices, '|')));
  }
  if (setting.check != nullptr) {
    option->check(
        CLI::Validator([check = setting.check](const std::string& text) { return check(text); }, ""));
  }
  option->group(title(setting.group));
}

/// "text" in quotes, as in TOML.
std::string toml_string(const std::string& text) {
  return '"' + text + '"';
}

std::string toml_value(const std::string& value) {
  return value.empty() ? "" : toml_string(value);
}
std::string toml_value(const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) {
    list += (list.empty() ? "" : ", ") + toml_string(value);
  }
  return list.empty() ? "" : '[' + list + ']';
}
std::string toml_value(bool value) {
  return value ? "true" : "false";
}
template <typename Number>
std::string toml_value(Number value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}
std::string toml_value(const std::optional<double>& value) {
  return value ? toml_value(*value) : "";
}

}  // namespace

std::string_view Setting::name() const noexcept {
  const std::string_view all = flags;
  return all.substr(all.rfind("--") + 2);
}

std::span<const Setting> settings() noexcept {
  return table;
}

void add_settings(CLI::App& command, RunOptions& options, std::initializer_list<std::string_view> names) {
  for (const Setting& setting : table) {
    if (std::find(names.begin(), names.end(), setting.name()) != names.end()) {
      add_setting(command, setting, options);
    }
  }
}

void add_settings(CLI::App& command, RunOptions& options, std::initializer_list<SettingGroup> groups) {
  for (const Setting& setting : table) {
    if (std::find(groups.begin(), groups.end(), setting.group) != groups.end()) {
      add_setting(command, setting, options);
    }
  }
}

void add_log_option(CLI::App& command) {
  const Setting& setting =
      *std::find_if(table.begin(), table.end(), [](const Setting& row) { return row.name() == "log-level"; });
  command.add_option_function<std::string>(setting.flags, set_up_log, setting.help)
      ->check(CLI::IsMember(split(setting.choices, '|')))
      ->default_str(RunOptions{}.log_level)
      ->group(title(setting.group));
}

void add_config_option(CLI::App& command) {
  command
      .add_option("--config",
                  "The configuration file. Default: ~/.config/kwsd/kwsd.toml and /etc/kwsd/kwsd.toml.")
      ->type_name("FILE");
}

std::string_view type_name(const Setting& setting) noexcept {
  constexpr std::array<std::string_view, std::variant_size_v<SettingField>> names{
      "string", "array of strings", "integer", "integer", "number", "boolean", "number"};
  return names[setting.field.index()];
}

std::string default_text(const Setting& setting) {
  RunOptions defaults;
  return std::visit([&](auto field) { return toml_value(field(defaults)); }, setting.field);
}

std::vector<std::string> restart_settings(RunOptions a, RunOptions b) {
  std::vector<std::string> names;
  for (const Setting& setting : table) {
    const bool same = std::visit([&](auto field) { return field(a) == field(b); }, setting.field);
    if (!setting.reload && !same) {
      names.emplace_back(setting.name());
    }
  }
  return names;
}

}  // namespace kwsd
