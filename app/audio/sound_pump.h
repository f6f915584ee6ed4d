// A sound file that comes through a pipe, for libsndfile: it reads a pipe of ours, which a thread fills, so
// that a wait for bytes can be interrupted, and WAV that does not know its length says so in the one way that
// libsndfile understands. Thread: one, beside its own.
#pragma once

#include <atomic>
#include <exception>
#include <span>
#include <thread>

#include "app/audio/descriptor_stream.h"
#include "app/base/descriptor.h"

namespace kwsd {

class SoundPump {
 public:
  /// `bytes` must outlive it, and nobody else may read them. Throws Error (unavailable) without descriptors.
  explicit SoundPump(DescriptorStream& bytes);
  /// The reader of the pipe must be gone.
  ~SoundPump();

  /// The end to read from. Once.
  [[nodiscard]] Descriptor take_output() noexcept { return std::move(output_); }
  /// Throws what stopped the reading of `bytes`, if anything; once the output has ended.
  void rethrow_failure() const;

 private:
  void run() noexcept;
  void copy();
  [[nodiscard]] bool copy_wav_header();
  [[nodiscard]] bool put(std::span<const unsigned char> bytes);

  DescriptorStream& bytes_;
  Descriptor output_, input_;
  std::exception_ptr failure_;  // the thread's until it has ended
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace kwsd
