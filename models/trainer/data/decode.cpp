#include "models/trainer/data/decode.h"

#include <samplerate.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "engine/model/error.h"
#include "models/trainer/data/effects.h"

namespace kwsd::train {
namespace {

struct CloseFile {
  void operator()(SNDFILE* file) const noexcept { sf_close(file); }
};
using File = std::unique_ptr<SNDFILE, CloseFile>;

/// Mean of the channels, in blocks: the header's frame count is never trusted with an allocation.
std::vector<float> read_mono(SNDFILE* file, int channels, std::size_t max_frames) {
  constexpr std::size_t block_frames = 4096;
  std::vector<float> block(block_frames * static_cast<std::size_t>(channels));
  std::vector<float> mono;
  while (mono.size() < max_frames) {
    const sf_count_t frames = sf_readf_float(file, block.data(), block_frames);
    if (frames <= 0) {
      break;
    }
    for (std::size_t f = 0; f < static_cast<std::size_t>(frames); ++f) {
      float sum = 0;
      for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
        sum += block[f * static_cast<std::size_t>(channels) + c];
      }
      mono.push_back(sum / static_cast<float>(channels));
    }
  }
  mono.resize(std::min(mono.size(), max_frames));
  return mono;
}

std::vector<float> resample(const std::vector<float>& in, double ratio, const std::filesystem::path& path) {
  std::vector<float> out(static_cast<std::size_t>(std::ceil(static_cast<double>(in.size()) * ratio)) + 16);
  SRC_DATA data{};
  data.data_in = in.data();
  data.data_out = out.data();
  data.input_frames = static_cast<long>(in.size());
  data.output_frames = static_cast<long>(out.size());
  data.src_ratio = ratio;
  if (const int error = src_simple(&data, SRC_SINC_MEDIUM_QUALITY, 1)) {
    throw Error(ErrorKind::bad_data, path.string() + ": cannot bring it to 16 kHz: " + src_strerror(error));
  }
  out.resize(static_cast<std::size_t>(data.output_frames_gen));
  return out;
}

}  // namespace

std::vector<std::int16_t> decode_16k(const std::filesystem::path& path, double max_seconds) {
  SF_INFO info{};
  const File file(sf_open(path.c_str(), SFM_READ, &info));
  if (!file) {
    const bool unreadable = sf_error(nullptr) == SF_ERR_SYSTEM;
    throw Error(unreadable ? ErrorKind::no_input : ErrorKind::bad_data,
                path.string() + ": not a sound file that can be read: " + sf_strerror(nullptr));
  }
  if (info.channels < 1 || info.channels > 64 || info.samplerate < 1000 || info.samplerate > 768000) {
    throw Error(ErrorKind::bad_data, path.string() + ": found " + std::to_string(info.channels) +
                                         " channels at " + std::to_string(info.samplerate) +
                                         " Hz, expected 1 to 64 at 1 to 768 kHz");
  }
  const auto max_frames = static_cast<std::size_t>(max_seconds * info.samplerate);
  std::vector<float> mono = read_mono(file.get(), info.channels, max_frames);
  if (sf_error(file.get()) != SF_ERR_NO_ERROR) {
    throw Error(ErrorKind::bad_data, path.string() + ": damaged after " + std::to_string(mono.size()) +
                                         " samples: " + sf_strerror(file.get()));
  }
  if (info.samplerate != sample_rate_hz) {
    mono = resample(mono, static_cast<double>(sample_rate_hz) / info.samplerate, path);
  }
  return to_pcm16(mono);
}

void write_16k(const std::filesystem::path& path, const std::vector<std::int16_t>& samples) {
  SF_INFO info{};
  info.samplerate = sample_rate_hz;
  info.channels = 1;
  info.format = SF_FORMAT_PCM_16 | (path.extension() == ".flac" ? SF_FORMAT_FLAC : SF_FORMAT_WAV);
  File file(sf_open(path.c_str(), SFM_WRITE, &info));
  const auto frames = static_cast<sf_count_t>(samples.size());
  const bool written = file && sf_writef_short(file.get(), samples.data(), frames) == frames;
  if (!written || sf_close(file.release()) != 0) {
    throw Error(ErrorKind::io, path.string() + ": cannot be written: " + sf_strerror(nullptr));
  }
}

}  // namespace kwsd::train
