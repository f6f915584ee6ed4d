// The table of settings, and the pages that repeat it. KWSD_UPDATE_PAGES=1 writes the pages: look at the
// difference before it is committed.
#include "app/settings/settings.h"

#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/unit/app/settings/settings_pages.h"

using namespace kwsd;
using namespace kwsd::test;

namespace {

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What stands between the two comment lines in `page`; `wanted` in its place where pages are to be written.
std::string between(const std::string& path, const std::string& name, const std::string& wanted) {
  const std::string begin = ".\\\" " + name + ": from the table of settings\n",
                    end = ".\\\" " + name + ": end\n";
  std::string page = read(path);
  const std::size_t from = page.find(begin), to = page.find(end);
  if (from == std::string::npos || to == std::string::npos) {
    return "no lines '" + begin + "' and '" + end + "'";
  }
  const std::string found = page.substr(from + begin.size(), to - from - begin.size());
  if (std::getenv("KWSD_UPDATE_PAGES") != nullptr && found != wanted) {
    page.replace(from + begin.size(), found.size(), wanted);
    std::ofstream(path) << page;
  }
  return found;
}

}  // namespace

TEST_CASE("each setting has a name of its own, a sentence, and a default that its own flag accepts") {
  std::set<std::string_view> names;
  for (const Setting& setting : settings()) {
    CAPTURE(setting.flags);
    CHECK(names.insert(setting.name()).second);
    CHECK(std::string(setting.help).back() == '.');
    CHECK((type_name(setting) != "boolean" || default_text(setting) == "false"));
    CHECK((!default_text(setting).empty() || *setting.example != '\0'));
  }
  CHECK(names.size() > 15);
}

TEST_CASE("what needs a restart is what the table says") {
  for (const Setting& setting : settings()) {
    RunOptions a, b;
    CLI::App app;
    add_settings(app, b, {setting.name()});
    const std::string flag = "--" + std::string(setting.name());
    const std::string type(type_name(setting));
    const std::string choice =
        *setting.choices != '\0'
            ? std::string(setting.choices).substr(std::string(setting.choices).rfind('|') + 1)
            : "";
    const std::string value = !choice.empty()     ? choice
                              : type == "integer" ? "4001"
                              : type == "number"  ? "7"
                                                  : "0.25";
    CAPTURE(flag, value);
    const int low = static_cast<int>(setting.low);
    app.parse(type == "boolean"
                  ? flag
                  : flag + "=" +
                        (setting.high > 0 && setting.high < 4001 && choice.empty() && type == "integer"
                             ? std::to_string(low + 1)
                             : value));
    const std::vector<std::string> expected =
        setting.reload ? std::vector<std::string>{} : std::vector<std::string>{std::string(setting.name())};
    CHECK(restart_settings(a, b) == expected);
    CHECK(restart_settings(a, a).empty());
  }
}

TEST_CASE("kwsd.toml and the manual say what the table of settings says, text by text") {
  const std::string config = std::string(KWSD_SOURCE) + "/config/";
  const std::string toml = read(config + "kwsd.toml");
  if (std::getenv("KWSD_UPDATE_PAGES") != nullptr) {
    std::ofstream(config + "kwsd.toml") << toml_page();
  }
  CHECK(toml == toml_page());
  CHECK(between(config + "man/kwsd.1", "options", manual_options()) == manual_options());
  CHECK(between(config + "man/kwsd.1", "server options", manual_server_options()) == manual_server_options());
  CHECK(between(config + "man/kwsd.toml.5", "keys", manual_keys()) == manual_keys());
  CHECK(between(config + "man/kwsd.toml.5", "reload", manual_reload()) == manual_reload());
}
