#include "app/base/progress.h"

#include <unistd.h>

#include <cstdio>

namespace kwsd {

using Clock = std::chrono::steady_clock;

std::string clock_text(double seconds) {
  const long s = static_cast<long>(seconds + 0.5);
  char text[32];
  if (s >= 3600) {
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  } else {
    std::snprintf(text, sizeof text, "%02ld:%02ld", s / 60, s % 60);
  }
  return text;
}

Progress::Progress(std::string what, std::size_t total)
    : what_(std::move(what)),
      total_(total),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      drawn_(start_) {}

Progress::~Progress() {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  if (!terminal_ && seconds < 1) {
    return;
  }
  std::fprintf(stderr, "%s%s  %zu/%zu  %s\n", terminal_ ? "\r\033[K" : "", what_.c_str(), done_, total_,
               clock_text(seconds).c_str());
}

void Progress::step(std::size_t n) {
  const std::lock_guard lock(mutex_);
  done_ += n;
  const Clock::time_point now = Clock::now();
  if (terminal_ && now - drawn_ > std::chrono::milliseconds(200)) {
    drawn_ = now;
    draw(done_);
  }
}

void Progress::draw(std::size_t done) {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const double left = seconds * static_cast<double>(total_ - done) / static_cast<double>(done);
  std::fprintf(stderr, "\r\033[K%s  %zu/%zu  %zu%%  %s left", what_.c_str(), done, total_,
               100 * done / total_, clock_text(left).c_str());
}

}  // namespace kwsd
