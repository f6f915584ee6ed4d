#include "app/settings/options.h"

#include <charconv>

#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

std::string check_number(const std::string& text) {
  return text.find_first_of("nN") == std::string::npos ? "" : "found '" + text + "', expected a number";
}

ThresholdSetting parse_threshold(const std::string& text) {
  ThresholdSetting setting;
  const std::size_t equals = text.rfind('=');
  setting.word = equals == std::string::npos ? "" : text.substr(0, equals);
  const std::string number = equals == std::string::npos ? text : text.substr(equals + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), setting.value);
  const bool parsed = error == std::errc() && end == number.data() + number.size();
  if (!parsed || !(setting.value >= 0 && setting.value <= 1) || equals == 0) {
    throw Error(ErrorKind::usage, "found '" + printable(text) + "', expected X or WORD=X with X from 0 to 1");
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
