#include "app/web/browser_take.h"

#include <algorithm>

#include "app/record/record_lines.h"
#include "engine/audio/stream_rate.h"

namespace kwsd {

namespace {

constexpr std::size_t block_samples = 4096;

float sample_at(std::string_view pcm, std::size_t at) {
  const auto low = static_cast<unsigned char>(pcm[2 * at]);
  const auto high = static_cast<unsigned char>(pcm[2 * at + 1]);
  return static_cast<float>(static_cast<std::int16_t>(low | (high << 8U))) / 32768.0F;
}

}  // namespace

BrowserTake::BrowserTake(const std::filesystem::path& folder, const std::filesystem::path& dropped,
                         std::string word, int count, std::uint32_t rate_hz)
    : word_(std::move(word)),
      count_(count),
      clips_(folder, ""),
      dropped_(dropped, ""),
      resampler_(rate_hz, stream_rate_hz, block_samples),
      samples_(block_samples) {}

std::string BrowserTake::prompt() const {
  return prompt_line(kept_, count_, word_);
}

std::vector<std::string> BrowserTake::push(std::string_view pcm) {
  std::vector<std::string> lines;
  const std::size_t total = pcm.size() / 2;
  for (std::size_t from = 0; from < total && !done(); from += block_samples) {
    const std::size_t size = std::min(block_samples, total - from);
    for (std::size_t i = 0; i < size; ++i) {
      samples_[i] = sample_at(pcm, from + i);
    }
    cutter_.push(resampler_.process(std::span(samples_).first(size), false));
    for (auto word = cutter_.take(); word && !done(); word = cutter_.take()) {
      const bool keeps = word->fault == WordFault::none;
      const std::string path = (keeps ? clips_ : dropped_).save(word_, word->samples).string();
      lines.push_back(word_line(*word, path));
      kept_ += keeps ? 1 : 0;
      if (!done()) {
        lines.push_back(prompt());
      }
    }
  }
  return lines;
}

}  // namespace kwsd
