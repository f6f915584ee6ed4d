#include "models/trainer/word/word_second.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <vector>

#include "app/audio/pcm16.h"
#include "app/base/parallel.h"
#include "app/enroll/enroll.h"
#include "app/enroll/second_fit.h"
#include "engine/kernels/kernels.h"
#include "engine/model/model_file.h"
#include "models/trainer/net/provenance.h"

namespace kwsd::train {
namespace {

constexpr std::size_t most_recordings = 400;  // more take time, and bring little that is new

/// Null, and a line in the log, if the base has no vectors for this model.
std::shared_ptr<const Model> base_of(const Model& model, const std::filesystem::path& file) {
  const auto none = [&file](const char* why) {
    spdlog::warn("{}: {}: the model gets no second stage", file.string(), why);
    return nullptr;
  };
  if (!std::filesystem::exists(file)) {
    return none("found no such file, expected the base's model with vectors (kwsd-train export-vectors)");
  }
  auto base = std::make_shared<const Model>(load_model(file));
  if (!base->second) {
    return none("found no second stage, expected one (kwsd-train export-vectors)");
  }
  if (!(base->features == model.features)) {
    return none("found other features than those of the base's checkpoint, expected the same");
  }
  return base;
}

std::vector<std::vector<float>> sounds_of_word(const Dataset& dataset, const Mistakes& mistakes) {
  std::vector<std::vector<float>> sounds;
  std::transform(mistakes.missed.begin(), mistakes.missed.end(), std::back_inserter(sounds),
                 [](const EnrollClip& clip) { return clip.samples; });
  for (const Clip& clip : dataset.clips(Split::train)) {
    if (clip.label == 0 && !clip.added) {
      sounds.push_back(from_pcm16(clip.samples));
    }
  }
  if (sounds.size() > most_recordings) {
    spdlog::info("the second stage: the first {} of {} recordings", most_recordings, sounds.size());
    sounds.resize(most_recordings);
  }
  return sounds;
}

}  // namespace

void add_second_stage(Model& model, const std::filesystem::path& base_file, const Dataset& dataset,
                      const Mistakes& mistakes, const Negatives& negatives, unsigned threads) {
  const auto base = base_of(model, base_file);
  if (!base) {
    return;
  }
  const std::vector<std::vector<float>> sounds = sounds_of_word(dataset, mistakes);
  if (sounds.empty()) {
    return;
  }
  Negatives others = negatives;
  for (const EnrollClip& wrong : mistakes.wrong) {
    add_negative(others, wrong.samples);
  }
  const Kernels& kernels = select_kernels("auto");
  const SecondFit second(*base, kernels, others, threads);
  const auto features = std::make_shared<const MfccTables>(others.features);
  const std::vector<const NegativeRun*> talk = others.talk_without({model.labels[0].name});
  std::vector<std::vector<Variation>> said(sounds.size());
  std::vector<Embeddings> vectors(sounds.size());
  parallel_for(sounds.size(), threads, [&](std::size_t i) {
    said[i] = variations_of(features, sounds[i], others, talk, i);
    vectors[i] = second.of_word(said[i]);
  });
  std::vector<Variation> all;
  std::vector<const Embeddings*> word;
  for (std::size_t i = 0; i < sounds.size(); ++i) {
    all.insert(all.end(), said[i].begin(), said[i].end());
    word.push_back(&vectors[i]);
  }
  const auto first = [&] {
    return first_on_negatives(Network(std::make_shared<const Model>(model), kernels), others, threads);
  };
  spread_posteriors(model, first(), all, kernels);
  model.second = second.fit(second.open(first()), word, model.labels);
  if (model.second) {
    copy_second_stage(model, *base);
  }
}

}  // namespace kwsd::train
