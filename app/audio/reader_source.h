// A SampleReader on a thread of its own that feeds the capture buffer: files and pipes.
#pragma once

#include <atomic>
#include <memory>
#include <semaphore>
#include <thread>

#include "app/audio/audio_source.h"
#include "app/audio/sample_reader.h"

namespace kwsd {

class ReaderSource final : public AudioSource {
 public:
  /// realtime: sound is passed on as it arrives, and sound that does not fit is dropped and counted. start
  /// waits briefly for an input whose rate is not yet known, and throws the error of an invalid beginning.
  ReaderSource(std::unique_ptr<SampleReader> reader, bool realtime);
  ~ReaderSource() override { stop(); }

  [[nodiscard]] std::string name() const override { return reader_->name(); }
  [[nodiscard]] std::uint32_t rate_hz() const override { return reader_->rate_hz(); }
  [[nodiscard]] bool live() const noexcept override { return realtime_; }
  void start(CaptureBuffer& out, DeviceListener& listener) override;
  void stop() noexcept override;
  /// Known once stop() has been called. Thread: the one that calls start and stop.
  [[nodiscard]] std::optional<Error> failure() const override {
    return thread_.joinable() ? std::nullopt : failure_;
  }

 private:
  void pump() noexcept;

  std::unique_ptr<SampleReader> reader_;
  bool realtime_;
  CaptureBuffer* out_ = nullptr;
  std::atomic<bool> stopping_{false};
  std::binary_semaphore opened_{0};
  std::optional<Error> failure_;  // the thread's until it has ended
  bool failed_to_open_ = false;   // the thread's until opened_ is released
  std::thread thread_;
};

}  // namespace kwsd
