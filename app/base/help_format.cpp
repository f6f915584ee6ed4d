#include "app/base/help_format.h"

#include <algorithm>
#include <sstream>

namespace kwsd {
namespace {

constexpr std::size_t page_columns = 80;
constexpr std::size_t name_columns = 26;

/// A name and its description: on one line if the name leaves room, otherwise below it.
std::string entry(const std::string& name, const std::string& text) {
  std::string lines = wrapped("  " + name, page_columns);
  if (text.empty()) {
    return lines + '\n';
  }
  const std::string margin(name_columns, ' ');
  lines += lines.size() + 2 > name_columns ? '\n' + margin : std::string(name_columns - lines.size(), ' ');
  for (const char c : wrapped(text, page_columns - name_columns)) {
    lines += c;
    if (c == '\n') {
      lines += margin;
    }
  }
  return lines + '\n';
}

/// "1e+06" -> "1000000".
std::string plain_number(const std::string& text) {
  if (text.find('e') == std::string::npos) {
    return text;
  }
  std::ostringstream plain;
  plain << std::fixed;
  plain.precision(0);
  plain << std::stod(text);
  return plain.str();
}

/// "INT in [1 - 1024]" -> "1 to 1024"; empty if `check` contains no range.
std::string range_of(const std::string& check) {
  const std::size_t open = check.find('[');
  if (open == std::string::npos || check.back() != ']') {
    return "";
  }
  std::istringstream words(check.substr(open + 1, check.size() - open - 2));
  std::string low, dash, high;
  words >> low >> dash >> high;
  return plain_number(low) + " to " + plain_number(high);
}

/// "{a,b}" -> "a|b"; empty if `check` contains no choice.
std::string choice_of(const std::string& check) {
  if (check.size() < 2 || check.front() != '{') {
    return "";
  }
  std::string choice = check.substr(1, check.size() - 2);
  std::replace(choice.begin(), choice.end(), ',', '|');
  return choice;
}

/// "[commands]" -> "commands".
std::string default_of(std::string text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  return text;
}

}  // namespace

std::string wrapped(const std::string& text, std::size_t columns) {
  std::string lines;
  std::size_t line_start = 0;  // in `lines`
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::size_t word = end - at;
    if (lines.size() > line_start && lines.back() == ' ' && lines.size() - line_start + word > columns) {
      lines.back() = '\n';
      line_start = lines.size();
    }
    lines.append(text, at, word);
    if (end < text.size()) {
      lines += text[end];
      line_start = text[end] == '\n' ? lines.size() : line_start;
    }
    at = end + 1;
  }
  return lines;
}

std::string HelpFormat::make_option(const CLI::Option* option, bool is_positional) const {
  return entry(make_option_name(option, is_positional) + make_option_opts(option), make_option_desc(option));
}

std::string HelpFormat::make_subcommand(const CLI::App* command) const {
  return entry(command->get_name(), command->get_description());
}

std::string HelpFormat::make_description(const CLI::App* app) const {
  const std::string text = app->get_description();
  return text.empty() ? "" : wrapped(text, page_columns) + '\n';
}

std::string HelpFormat::make_footer(const CLI::App* app) const {
  const std::string text = app->get_footer();
  return text.empty() ? "" : '\n' + wrapped(text, page_columns) + '\n';
}

std::string HelpFormat::make_option_opts(const CLI::Option* option) const {
  if (option->get_type_size() == 0) {
    return "";
  }
  const std::string type = option->get_type_name();  // KIND:CHECK
  const std::string kind = type.substr(0, type.find(':'));
  const std::string check = type.size() > kind.size() ? type.substr(kind.size() + 1) : "";
  const bool number = kind == "INT" || kind == "UINT" || kind == "FLOAT";
  const std::string choice = choice_of(check);
  const std::string range = range_of(check);
  const std::string given = default_of(option->get_default_str());
  const std::string remark =
      range + (range.empty() || given.empty() ? "" : "; ") + (given.empty() ? "" : "default " + given);
  return " " + (!choice.empty() ? choice : number ? "N" : kind) + (remark.empty() ? "" : " (" + remark + ")");
}

}  // namespace kwsd
