// A sound file from a pipe, for libsndfile: it reads from a pipe of kwsd's own, which a thread fills, so that
// a wait for bytes can be interrupted. A WAV file of unknown length is marked so in the only way that
// libsndfile understands. Thread: one, in addition to its own.
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
  /// `bytes` must outlive it, and no other code may read them. Throws Error (unavailable) without
  /// descriptors.
  explicit SoundPump(DescriptorStream& bytes);
  /// The reader of the pipe must be closed first.
  ~SoundPump();

  /// The read end. Call once.
  [[nodiscard]] Descriptor take_output() noexcept { return std::move(output_); }
  /// Throws the error that stopped the reading of `bytes`, if any; call once the output has ended.
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
