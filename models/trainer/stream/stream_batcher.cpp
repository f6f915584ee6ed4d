#include "models/trainer/stream/stream_batcher.h"

#include <algorithm>

#include "engine/features/frames.h"
#include "engine/features/mfcc.h"
#include "models/trainer/data/rate.h"

namespace kwsd::train {
namespace {

constexpr double known_after = 0.1;    // s after a keyword's begin an event may come
constexpr double hit_until = 0.75;     // s after its end it is late
constexpr double room_behind = 0.3;    // s that a keyword needs behind it to be waited for
constexpr double speech_known = 0.1;   // s after speech begins it is unknown ...
constexpr double speech_until = 0.2;   // ... until so long after its end
constexpr double silence_after = 0.7;  // s after speech ends no trace of it is left

/// SpecAugment, twice: a stretch of frames and a band of coefficients at the mean (0).
void mask_stream(std::span<float> features, std::size_t coefficients, const AugmentOptions& augment,
                 Random& random) {
  const std::size_t frames = features.size() / coefficients;
  for (int i = 0; i < 2; ++i) {
    const auto masked_frames =
        std::min(frames, random.below(static_cast<std::size_t>(augment.spec_frames) + 1));
    const auto masked_bands =
        std::min(coefficients, random.below(static_cast<std::size_t>(augment.spec_bands) + 1));
    const std::size_t first_frame = random.below(frames - masked_frames + 1);
    const std::size_t first_band = random.below(coefficients - masked_bands + 1);
    std::fill_n(features.begin() + static_cast<std::ptrdiff_t>(first_frame * coefficients),
                masked_frames * coefficients, 0.0F);
    const std::size_t to = std::min(frames, first_frame + 40);  // about a second
    for (std::size_t f = first_frame; f < to; ++f) {
      std::fill_n(features.begin() + static_cast<std::ptrdiff_t>(f * coefficients + first_band), masked_bands,
                  0.0F);
    }
  }
}

}  // namespace

StepTimes step_times(const FeatureParams& features, int step_frames, std::size_t samples) {
  const std::size_t frames = frames_in(features, samples);
  StepTimes times;
  times.first_end = features.frame_samples;
  times.stride = static_cast<std::int64_t>(step_frames) * features.hop_samples;
  times.steps = frames == 0 ? 0 : (frames - 1) / static_cast<std::size_t>(step_frames) + 1;
  return times;
}

StepLabels label_steps(const TrainingStream& stream, std::size_t number, const StepTimes& times,
                       int unknown_label, int silence_label) {
  StepLabels out;
  out.targets.assign(times.steps, -1);
  out.negative.assign(times.steps, 1.0F);
  const auto seconds = [](std::int32_t sample) { return static_cast<double>(sample) / sample_rate_hz; };
  const double last = times.steps == 0 ? 0 : times.end_seconds(times.steps - 1);
  for (const Spoken& s : stream.spoken) {
    if (s.label != unknown_label && s.whole && seconds(s.end) + room_behind <= last) {
      out.occurrences.push_back({number, s.label, seconds(s.begin), seconds(s.end)});
    }
  }
  for (std::size_t i = 0; i < times.steps; ++i) {
    const double now = times.end_seconds(i);
    bool speech = false;
    bool near = false;
    bool keyword = false;
    for (const Spoken& s : stream.spoken) {
      const double since_begin = now - seconds(s.begin);
      const double since_end = now - seconds(s.end);
      near = near || (since_begin >= 0 && since_end <= silence_after);
      if (s.label == unknown_label) {
        speech = speech || (since_begin >= speech_known && since_end <= speech_until);
      } else {
        keyword = keyword || (since_begin >= 0 && since_end <= hit_until);
        out.negative[i] = since_begin >= known_after && since_end <= hit_until ? 0.0F : out.negative[i];
      }
    }
    if (!keyword) {
      out.targets[i] = speech ? unknown_label : near ? -1 : silence_label;
    }
  }
  return out;
}

StreamBatcher::StreamBatcher(const StreamMaker& maker, const Dataset& dataset, const FeatureParams& features,
                             const AugmentOptions& augment, int first_frames, int step_frames,
                             std::size_t batch_size, std::uint64_t seed)
    : maker_(maker),
      features_(features),
      augment_(augment),
      times_(step_times(features, step_frames, maker.samples())),
      batch_size_(batch_size),
      copies_(static_cast<std::size_t>(first_frames - 1)),
      frames_(copies_ + frames_in(features, maker.samples())),
      seed_(seed),
      unknown_label_(dataset.unknown_label()),
      silence_label_(dataset.silence_label()) {
  validate(features);
}

StreamBatch StreamBatcher::make(std::uint64_t number, Split split) const {
  Mfcc mfcc(features_);
  StreamBatch batch;
  batch.size = batch_size_;
  batch.frames = frames_;
  batch.coefficients = features_.coefficients;
  batch.times = times_;
  const std::size_t values = frames_ * batch.coefficients;
  batch.features.resize(batch_size_ * values);
  std::vector<float> samples(maker_.samples());
  std::vector<std::int8_t> frame(batch.coefficients);
  for (std::size_t i = 0; i < batch_size_; ++i) {
    Random random{seed_, static_cast<std::uint64_t>(split), number, i};
    const TrainingStream stream = maker_.draw(random, samples, split);
    if (i < kept_) {
      ++batch.samples_of;
      batch.samples.insert(batch.samples.end(), samples.begin(), samples.end());
    }
    const auto features = std::span(batch.features).subspan(i * values, values);
    for (std::size_t f = 0; f < frames_; ++f) {
      if (f == 0 || f > copies_) {
        const std::size_t first = (f - std::min(f, copies_)) * features_.hop_samples;
        mfcc.compute_quantized(std::span<const float>(samples).subspan(first, features_.frame_samples),
                               frame);
      }
      std::copy(frame.begin(), frame.end(),
                features.begin() + static_cast<std::ptrdiff_t>(f * batch.coefficients));
    }
    if (augment_.enabled && split == Split::train && random.chance(augment_.spec_chance)) {
      mask_stream(features, batch.coefficients, augment_, random);
    }
    StepLabels labels = label_steps(stream, i, times_, unknown_label_, silence_label_);
    batch.targets.insert(batch.targets.end(), labels.targets.begin(), labels.targets.end());
    batch.negative.insert(batch.negative.end(), labels.negative.begin(), labels.negative.end());
    batch.occurrences.insert(batch.occurrences.end(), labels.occurrences.begin(), labels.occurrences.end());
  }
  return batch;
}

}  // namespace kwsd::train
