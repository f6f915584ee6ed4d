#include "tests/unit/app/settings/settings_pages.h"

#include <array>
#include <sstream>

#include "app/base/help_format.h"
#include "app/settings/settings.h"

namespace kwsd::test {

namespace {

constexpr std::size_t page_columns = 100;
constexpr std::array titles{"Input", "Recognition", "Output", "Log", "Server"};

const char* title(const Setting& setting) {
  return titles[static_cast<std::size_t>(setting.group)];
}

/// roff takes '-' for a hyphen and a leading '.' or ''' for a request.
std::string roff(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    escaped += c == '-' ? "\\-" : c == '\\' ? "\\e" : std::string(1, c);
  }
  std::istringstream lines(wrapped(escaped, page_columns));
  std::string safe;
  for (std::string line; std::getline(lines, line);) {
    safe += (line.starts_with('.') || line.starts_with('\'') ? "\\&" : "") + line + '\n';
  }
  return safe;
}

/// "integer, 1 to 1024; default 1".
std::string kind_of(const Setting& setting) {
  std::ostringstream text;
  text.precision(9);
  text << type_name(setting);
  if (setting.low != setting.high) {
    text << ", " << setting.low << " to " << setting.high;
  }
  if (const std::string value = default_text(setting); !value.empty()) {
    text << "; default " << value;
  }
  return text.str();
}

std::string value_of(const Setting& setting) {
  if (type_name(setting) == "boolean") {
    return "";
  }
  return *setting.value != '\0' ? setting.value : *setting.choices != '\0' ? setting.choices : "N";
}

/// Calls `each(setting, first of its group)`.
template <typename Function>
void for_groups(const Function& each) {
  const Setting* last = nullptr;
  for (const Setting& setting : settings()) {
    each(setting, last == nullptr || last->group != setting.group);
    last = &setting;
  }
}

std::string manual_entry(const Setting& setting) {
  std::string flags = setting.flags;
  if (const std::size_t comma = flags.find(','); comma != std::string::npos) {
    flags.insert(comma + 1, " ");
  }
  std::string head = ".TP\n.B " + roff(flags);
  head.pop_back();
  const std::string value = value_of(setting);
  return head + (value.empty() ? "" : " \\fI" + value + "\\fR") + '\n' + roff(setting.help);
}

}  // namespace

std::string toml_page() {
  std::string page =
      "# Configuration of kwsd, in TOML: every setting of `kwsd run`, and of the servers, with its default. "
      "To "
      "change a\n"
      "# setting, remove the '#' in front of its line. The command line and the environment (KWSD_HOP_MS) "
      "override this file.\n";
  for_groups([&page](const Setting& setting, bool first) {
    page += first ? std::string("\n# --- ") + title(setting) + "\n" : "";
    std::istringstream lines(wrapped(setting.help, page_columns));
    page += '\n';
    for (std::string line; std::getline(lines, line);) {
      page += "# " + line + '\n';
    }
    const std::string value = *setting.example != '\0' ? setting.example : default_text(setting);
    page += "# " + std::string(setting.name()) + " = " + value + '\n';
  });
  return page;
}

std::string manual_options() {
  std::string page;
  for_groups([&page](const Setting& setting, bool first) {
    if (setting.group != SettingGroup::server) {
      page += (first ? std::string(".SS ") + title(setting) + "\n" : "") + manual_entry(setting);
    }
  });
  return page;
}

std::string manual_server_options() {
  std::string page;
  for_groups([&page](const Setting& setting, bool) {
    page += setting.group == SettingGroup::server ? manual_entry(setting) : "";
  });
  return page;
}

std::string manual_keys() {
  std::string page;
  for_groups([&page](const Setting& setting, bool) {
    std::string name = roff(std::string(setting.name()));
    name.pop_back();
    page += ".TP\n.BR " + name + " \" (" + kind_of(setting).insert(0, "") + ")\"\n" + roff(setting.help);
  });
  // A quotation mark inside a quoted argument is written twice.
  std::string doubled;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(".BR")) {
      const std::size_t open = line.find('"');
      std::string inner = line.substr(open + 1, line.size() - open - 2), twice;
      for (const char c : inner) {
        twice += c == '"' ? "\"\"" : std::string(1, c);
      }
      line = line.substr(0, open + 1) + twice + '"';
    }
    doubled += line + '\n';
  }
  return doubled;
}

std::string manual_reload() {
  std::string list;
  for (const Setting& setting : settings()) {
    if (setting.reload) {
      list += (list.empty() ? "" : ", ") + std::string(setting.name());
    }
  }
  return roff("A reload applies changes of these settings: " + list +
              ". Others need a restart; a line in the log names them.");
}

}  // namespace kwsd::test
