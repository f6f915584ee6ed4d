#include "app/daemon/recognizer.h"

#include <algorithm>

#include "app/base/contract.h"

namespace kwsd {

Recognizer::Recognizer(const RecognitionOptions& options)
    : stream_(load_spotter(options)),
      thresholds_(stream_.spotter()->models()),
      near_misses_(stream_.spotter()->models()) {
  stream_.set_observer(this);
  std::size_t most_found = 0;
  for (const auto& model : stream_.spotter()->models()) {  // a window, a detection each
    most_found += block_samples / model->features.hop_samples + 2;
  }
  found_.reserve(most_found);
  apply_thresholds(options.thresholds, stream_.spotter()->models(),
                   [this](std::size_t model, int label, float threshold) {
                     stream_.set_threshold(model, label, threshold);
                     thresholds_.note(model, label, threshold);
                   });
}

Recognizer::~Recognizer() = default;

void Recognizer::restart(std::int64_t sample) noexcept {
  stream_.restart(sample);
  near_misses_.restart();
}

std::vector<std::shared_ptr<const Model>> Recognizer::models() const {
  const auto models = stream_.spotter()->models();
  return {models.begin(), models.end()};
}

bool Recognizer::has_second_stage() const noexcept {
  const auto models = stream_.spotter()->models();
  return std::any_of(models.begin(), models.end(),
                     [](const auto& model) { return model->second != nullptr; });
}

std::vector<std::string> Recognizer::model_names() const {
  std::vector<std::string> names;
  for (const auto& model : stream_.spotter()->models()) {
    names.push_back(model->name);
  }
  return names;
}

std::span<const Recognizer::Found> Recognizer::listen(std::span<const float> samples,
                                                      BranchId branch) noexcept {
  check_contract(samples.size() <= block_samples, "more samples than the recognizer takes at a time");
  thresholds_.take([this](std::size_t model, int label, BranchId b, float threshold) {
    stream_.set_threshold(model, label, b, threshold);
  });
  stream_.set_branch(branch);
  found_.clear();
  near_misses_.forget();
  stream_.push(samples, [this](const Spotting& word) {
    found_.push_back({&stream_.spotter()->models()[word.model], word.detection, word.level_db, word.snr_db});
    near_misses_.on_detection(stream_.sample());
  });
  return found_;
}

void Recognizer::on_window(SpotterStream& stream, std::size_t model, std::int64_t end_sample) noexcept {
  thresholds_.publish(model, stream.detector(model).scores());
  near_misses_.on_window(model, stream.detector(model), stream.branch(), end_sample);
  if (observer_) {
    observer_->on_window(*stream.spotter()->models()[model], stream.detector(model), stream.branch(),
                         end_sample);
  }
}

}  // namespace kwsd
