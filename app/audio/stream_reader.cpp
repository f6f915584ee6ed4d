#include "app/audio/stream_reader.h"

#include <atomic>
#include <optional>
#include <string>

#include "app/audio/descriptor_stream.h"
#include "app/audio/file_reader.h"
#include "app/audio/pcm_reader.h"
#include "app/audio/sound_kind.h"
#include "app/audio/sound_pump.h"
#include "app/base/log.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

constexpr const char* input_name = "standard input";

class StreamReader final : public SampleReader {
 public:
  StreamReader(int descriptor, const InputOptions& options)
      : stream_(descriptor), options_(options), rate_hz_(options.rate_hz) {}

  void open() override;
  [[nodiscard]] std::string name() const override { return "-"; }
  [[nodiscard]] std::uint32_t rate_hz() const noexcept override { return rate_hz_; }
  [[nodiscard]] int channels() const noexcept override { return reader_ ? reader_->channels() : 1; }
  [[nodiscard]] std::size_t read(std::span<float> out) override;
  void interrupt() noexcept override { stream_.interrupt(); }

 private:
  DescriptorStream stream_;
  InputOptions options_;
  std::atomic<std::uint32_t> rate_hz_;  // as configured, until `open` knows
  std::optional<SoundPump> pump_;
  std::unique_ptr<SampleReader> reader_;  // of the pump's output, or of stream_; none: interrupted
};

void StreamReader::open() {
  const auto begin = stream_.peek(sound_kind_bytes);
  if (const auto kind = unreadable_kind(begin); !kind.empty()) {
    throw Error(ErrorKind::bad_data,
                std::string(input_name) + ": found " + std::string(kind) +
                    ", which is not supported; convert it: ffmpeg -i INPUT -f wav -ar 16000 -ac 1 -");
  }
  if (!has_sound_header(begin)) {
    reader_ = read_pcm(stream_, options_);
    return;
  }
  const bool is_flac = begin.front() == 'f';
  pump_.emplace(stream_);
  try {
    reader_ = open_sound_pipe(pump_->take_output(), is_flac, input_name, options_.channel);
  } catch (const Error&) {
    if (stream_.interrupted()) {
      return;
    }
    throw;
  }
  rate_hz_ = reader_->rate_hz();
  spdlog::info("{}: a sound file of {} Hz; its header counts, not --rate, --channels and --format",
               input_name, reader_->rate_hz());
}

std::size_t StreamReader::read(std::span<float> out) {
  if (!reader_) {
    return 0;
  }
  try {
    const std::size_t got = reader_->read(out);
    if (got == 0 && pump_ && !stream_.interrupted()) {
      pump_->rethrow_failure();
    }
    return got;
  } catch (const Error&) {
    if (stream_.interrupted()) {
      return 0;  // it was not the input that ended
    }
    throw;
  }
}

}  // namespace

std::unique_ptr<SampleReader> open_stream(int descriptor, const InputOptions& options) {
  return std::make_unique<StreamReader>(descriptor, options);
}

}  // namespace kwsd
