// Recordings of our own: 16 kHz, mono, 16 bit. Thread: one per object.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace kwsd {

/// A WAV file, or FLAC where `path` ends in ".flac". Without close() what was written is removed.
class SoundWriter {
 public:
  enum class Mode {
    replace,  ///< what stood there is lost
    create,   ///< never touches a file that exists
  };
  /// Throws Error (io): cannot be made; in Mode::create also where the file exists. `name`, when not empty,
  /// stands for `path` in messages and in choosing the format: for temporary files.
  explicit SoundWriter(const std::filesystem::path& path, Mode mode, const std::filesystem::path& name = {});
  ~SoundWriter();
  SoundWriter(const SoundWriter&) = delete;
  SoundWriter& operator=(const SoundWriter&) = delete;

  /// A remark inside the file; before the first write. See sound_remark.
  void set_remark(const char* text) noexcept;
  /// Full scale = 1; louder samples are clipped (to_pcm16). Throws Error (io).
  void write(std::span<const float> samples);
  void write(std::span<const std::int16_t> samples);
  /// Throws Error (io).
  void close();

 private:
  [[noreturn]] void fail(const std::string& cause);
  void discard() noexcept;

  std::filesystem::path path_, name_;
  bool whole_ = false;
  std::unique_ptr<void, int (*)(void*)> file_;
};

/// A whole file. Throws Error (io).
void write_sound(const std::filesystem::path& path, std::span<const std::int16_t> samples);

/// The remark inside a sound file; empty where there is none, or no sound file.
[[nodiscard]] std::string sound_remark(const std::filesystem::path& path);

}  // namespace kwsd
