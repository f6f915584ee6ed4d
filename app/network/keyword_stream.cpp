#include "app/network/keyword_stream.h"

#include <algorithm>
#include <array>
#include <utility>

#include "app/base/steady_seconds.h"
#include "engine/audio/stream_rate.h"

namespace kwsd {

namespace {

constexpr std::size_t block_samples = 1024;

/// One sample of `width` bytes, little-endian, full scale = 1.
float sample_at(const char* bytes, int width) noexcept {
  std::uint32_t bits = 0;
  for (int i = 0; i < width; ++i) {
    bits |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * (4 - width + i));
  }
  return static_cast<float>(static_cast<std::int32_t>(bits)) / 2147483648.0F;
}

}  // namespace

KeywordStream::KeywordStream(std::shared_ptr<const Spotter> spotter, const RecognitionOptions& recognition)
    : stream_(std::move(spotter)) {
  stream_.set_branch(fixed_branch(recognition.branch).value_or(BranchId::full));
  const auto models = stream_.spotter()->models();
  apply_thresholds(recognition.thresholds, models, [this](std::size_t model, int label, float value) {
    stream_.set_threshold(model, label, value);
  });
  for (const auto& model : models) {
    wanted_.emplace_back(model->labels.size(), true);
  }
}

bool KeywordStream::choose(std::span<const std::string> names) {
  const auto models = stream_.spotter()->models();
  bool any = names.empty();
  for (std::size_t m = 0; m < wanted_.size(); ++m) {
    for (std::size_t n = 0; n < wanted_[m].size(); ++n) {
      const Label& label = models[m]->labels[n];
      wanted_[m][n] = names.empty() || std::find(names.begin(), names.end(), label.name) != names.end();
      any = any || (wanted_[m][n] && label.kind == LabelKind::keyword);
    }
  }
  return any;
}

void KeywordStream::restart() {
  origin_ = stream_.sample();
  stream_.restart(origin_);
  resampler_.reset();
  shape_ = {};
}

void KeywordStream::set_shape(const PcmShape& shape) {
  if (shape != shape_) {
    resampler_ = shape.rate_hz == stream_rate_hz
                     ? nullptr
                     : std::make_unique<Resampler>(shape.rate_hz, stream_rate_hz, block_samples);
    shape_ = shape;
  }
}

void KeywordStream::push(std::string_view pcm, const std::function<void(const StreamWord&)>& on_word) {
  const double start = now_seconds();
  if (governed_) {
    stream_.set_branch(governed_->branch());
  }
  const auto frame_bytes = static_cast<std::size_t>(shape_.width) * static_cast<std::size_t>(shape_.channels);
  const std::size_t frames = pcm.size() / frame_bytes;
  std::array<float, block_samples> block;
  for (std::size_t done = 0; done < frames;) {
    const std::size_t count = std::min(frames - done, block.size());
    for (std::size_t i = 0; i < count; ++i) {
      block[i] = sample_at(pcm.data() + (done + i) * frame_bytes, shape_.width);
    }
    const std::span<const float> samples = std::span<const float>(block).first(count);
    push(resampler_ ? resampler_->process(samples, false) : samples, on_word);
    done += count;
  }
  if (governed_) {
    governed_->spent(now_seconds() - start);
  }
}

void KeywordStream::push(std::span<const float> samples,
                         const std::function<void(const StreamWord&)>& on_word) {
  const auto models = stream_.spotter()->models();
  std::array<Spotting, 16> found;
  std::size_t count = 0;
  stream_.push(samples, [&](const Spotting& word) noexcept {
    if (count < found.size() && wanted_[word.model][static_cast<std::size_t>(word.detection.label)]) {
      found[count++] = word;
    }
  });
  const auto seconds = [this](std::int64_t sample) {
    return static_cast<double>(sample - origin_) / stream_rate_hz;
  };
  for (const Spotting& word : std::span(found).first(count)) {
    const Detection& detection = word.detection;
    on_word({models[word.model]->labels[static_cast<std::size_t>(detection.label)].name,
             seconds(detection.start_sample), seconds(detection.end_sample), detection.score,
             detection.threshold, word.level_db, word.snr_db});
  }
}

std::vector<std::string> keyword_names(const Spotter& spotter) {
  std::vector<std::string> names;
  for (const auto& model : spotter.models()) {
    for (const Label& label : model->labels) {
      if (label.kind == LabelKind::keyword &&
          std::find(names.begin(), names.end(), label.name) == names.end()) {
        names.push_back(label.name);
      }
    }
  }
  return names;
}

}  // namespace kwsd
