// Writes recordings: 16 kHz, mono, 16 bit. Thread: one per object.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace kwsd {

/// A WAV file, or FLAC if `path` ends in ".flac". Without close() the file is removed.
class SoundWriter {
 public:
  enum class Mode {
    replace,  ///< an existing file is overwritten
    create,   ///< an existing file is never touched
  };
  /// Throws Error (io): the file cannot be created; in Mode::create also if it exists. `name`, when not
  /// empty, replaces `path` in messages and in the choice of the format: for temporary files.
  explicit SoundWriter(const std::filesystem::path& path, Mode mode, const std::filesystem::path& name = {});
  ~SoundWriter();
  SoundWriter(const SoundWriter&) = delete;
  SoundWriter& operator=(const SoundWriter&) = delete;

  /// Stores a remark in the file; before the first write. See sound_remark.
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

/// The remark stored in a sound file; empty if there is none, or if the file is not a sound file.
[[nodiscard]] std::string sound_remark(const std::filesystem::path& path);

}  // namespace kwsd
