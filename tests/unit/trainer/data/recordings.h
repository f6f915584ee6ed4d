// Made-up recordings in a temporary folder. Thread: one.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <string>
#include <vector>

#include "app/audio/sound_16k.h"
#include "app/audio/sound_writer.h"
#include "app/base/random.h"
#include "models/trainer/data/rate.h"

namespace kwsd::train::test {

/// A folder that is gone at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kwsd-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// A tone of `hz` between two times, over faint noise.
inline std::vector<std::int16_t> tone(double seconds, double hz, double from, double to,
                                      std::uint64_t seed = 1) {
  Random random(seed);
  std::vector<std::int16_t> samples(static_cast<std::size_t>(std::lround(seconds * sample_rate_hz)));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / sample_rate_hz;
    const bool sounds = t >= from && t < to;
    const double value =
        (sounds ? 8000 * std::sin(2 * std::numbers::pi * hz * t) : 0) + random.uniform(-4, 4);
    samples[i] = static_cast<std::int16_t>(std::lround(value));
  }
  return samples;
}

inline void write_clip(const std::filesystem::path& path, const std::vector<std::int16_t>& samples) {
  std::filesystem::create_directories(path.parent_path());
  write_sound(path, samples);
}

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// `speakers` x one clip of each word, in the Speech Commands layout; each word is a tone of its own.
inline void write_words(const std::filesystem::path& root, const std::vector<std::string>& words,
                        int speakers) {
  double hz = 400;
  for (const std::string& word : words) {
    hz += 250;
    for (int s = 0; s < speakers; ++s) {
      const std::string name = "speaker" + std::to_string(s) + "_nohash_0.wav";
      write_clip(root / word / name, tone(1, hz, 0.3, 0.7, static_cast<std::uint64_t>(s + 1)));
    }
  }
}

}  // namespace kwsd::train::test
