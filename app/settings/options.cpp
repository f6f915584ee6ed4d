#include "app/settings/options.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "app/base/log.h"
#include "app/base/words.h"
#include "app/settings/model_store.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"
#include "engine/model/model_file.h"

namespace kwsd {

std::string check_number(const std::string& text) {
  return text.find_first_of("nN") == std::string::npos ? "" : "found '" + text + "', expected a number";
}

KeywordValue parse_keyword_value(const std::string& text, double high) {
  KeywordValue setting;
  const std::size_t equals = text.rfind('=');
  setting.word = equals == std::string::npos ? "" : text.substr(0, equals);
  const std::string number = equals == std::string::npos ? text : text.substr(equals + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), setting.value);
  const bool parsed = error == std::errc() && end == number.data() + number.size();
  if (!parsed || !(setting.value >= 0 && setting.value <= high) || equals == 0) {
    throw Error(ErrorKind::usage,
                fmt::format("found '{}', expected X or WORD=X with X from 0 to {}", printable(text), high));
  }
  return setting;
}

namespace {

/// Calls `set(model, label, value)` for each keyword that each of the settings names, in their order.
template <typename Set>
void for_keywords(const char* flag, std::span<const std::string> settings, double high,
                  std::span<const std::shared_ptr<const Model>> models, const Set& set) {
  for (const std::string& text : settings) {
    const KeywordValue setting = parse_keyword_value(text, high);
    bool known = false;
    for (std::size_t model = 0; model < models.size(); ++model) {
      const std::vector<Label>& labels = models[model]->labels;
      for (std::size_t label = 0; label < labels.size(); ++label) {
        if (labels[label].kind == LabelKind::keyword &&
            (setting.word.empty() || same_word(setting.word, labels[label].name))) {
          known = true;
          set(model, label, setting.value);
        }
      }
    }
    if (!known) {
      throw Error(ErrorKind::usage, std::string(flag) + ": found the word '" + printable(setting.word) +
                                        "', expected a keyword of a loaded model (see kwsd info)");
    }
  }
}

}  // namespace

void apply_thresholds(std::span<const std::string> settings,
                      std::span<const std::shared_ptr<const Model>> models, const SetThreshold& set) {
  for_keywords("--threshold", settings, 1, models,
               [&set](std::size_t model, std::size_t label, double value) {
                 set(model, static_cast<int>(label), static_cast<float>(value));
               });
}

SpotterOptions spotter_options(const RecognitionOptions& options,
                               std::span<const std::shared_ptr<const Model>> models) {
  SpotterOptions out;
  if (options.hop_ms > 0) {
    out.hop_seconds = options.hop_ms / 1000;
  }
  if (options.smoothing_ms) {
    out.smoothing_seconds = *options.smoothing_ms / 1000;
  }
  for_keywords("--refractory-seconds", options.refractory, most_refractory_seconds, models,
               [&](std::size_t model, std::size_t label, double seconds) {
                 out.keyword_refractory_seconds[models[model]->labels[label].name] = seconds;
               });
  return out;
}

std::vector<std::shared_ptr<const Model>> load_models(std::span<const std::string> names) {
  std::vector<std::shared_ptr<const Model>> models;
  std::vector<std::pair<std::vector<std::byte>, std::string>> loaded;  // bytes and name
  for (const std::string& name : names) {
    auto model = std::make_shared<const Model>(load_model(find_model(name)));
    std::vector<std::byte> bytes = serialize_model(*model);
    const auto same =
        std::find_if(loaded.begin(), loaded.end(), [&](const auto& other) { return other.first == bytes; });
    if (same != loaded.end()) {
      spdlog::warn("--model: '{}' is the same model as '{}'; the model is loaded once", printable(name),
                   printable(same->second));
      continue;
    }
    models.push_back(std::move(model));
    loaded.emplace_back(std::move(bytes), name);
  }
  return models;
}

std::shared_ptr<const Spotter> load_spotter(const RecognitionOptions& options) {
  std::vector<std::shared_ptr<const Model>> models = load_models(options.models);
  const SpotterOptions spotting = spotter_options(options, models);
  return std::make_shared<const Spotter>(std::move(models), select_kernels(options.kernels), spotting);
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
