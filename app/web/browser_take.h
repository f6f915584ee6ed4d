// Words that a browser records: its sound is cut and judged as `kwsd record` does. Thread: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "app/audio/resampler.h"
#include "app/record/clip_folder.h"
#include "app/record/word_cutter.h"

namespace kwsd {

class BrowserTake {
 public:
  /// Sound of `rate_hz`; recordings go to folder/word, words that are not kept to dropped/word. Throws Error.
  BrowserTake(const std::filesystem::path& folder, const std::filesystem::path& dropped, std::string word,
              int count, std::uint32_t rate_hz);

  /// What kwsd record prints first.
  [[nodiscard]] std::string prompt() const;
  /// 16 bit, little-endian, mono; at most most_sound_bytes. Returns the lines that kwsd record prints for the
  /// words that end with it. Throws Error (io).
  [[nodiscard]] std::vector<std::string> push(std::string_view pcm);
  [[nodiscard]] bool done() const noexcept { return kept_ >= count_; }
  [[nodiscard]] int kept() const noexcept { return kept_; }

 private:
  std::string word_;
  int count_, kept_ = 0;
  ClipFolder clips_, dropped_;
  WordCutter cutter_;
  Resampler resampler_;
  std::vector<float> samples_;
};

}  // namespace kwsd
