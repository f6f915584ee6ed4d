#include "app/daemon/reload.h"

#include <algorithm>
#include <utility>

#include "app/base/log.h"
#include "app/base/words.h"
#include "app/settings/settings.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

bool has_keyword(const Model& model, const std::string& word) {
  return std::any_of(model.labels.begin(), model.labels.end(), [&word](const Label& label) {
    return label.kind == LabelKind::keyword && same_word(label.name, word);
  });
}

/// Refractory periods of words that only unloaded models have are kept until those models are loaded again.
void keep_known_words(std::vector<std::string>& refractory,
                      const std::vector<std::shared_ptr<const Model>>& models) {
  std::erase_if(refractory, [&models](const std::string& text) {
    const std::string word = parse_keyword_value(text, most_refractory_seconds).word;
    return !word.empty() && std::none_of(models.begin(), models.end(),
                                         [&word](const auto& model) { return has_keyword(*model, word); });
  });
}

}  // namespace

Reload::Reload(Pipeline& pipeline, Controls& controls, RunOptions options, Read read, Prepare prepare)
    : pipeline_(pipeline),
      controls_(controls),
      options_(std::move(options)),
      read_(std::move(read)),
      prepare_(std::move(prepare)),
      models_(pipeline.recognizer().model_names()) {}

bool Reload::start() noexcept {
  if (under_way_) {
    again_ = true;
    return true;
  }
  try {
    const RunOptions next = read_();
    auto recognizer = std::make_unique<Recognizer>(next.recognition);
    set_up_log(next.log_level);
    if (const auto names = restart_settings(options_, next); !names.empty()) {
      spdlog::warn("reload: changes of {} take effect after a restart", fmt::join(names, ", "));
    }
    options_.recognition = next.recognition;
    controls_.set_branch(fixed_branch(next.recognition.branch));
    controls_.forget_thresholds();
    offer(std::move(recognizer));
    return true;
  } catch (const std::exception& error) {
    spdlog::error("reload failed; keeping the current configuration: {}", error.what());
    return false;
  }
}

std::unique_ptr<Recognizer> Reload::configured() const {
  return std::make_unique<Recognizer>(read_().recognition);
}

void Reload::change_models(std::vector<std::string> models) {
  if (under_way_) {
    throw Error(ErrorKind::unavailable, "the last change of models is not in effect yet");
  }
  RecognitionOptions next = options_.recognition;
  next.models = std::move(models);
  const std::vector<std::string> thresholds = std::exchange(next.thresholds, {});
  keep_known_words(next.refractory, load_models(next.models));
  auto recognizer = std::make_unique<Recognizer>(next);
  for (const std::string& text : thresholds) {
    const KeywordValue setting = parse_keyword_value(text, 1);
    recognizer->thresholds().want(setting.word, static_cast<float>(setting.value));
  }
  controls_.copy_thresholds(recognizer->thresholds());
  options_.recognition.models = next.models;
  offer(std::move(recognizer));
}

void Reload::offer(std::unique_ptr<Recognizer> recognizer) {
  if (prepare_) {
    prepare_(*recognizer);
  }
  models_ = recognizer->model_names();
  pipeline_.replace(std::move(recognizer));
  under_way_ = true;
}

bool Reload::finished() noexcept {
  if (!under_way_ || !pipeline_.take_replaced()) {
    return false;
  }
  under_way_ = false;
  return !std::exchange(again_, false) || !start();
}

}  // namespace kwsd
