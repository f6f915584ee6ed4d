#include "app/audio/pcm_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "app/base/log.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

std::size_t bytes_per_sample(PcmFormat format) noexcept {
  switch (format) {
    case PcmFormat::u8:
      return 1;
    case PcmFormat::s16le:
      return 2;
    case PcmFormat::s24le:
      return 3;
    default:
      return 4;
  }
}

float sample_at(const unsigned char* p, PcmFormat format) noexcept {
  const auto word = [p](int bytes) {
    std::uint32_t v = 0;
    for (int i = 0; i < bytes; ++i) {
      v |= std::uint32_t{p[i]} << (32 - 8 * bytes + 8 * i);  // left-aligned, so that the sign is bit 31
    }
    return static_cast<float>(static_cast<std::int32_t>(v)) * 0x1p-31F;
  };
  switch (format) {
    case PcmFormat::u8:
      return (static_cast<float>(*p) - 128.0F) / 128.0F;
    case PcmFormat::s16le:
      return word(2);
    case PcmFormat::s24le:
      return word(3);
    case PcmFormat::s32le:
      return word(4);
    case PcmFormat::f32le:
      break;
  }
  float value = 0;
  std::memcpy(&value, p, sizeof value);
  return value;
}

class PcmReader final : public SampleReader {
 public:
  PcmReader(DescriptorStream& stream, const InputOptions& options);
  [[nodiscard]] std::string name() const override { return "-"; }
  [[nodiscard]] std::uint32_t rate_hz() const noexcept override { return options_.rate_hz; }
  [[nodiscard]] int channels() const noexcept override { return options_.channels; }
  [[nodiscard]] std::size_t read(std::span<float> out) override;

 private:
  DescriptorStream& stream_;
  InputOptions options_;
  std::size_t frame_bytes_;
  std::vector<unsigned char> bytes_;
  std::size_t held_ = 0;  // number of bytes in bytes_
  bool any_ = false;
};

PcmReader::PcmReader(DescriptorStream& stream, const InputOptions& options)
    : stream_(stream), options_(options) {
  if (options.channel > options.channels) {
    throw Error(ErrorKind::usage, "--channel: found " + std::to_string(options.channel) + ", expected 1 to " +
                                      std::to_string(options.channels) + " (--channels)");
  }
  frame_bytes_ = bytes_per_sample(options.pcm_format) * static_cast<std::size_t>(options.channels);
  bytes_.resize(std::max<std::size_t>(8192 / frame_bytes_, 1) * frame_bytes_);
}

std::size_t PcmReader::read(std::span<float> out) {
  while (held_ < frame_bytes_) {
    const std::size_t got = stream_.read(std::span(bytes_).subspan(held_));
    if (stream_.interrupted()) {
      return 0;  // the length of the missing input is unknown
    }
    if (got == 0) {
      if (held_ != 0) {
        spdlog::warn("standard input: found {} bytes of an incomplete sample at the end, dropped", held_);
        held_ = 0;
      } else if (!any_) {
        throw Error(ErrorKind::bad_data, "standard input: found no samples, expected sound");
      }
      return 0;
    }
    held_ += got;
    any_ = true;
  }
  const std::size_t frames = std::min(held_ / frame_bytes_, out.size());
  const std::size_t offset =
      bytes_per_sample(options_.pcm_format) * static_cast<std::size_t>(options_.channel - 1);
  for (std::size_t i = 0; i < frames; ++i) {
    out[i] = sample_at(bytes_.data() + i * frame_bytes_ + offset, options_.pcm_format);
  }
  held_ -= frames * frame_bytes_;
  std::memmove(bytes_.data(), bytes_.data() + frames * frame_bytes_, held_);
  return frames;
}

}  // namespace

std::unique_ptr<SampleReader> read_pcm(DescriptorStream& bytes, const InputOptions& options) {
  return std::make_unique<PcmReader>(bytes, options);
}

}  // namespace kwsd
