#include "app/audio/reader_source.h"

#include <array>
#include <chrono>

#include "app/base/thread_name.h"

namespace kwsd {
namespace {

/// A pipe whose writer waits for `ready` sends nothing before that event.
constexpr std::chrono::milliseconds patience{500};

}  // namespace

ReaderSource::ReaderSource(std::unique_ptr<SampleReader> reader, bool realtime)
    : reader_(std::move(reader)), realtime_(realtime) {}

void ReaderSource::start(CaptureBuffer& out, DeviceListener& /*listener*/) {
  out_ = &out;
  thread_ = std::thread([this] {
    name_thread("kwsd-capture");
    pump();
  });
  if (opened_.try_acquire_for(patience) && failed_to_open_) {
    stop();
    throw Error(*failure_);
  }
}

void ReaderSource::stop() noexcept {
  stopping_ = true;
  reader_->interrupt();
  if (out_ != nullptr) {
    out_->cancel();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

void ReaderSource::pump() noexcept {
  using Clock = std::chrono::steady_clock;
  std::array<float, 1024> block{};
  std::uint64_t handed_on = 0;
  try {
    failed_to_open_ = true;
    reader_->open();
    out_->begin(reader_->rate_hz());
    failed_to_open_ = false;
    opened_.release();
    const auto start = Clock::now();
    while (!stopping_) {
      const std::size_t got = reader_->read(block);
      if (got == 0) {
        break;
      }
      const std::span<const float> samples(block.data(), got);
      if (realtime_) {
        handed_on += got;
        std::this_thread::sleep_until(start +
                                      std::chrono::microseconds(handed_on * 1'000'000 / reader_->rate_hz()));
        out_->push(samples);
      } else if (!out_->push_all(samples)) {
        break;
      }
    }
  } catch (const Error& error) {
    failure_ = error;
  } catch (const std::exception& error) {
    failure_ = Error(ErrorKind::internal, error.what());
  }
  if (failed_to_open_) {
    opened_.release();
  }
  out_->close();
}

}  // namespace kwsd
