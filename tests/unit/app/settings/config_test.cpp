// Configuration: what a file may say, who wins, and errors that name file, line and key.
#include "app/settings/config.h"

#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <regex>

#include "app/settings/settings.h"
#include "engine/model/error.h"
#include "tests/support/temporary_folder.h"

using namespace kwsd;
using kwsd::test::TemporaryFolder;

namespace {

/// An environment variable for the time of a test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

/// The options of `kwsd run` with these arguments.
RunOptions options_of(const std::string& arguments) {
  CLI::App app;
  RunOptions options;
  add_settings(app, options,
               {SettingGroup::input, SettingGroup::recognition, SettingGroup::output, SettingGroup::log});
  add_config_option(app);
  app.parse(arguments);
  load_config(app);
  return options;
}

std::string error_of(const std::string& text) {
  const TemporaryFolder folder;
  const auto file = folder.write("k.toml", text);
  try {
    (void)options_of("--config " + file.string());
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::config);
    const std::string what = error.what();
    CHECK(what.find('\n') == std::string::npos);
    CHECK(what.find((folder.path() / "k.toml:").string()) == 0);
    return what.substr((folder.path() / "k.toml:").string().size());
  }
  return "no error";
}

}  // namespace

TEST_CASE("a configuration file says what flags say") {
  const TemporaryFolder folder;
  const auto file = folder.write("k.toml", R"(
input = "-"                           # a comment
rate = 48000
realtime = true
model = ["commands", "jarvis"]
threshold = [0.8, "stop=0.9"]
hop-ms = 96.5
smoothing-ms = 300
refractory-seconds = 0.5
format = ["text", "u8"]
)");
  const RunOptions options = options_of("--config " + file.string());
  CHECK(options.input.input == "-");
  CHECK(options.input.rate_hz == 48000);
  CHECK(options.input.realtime);
  CHECK(options.recognition.models == std::vector<std::string>{"commands", "jarvis"});
  CHECK(options.recognition.thresholds == std::vector<std::string>{"0.8", "stop=0.9"});
  CHECK(options.recognition.hop_ms == 96.5);
  CHECK(options.recognition.smoothing_ms == 300);
  CHECK(options.recognition.refractory == std::vector<std::string>{"0.5"});
  CHECK_FALSE(options_of("").recognition.smoothing_ms.has_value());
  CHECK(options.output.text);
  CHECK(options.input.pcm_format == PcmFormat::u8);
}

TEST_CASE("flags win over the environment, that over the file, and lists are replaced whole") {
  const TemporaryFolder folder;
  folder.write("kwsd/kwsd.toml", "branch = 'half'\nmodel = ['a', 'b']\nrate = 8000\nrealtime = true\n");
  const Variable home("XDG_CONFIG_HOME", folder.path().string());
  CHECK(options_of("").recognition.branch == "half");
  CHECK(options_of("").recognition.models == std::vector<std::string>{"a", "b"});
  const Variable branch("KWSD_BRANCH", "quarter");
  const Variable models("KWSD_MODEL", "c,d,e");
  const Variable realtime("KWSD_REALTIME", "false");
  const RunOptions options = options_of("--branch full");
  CHECK(options.recognition.branch == "full");
  CHECK(options.recognition.models == std::vector<std::string>{"c", "d", "e"});
  CHECK(options.input.rate_hz == 8000);
  CHECK_FALSE(options.input.realtime);
  CHECK(options_of("-m x").recognition.models == std::vector<std::string>{"x"});
}

TEST_CASE("a configuration that is wrong is named by file, line and key") {
  using Catch::Contains;
  using Catch::StartsWith;
  CHECK_THAT(error_of("branch = 'half'\ncolour = 1\n"), StartsWith("2: unknown key 'colour'"));
  CHECK_THAT(error_of("\nrate = 'fast'\n"), StartsWith("2: key 'rate'") && Contains("fast"));
  CHECK_THAT(error_of("rate = -1\n"), StartsWith("1: key 'rate'") && Contains("4000"));
  CHECK_THAT(error_of("realtime = 3\n"),
             StartsWith("1: key 'realtime'") && Contains("expected true or false"));
  CHECK_THAT(error_of("rate = [8000, 16000]\n"), StartsWith("1: key 'rate'"));
  CHECK_THAT(error_of("threshold = 1.5\n"), StartsWith("1: key 'threshold'") && Contains("1.5"));
  CHECK_THAT(error_of("threshold = ['stop']\n"), StartsWith("1: key 'threshold'"));
  CHECK_THAT(error_of("refractory-seconds = 'stop=-1'\n"),
             StartsWith("1: key 'refractory-seconds'") && Contains("from 0 to 3600"));
  CHECK_THAT(error_of("branch = 'fourth'\n"), StartsWith("1: key 'branch'") && Contains("quarter"));
  CHECK_THAT(error_of("[input]\nrate = 1\n"), StartsWith("1: key 'input': expected"));
  CHECK_THAT(error_of("model = [['a']]\n"), StartsWith("1: key 'model': expected"));
  CHECK_THAT(error_of("rate = 8000\nrate = 8000\n"), StartsWith("2: "));
  CHECK_THAT(error_of("model = [\n"), StartsWith("2: ") || StartsWith("1: "));
  CHECK_THAT(error_of("[#"), StartsWith("1: "));               // found by fuzzing: toml++ asserts
  CHECK_THAT(error_of("[\xef\xb9\xbf\""), StartsWith("1: "));  // likewise: it calls white space unreachable
  CHECK_THAT(error_of("\xc3\xa9 = 1\n"), StartsWith("1: "));
  CHECK_THAT(error_of("help = true\n"), StartsWith("1: unknown key 'help'"));
}

TEST_CASE("each line of config/kwsd.toml is valid once its comment sign is removed") {
  std::ifstream file(std::string(KWSD_SOURCE) + "/config/kwsd.toml");
  std::string uncommented;
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_match(line, std::regex("# ([a-z-]+) = .+"))) {
      uncommented += line.substr(2) + "\n";
      ++lines;
    } else {
      CHECK((line.empty() || line.front() == '#'));
    }
  }
  const TemporaryFolder folder;
  CHECK_NOTHROW(options_of("--config " + folder.write("k.toml", uncommented).string()));
  CHECK(lines == settings().size());
}

TEST_CASE("an environment that is wrong is named by its variable") {
  const Variable rate("KWSD_RATE", "fast");
  CHECK_THROWS_WITH(options_of(""), Catch::StartsWith("environment KWSD_RATE: key 'rate'"));
}

TEST_CASE("a decimal comma in the environment is not two thresholds") {
  const Variable decimal("KWSD_THRESHOLD", "0,8");
  CHECK_THROWS_WITH(options_of(""), Catch::StartsWith("environment KWSD_THRESHOLD: found '0,8'"));
  const Variable list("KWSD_THRESHOLD", "0.8,stop=0.9");
  CHECK(options_of("").recognition.thresholds == std::vector<std::string>{"0.8", "stop=0.9"});
}
