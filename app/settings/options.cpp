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

void apply_thresholds(std::span<const std::string> settings,
                      std::span<const std::shared_ptr<const Model>> models, const SetThreshold& set) {
  for (const std::string& text : settings) {
    const ThresholdSetting setting = parse_threshold(text);
    bool known = false;
    for (std::size_t model = 0; model < models.size(); ++model) {
      const std::vector<Label>& labels = models[model]->labels;
      for (std::size_t label = 0; label < labels.size(); ++label) {
        if (labels[label].kind == LabelKind::keyword &&
            (setting.word.empty() || same_word(setting.word, labels[label].name))) {
          known = true;
          set(model, static_cast<int>(label), setting.value);
        }
      }
    }
    if (!known) {
      throw Error(ErrorKind::usage, "--threshold: found the word '" + printable(setting.word) +
                                        "', expected a keyword of a loaded model (see kwsd info)");
    }
  }
}

SpotterOptions spotter_options(const RecognitionOptions& options) {
  const RecognitionOptions defaults;
  SpotterOptions out;
  if (options.hop_ms > 0) {
    out.hop_seconds = options.hop_ms / 1000;
  }
  if (options.smoothing_ms != defaults.smoothing_ms) {
    out.smoothing_seconds = options.smoothing_ms / 1000;
  }
  if (options.refractory_seconds != defaults.refractory_seconds) {
    out.refractory_seconds = options.refractory_seconds;
  }
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
  return std::make_shared<const Spotter>(std::move(models), select_kernels(options.kernels),
                                         spotter_options(options));
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
