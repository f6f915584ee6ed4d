#include "models/trainer/data/batcher.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include "app/base/parallel.h"
#include "engine/features/frames.h"
#include "engine/features/mfcc.h"
#include "engine/model/error.h"

namespace kwsd::train {
namespace {

constexpr double steps_per_deviation = 32.0;

int window_samples(const FeatureParams& features, int frames) {
  return (frames - 1) * static_cast<int>(features.hop_samples) + static_cast<int>(features.frame_samples);
}

/// SpecAugment (Park et al. 2019): a stretch of frames, a band of coefficients, both set to the mean (0).
void mask(std::span<float> window, std::size_t coefficients, const AugmentOptions& augment, Random& random) {
  const std::size_t frames = window.size() / coefficients;
  const std::size_t masked_frames = random.below(static_cast<std::size_t>(augment.spec_frames) + 1);
  const std::size_t masked_bands = random.below(static_cast<std::size_t>(augment.spec_bands) + 1);
  const std::size_t first_frame = random.below(frames - std::min(frames - 1, masked_frames));
  const std::size_t first_band = random.below(coefficients - std::min(coefficients - 1, masked_bands));
  for (std::size_t f = 0; f < frames; ++f) {
    for (std::size_t c = 0; c < coefficients; ++c) {
      const bool in_time = f >= first_frame && f < first_frame + masked_frames;
      const bool in_band = c >= first_band && c < first_band + masked_bands;
      if (in_time || in_band) {
        window[f * coefficients + c] = 0;
      }
    }
  }
}

/// Features of windows into a batch.
class Writer {
 public:
  Writer(const FeatureParams& features, const BatchOptions& options, std::size_t size)
      : mfcc_(features), quantized_(features.coefficients), as_samples_(options.samples) {
    const auto window = static_cast<std::size_t>(window_samples(features, options.frames));
    batch_.size = size;
    batch_.frames = as_samples_ ? 1 : static_cast<std::size_t>(options.frames);
    batch_.coefficients = as_samples_ ? window : features.coefficients;
    batch_.features.resize(size * batch_.frames * batch_.coefficients);
    batch_.labels.resize(size);
    batch_.words.resize(size);
    samples_.resize(window);
  }
  [[nodiscard]] std::span<float> samples() noexcept { return samples_; }
  [[nodiscard]] std::size_t frames() const noexcept { return batch_.frames; }
  /// Place i of the batch: [frames][coefficients].
  [[nodiscard]] std::span<float> features(std::size_t i) noexcept {
    const std::size_t values = batch_.frames * batch_.coefficients;
    return std::span(batch_.features).subspan(i * values, values);
  }
  void label(std::size_t i, int label, int word) {
    batch_.labels[i] = label;
    batch_.words[i] = word;
  }
  std::span<float> write(std::size_t i, const Window& window) {
    const std::span<float> out = features(i);
    if (as_samples_) {
      std::copy(samples_.begin(), samples_.end(), out.begin());
    } else {
      for_each_frame(mfcc_.params(), samples_, [&](std::size_t f, std::span<const float> frame) {
        mfcc_.compute_quantized(frame, quantized_);
        std::copy(quantized_.begin(), quantized_.end(),
                  out.begin() + static_cast<std::ptrdiff_t>(f * batch_.coefficients));
      });
    }
    label(i, window.label, window.word);
    return out;
  }
  Batch take() { return std::move(batch_); }

 private:
  Mfcc mfcc_;
  std::vector<std::int8_t> quantized_;
  bool as_samples_;
  std::vector<float> samples_;
  Batch batch_;
};

/// The frames that a stretch of a window's samples touches.
std::pair<std::size_t, std::size_t> frames_of(const FeatureParams& p, Extent samples, std::size_t frames) {
  const auto hop = static_cast<std::int32_t>(p.hop_samples);
  const auto size = static_cast<std::int32_t>(p.frame_samples);
  const auto first = samples.begin < size ? 0 : (samples.begin - size) / hop + 1;
  const auto last = samples.end > samples.begin ? (samples.end + hop - 1) / hop : first;
  return {std::min(frames, static_cast<std::size_t>(first)),
          std::min(frames, static_cast<std::size_t>(last))};
}

std::unique_ptr<const NegativeWindows> negative_windows(const Dataset& dataset, const FeatureParams& features,
                                                        const BatchOptions& options) {
  if (!options.negatives || options.mix.negative_share <= 0) {
    return nullptr;
  }
  std::vector<std::string> keywords;
  for (int l = 0; l < dataset.unknown_label(); ++l) {
    keywords.push_back(dataset.labels()[static_cast<std::size_t>(l)].name);
  }
  return std::make_unique<const NegativeWindows>(options.negatives, keywords, features,
                                                 static_cast<std::size_t>(options.frames), options.augment);
}

}  // namespace

struct Batcher::Slot {
  Batch batch;
  bool full = false;
};

Batcher::Batcher(const Dataset& dataset, const FeatureParams& features, const BatchOptions& options)
    : dataset_(dataset),
      features_(features),
      options_(options),
      maker_(dataset, options.augment, options.mix, window_samples(features, options.frames), options.seed),
      negatives_(negative_windows(dataset, features, options)),
      slots_(options.threads + 2) {
  validate(features);
  for (unsigned t = 0; t < std::max(1U, options.threads); ++t) {
    workers_.emplace_back([this] { work(); });
  }
}

Batcher::~Batcher() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wanted_.notify_all();
}

std::size_t Batcher::batches_per_epoch() const noexcept {
  return std::max<std::size_t>(1, maker_.epoch_windows() / options_.batch_size);
}

void Batcher::begin_epoch(std::uint64_t epoch, HardNegatives hard) {
  auto shared = std::make_shared<const HardNegatives>(std::move(hard));
  const std::lock_guard lock(mutex_);
  epoch_ = epoch;
  hard_ = std::move(shared);
  next_made_ = next_read_ = 0;
  running_ = true;
  for (Slot& slot : slots_) {
    slot.full = false;
  }
  wanted_.notify_all();
}

Batch Batcher::next() {
  std::unique_lock lock(mutex_);
  if (!running_ || next_read_ >= batches_per_epoch()) {
    throw Error(ErrorKind::internal, "Batcher::next() past the end of an epoch");
  }
  Slot& slot = slots_[next_read_ % slots_.size()];
  made_.wait(lock, [&] { return slot.full || failure_; });
  if (failure_) {
    std::rethrow_exception(failure_);
  }
  Batch batch = std::move(slot.batch);
  slot.full = false;
  ++next_read_;
  wanted_.notify_all();
  return batch;
}

void Batcher::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wanted_.wait(lock, [&] {
      return stop_ || (running_ && !failure_ && next_made_ < batches_per_epoch() &&
                       next_made_ < next_read_ + slots_.size());
    });
    if (stop_) {
      return;
    }
    const std::uint64_t epoch = epoch_;
    const auto hard = hard_;
    const std::size_t number = next_made_++;
    lock.unlock();
    Batch batch;
    std::exception_ptr failure;
    try {
      batch = make(epoch, number, *hard);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    failure_ = failure_ ? failure_ : failure;
    if (epoch == epoch_ && number >= next_read_) {
      slots_[number % slots_.size()] = {std::move(batch), true};
    }
    made_.notify_all();
  }
}

Batch Batcher::make(std::uint64_t epoch, std::size_t number, const HardNegatives& hard) const {
  Writer writer(features_, options_, options_.batch_size);
  for (std::size_t i = 0; i < options_.batch_size; ++i) {
    Random random{options_.seed, epoch, number, i};
    const int label = maker_.draw_label(random);
    const std::span<float> features = writer.features(i);
    if (negatives_ && label == dataset_.unknown_label() && random.chance(options_.mix.negative_share)) {
      const bool voice = negatives_->draw(random, features, hard.positions);
      writer.label(i, voice ? label : dataset_.silence_label(), -1);
    } else {
      const Window window = maker_.draw(label, random, writer.samples(), hard.sounds);
      writer.write(i, window);
      if (negatives_ && window.label != dataset_.silence_label()) {
        const auto [first, last] = frames_of(features_, window.spoken, writer.frames());
        negatives_->surround(random, first, last, features);
      }
    }
    if (options_.augment.enabled && !options_.samples && random.chance(options_.augment.spec_chance)) {
      mask(features, features_.coefficients, options_.augment, random);
    }
  }
  return writer.take();
}

std::vector<Batch> Batcher::evaluation(Split split) const {
  const std::vector<Clip>& clips = dataset_.clips(split);
  const auto keywords = static_cast<std::size_t>(dataset_.unknown_label());
  const auto known = static_cast<std::size_t>(std::count_if(
      clips.begin(), clips.end(), [&](const Clip& clip) { return clip.label < dataset_.unknown_label(); }));
  const bool has_silence = std::any_of(
      clips.begin(), clips.end(), [&](const Clip& clip) { return clip.label == dataset_.silence_label(); });
  const std::size_t total = clips.size() + (has_silence ? 0 : (known + keywords - 1) / keywords);
  std::vector<Batch> batches((total + options_.batch_size - 1) / options_.batch_size);
  parallel_for(batches.size(), options_.threads, [&](std::size_t b) {
    const std::size_t first = b * options_.batch_size;
    Writer writer(features_, options_, std::min(options_.batch_size, total - first));
    for (std::size_t i = 0; first + i < std::min(total, first + options_.batch_size); ++i) {
      const std::size_t n = first + i;
      writer.write(i, n < clips.size() ? WindowMaker::evaluate(clips[n], writer.samples())
                                       : maker_.silence(split, n - clips.size(), writer.samples()));
    }
    batches[b] = writer.take();
  });
  return batches;
}

FeatureParams estimate_scaling(const Dataset& dataset, FeatureParams features, const BatchOptions& options,
                               std::size_t windows) {
  const WindowMaker maker(dataset, options.augment, options.mix, window_samples(features, options.frames),
                          options.seed);
  const std::size_t n = features.coefficients;
  std::vector<std::vector<double>> sums(windows, std::vector<double>(2 * n, 0.0));
  parallel_for(windows, options.threads, [&](std::size_t w) {
    thread_local std::unique_ptr<Mfcc> mfcc;
    if (!mfcc || mfcc->params() != features) {
      mfcc = std::make_unique<Mfcc>(features);
    }
    std::vector<float> samples(static_cast<std::size_t>(window_samples(features, options.frames)));
    std::vector<float> c(n);
    Random random{options.seed, ~std::uint64_t{0}, w};
    maker.draw(random, samples);
    for_each_frame(features, samples, [&](std::size_t, std::span<const float> frame) {
      mfcc->compute(frame, c);
      for (std::size_t j = 0; j < n; ++j) {
        sums[w][j] += c[j];
        sums[w][n + j] += static_cast<double>(c[j]) * c[j];
      }
    });
  });
  const double count = static_cast<double>(windows) * options.frames;
  features.mean.assign(n, 0.0F);
  features.scale.assign(n, 0.0F);
  for (std::size_t j = 0; j < n; ++j) {
    double sum = 0;
    double squares = 0;
    for (const std::vector<double>& s : sums) {
      sum += s[j];
      squares += s[n + j];
    }
    const double mean = sum / count;
    const double deviation = std::sqrt(std::max(squares / count - mean * mean, 1e-12));
    features.mean[j] = static_cast<float>(mean);
    features.scale[j] = static_cast<float>(steps_per_deviation / deviation);
  }
  return features;
}

}  // namespace kwsd::train
