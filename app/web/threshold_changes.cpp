#include "app/web/threshold_changes.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/model/error.h"

namespace kwsd {

namespace {

using Keyword = std::pair<std::string, std::string>;           // model, word
using Thresholds = std::array<double, 3>;                      // full, half, quarter
using Keywords = std::vector<std::pair<Keyword, Thresholds>>;  // in kwsd's order

Keywords keywords_of(const std::string& answer) try {
  const nlohmann::json json = nlohmann::json::parse(answer);
  if (json.contains("error")) {
    throw Error(static_cast<ErrorKind>(json.at("code").get<int>()), json.at("error").get<std::string>());
  }
  Keywords keywords;
  for (const nlohmann::json& row : json.at("keywords")) {
    const nlohmann::json& branches = row.at("thresholds");
    keywords.push_back({{row.at("model").get<std::string>(), row.at("keyword").get<std::string>()},
                        {branches.at("full").get<double>(), branches.at("half").get<double>(),
                         branches.at("quarter").get<double>()}});
  }
  return keywords;
} catch (const nlohmann::json::exception&) {
  throw Error(ErrorKind::unavailable, "found another answer than kwsd's at the control socket");
}

}  // namespace

ThresholdChanges threshold_changes(const std::string& in_force, const std::string& configured) {
  const Keywords rows = keywords_of(configured);
  const std::map<Keyword, Thresholds> before(rows.begin(), rows.end());
  ThresholdChanges changes;
  for (const auto& [keyword, now] : keywords_of(in_force)) {
    const auto& [model, word] = keyword;
    const auto known = before.find(keyword);
    if (known == before.end()) {
      if (std::find(changes.other_models.begin(), changes.other_models.end(), model) ==
          changes.other_models.end()) {
        changes.other_models.push_back(model);
      }
    } else if (now != known->second) {
      if (now[1] != now[0] || now[2] != now[0]) {
        throw Error(ErrorKind::usage, word +
                                          ": found a threshold for one branch alone, expected one for all: "
                                          "a configuration file has no others");
      }
      std::erase_if(changes.words,
                    [&word = word](const NamedThreshold& other) { return other.first == word; });
      changes.words.emplace_back(word, static_cast<float>(now[0]));
    }
  }
  return changes;
}

}  // namespace kwsd
