// "decoding  1234/9316  13%  00:42 left" on a terminal; a line at the start and the end elsewhere.
// Thread: step() from any, the rest from one.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>

namespace kwsd {

class Progress {
 public:
  Progress(std::string what, std::size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step(std::size_t n = 1);

 private:
  void draw(std::size_t done);

  std::string what_;
  std::size_t total_;
  bool terminal_;
  std::chrono::steady_clock::time_point start_;
  std::mutex mutex_;
  std::size_t done_ = 0;
  std::chrono::steady_clock::time_point drawn_;
};

/// "1:02:03" or "02:03".
[[nodiscard]] std::string clock_text(double seconds);

}  // namespace kwsd
