#include "app/daemon/listening.h"

#include <array>

#include "app/audio/level_meter.h"
#include "app/audio/open_input.h"
#include "app/base/thread_name.h"

namespace kwsd {

namespace {

constexpr auto read_timeout = std::chrono::milliseconds(200);
constexpr std::size_t file_buffer_samples = 16384;
constexpr double silence_seconds = 4;  // of zeros, before the listener is notified

/// Reports once that only zeros arrive, and once that this has ended.
class SilenceReporter {
 public:
  SilenceReporter(bool live, DeviceListener* listener) : listener_(listener), watch_(silence_seconds, live) {}

  void restart(double rate_hz) noexcept {
    rate_hz_ = rate_hz;
    watch_.restart();
  }
  void push(std::span<const float> samples) noexcept {
    const SilenceWatch::Change change = watch_.push(samples, rate_hz_);
    if (change != SilenceWatch::Change::none && listener_ != nullptr) {
      listener_->input_silent(change == SilenceWatch::Change::silent, 1, 0);
    }
  }

 private:
  DeviceListener* listener_;
  SilenceWatch watch_;
  double rate_hz_ = stream_rate_hz;
};

}  // namespace

void consume(CaptureBuffer& buffer, SoundConsumer& consumer, ListeningProgress& progress, bool live,
             DeviceListener* listener) noexcept {
  using Kind = CaptureBuffer::ReadKind;
  std::array<float, CaptureBuffer::block_samples> captured{};
  std::shared_ptr<Resampler> resampler;
  SilenceReporter silence(live, listener);
  for (;;) {
    consumer.on_turn(buffer);
    auto read = buffer.read(captured, read_timeout);
    ++progress.rounds;
    if (read.kind == Kind::closed) {
      break;
    }
    if (read.kind == Kind::restarted) {
      resampler = std::move(read.resampler);
      silence.restart(resampler->rate_hz());
      consumer.on_restart();
    } else if (read.kind == Kind::samples) {
      progress.samples += read.samples;
      const std::span<const float> samples = std::span(captured).first(read.samples);
      silence.push(samples);
      consumer.on_samples(resampler->process(samples, false));
    } else {
      consumer.on_pause();
    }
  }
  if (resampler) {
    consumer.on_samples(resampler->process({}, true));
  }
  consumer.on_end();
}

Listening::Listening(const InputOptions& options, DeviceWait wait, SoundConsumer& consumer,
                     DeviceListener& listener)
    : channel_(options.channel),
      source_(open_input(options, wait)),
      buffer_(source_->live() ? live_buffer_samples : file_buffer_samples),
      consumer_(consumer),
      listener_(listener) {}

void Listening::open() {
  source_->start(buffer_, *this);
  open_ = true;
  if (const auto failure = source_->failure()) {
    throw *failure;
  }
}

void Listening::begin() {
  {
    const std::scoped_lock lock(mutex_);
    begun_ = true;
    if (lost_) {
      listener_.device_lost(lost_device_, lost_reason_);
    }
  }
  thread_ = std::thread([this] {
    name_thread("kwsd-infer");
    consume(buffer_, consumer_, progress_, source_->live(), this);
    ended_ = true;
  });
}

void Listening::stop() noexcept {
  if (open_) {
    source_->stop();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Listening::device_lost(const std::string& device, const std::string& reason) noexcept {
  const std::scoped_lock lock(mutex_);
  if (begun_) {
    listener_.device_lost(device, reason);
    return;
  }
  lost_ = true;
  lost_device_ = device;
  lost_reason_ = reason;
}

void Listening::device_restored(const std::string& device, std::uint32_t rate_hz) noexcept {
  const std::scoped_lock lock(mutex_);
  lost_ = false;
  if (begun_) {
    listener_.device_restored(device, rate_hz);
  }
}

void Listening::input_silent(bool silent, int /*channel*/, int /*channels*/) noexcept {
  listener_.input_silent(silent, channel_, source_->channels());
}

}  // namespace kwsd
