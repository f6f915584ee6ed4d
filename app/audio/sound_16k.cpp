#include "app/audio/sound_16k.h"

#include <algorithm>
#include <cmath>

#include "app/audio/file_reader.h"

namespace kwsd {

namespace {

constexpr std::uint32_t rate_hz = 16000;
constexpr std::size_t block_samples = 1024;

}  // namespace

Sound16k::Sound16k(const std::filesystem::path& path, int channel)
    : reader_(open_sound_file(path, channel)),
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
      ended_ = got == 0;
      pending_ = resampler_.process(std::span(block_).first(got), ended_);
      continue;
    }
    const std::size_t n = std::min(pending_.size(), out.size() - done);
    std::copy_n(pending_.begin(), n, out.begin() + static_cast<std::ptrdiff_t>(done));
    pending_ = pending_.subspan(n);
    done += n;
  }
  return done;
}

std::vector<float> load_16k(const std::filesystem::path& path, int channel, double max_seconds) {
  Sound16k sound(path, channel);
  const auto most = static_cast<std::size_t>(std::llround(max_seconds * rate_hz));
  std::vector<float> samples;
  std::vector<float> block(16384);
  while (samples.size() < most) {
    const std::size_t n = sound.read(std::span(block).first(std::min(block.size(), most - samples.size())));
    if (n == 0) {
      break;
    }
    samples.insert(samples.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(n));
  }
  return samples;
}

}  // namespace kwsd
