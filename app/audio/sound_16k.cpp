#include "app/audio/sound_16k.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "app/audio/file_reader.h"
#include "app/audio/pcm16.h"
#include "app/audio/stream_reader.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

constexpr std::uint32_t rate_hz = 16000;
constexpr std::size_t block_samples = 1024;

std::unique_ptr<SampleReader> open_recording(const std::filesystem::path& path, int channel) {
  if (path != "-") {
    return open_sound_file(path, channel);
  }
  InputOptions options;
  options.channel = channel;
  std::unique_ptr<SampleReader> reader = open_stream(0, options);
  reader->open();
  return reader;
}

/// Passes all blocks of a recording to `take`.
template <class Take>
void read_whole(const std::filesystem::path& path, const LoadOptions& options, Take take) {
  Sound16k sound(path, options.channel);
  const auto most = static_cast<std::size_t>(std::llround(options.most_seconds * rate_hz));
  std::vector<float> block(16384);
  std::size_t samples = 0;
  bool signal = options.may_be_silent;
  float last = 0;
  while (const std::size_t got = sound.read(block)) {
    const std::span<const float> part = std::span(block).first(got);
    signal = signal || has_signal(part) || (samples > 0 && std::abs(part.front() - last) >= 1 / pcm16_scale);
    last = part.back();
    samples += got;
    if (samples > most) {
      char seconds[32];
      std::snprintf(seconds, sizeof seconds, "%g s", options.most_seconds);
      throw Error(ErrorKind::bad_data, path.string() + ": longer than " + seconds);
    }
    take(part);
  }
  if (!sound.finite()) {
    throw Error(ErrorKind::bad_data, path.string() + ": found NaN or infinite samples");
  }
  if (!signal) {
    throw Error(
        ErrorKind::bad_data,
        path.string() + ": found digital silence alone" +
            (sound.channels() > 1 ? " in channel " + std::to_string(options.channel) + " of " +
                                        std::to_string(sound.channels()) + " (--channel takes another)"
                                  : ""));
  }
}

}  // namespace

Sound16k::Sound16k(const std::filesystem::path& path, int channel)
    : reader_(open_recording(path, channel)),
      resampler_(reader_->rate_hz(), rate_hz, block_samples),
      block_(block_samples) {}

Sound16k::~Sound16k() = default;

std::size_t Sound16k::read(std::span<float> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    if (pending_.empty()) {
      if (ended_) {
        break;
      }
      const std::size_t got = reader_->read(block_);
      const std::span<const float> part = std::span(block_).first(got);
      finite_ = finite_ && std::all_of(part.begin(), part.end(), [](float x) { return std::isfinite(x); });
      ended_ = got == 0;
      pending_ = resampler_.process(part, ended_);
      continue;
    }
    const std::size_t n = std::min(pending_.size(), out.size() - done);
    std::copy_n(pending_.begin(), n, out.begin() + static_cast<std::ptrdiff_t>(done));
    pending_ = pending_.subspan(n);
    done += n;
  }
  return done;
}

std::vector<float> load_recording(const std::filesystem::path& path, const LoadOptions& options) {
  std::vector<float> samples;
  read_whole(path, options, [&samples](std::span<const float> part) {
    samples.insert(samples.end(), part.begin(), part.end());
  });
  return samples;
}

std::vector<std::int16_t> load_recording_pcm16(const std::filesystem::path& path,
                                               const LoadOptions& options) {
  std::vector<std::int16_t> samples;
  read_whole(path, options, [&samples](std::span<const float> part) {
    std::transform(part.begin(), part.end(), std::back_inserter(samples),
                   [](float x) { return to_pcm16(x); });
  });
  return samples;
}

}  // namespace kwsd
