#include "app/settings/help_format.h"

#include <algorithm>
#include <sstream>

namespace kwsd {
namespace {

/// "INT in [1 - 1024]" -> "1 to 1024"; empty where `check` says no range.
std::string range_of(const std::string& check) {
  const std::size_t open = check.find('[');
  if (open == std::string::npos || check.back() != ']') {
    return "";
  }
  std::istringstream words(check.substr(open + 1, check.size() - open - 2));
  std::string low, dash, high;
  words >> low >> dash >> high;
  return low + " to " + high;
}

/// "{a,b}" -> "a|b"; empty where `check` says no choice.
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
