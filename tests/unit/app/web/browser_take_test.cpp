// Words from a browser: cut and judged as kwsd record does, whatever the rate and the pieces.
#include "app/web/browser_take.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "tests/support/temporary_folder.h"

using namespace kwsd;

namespace {

/// Three tones of 0.5 s with pauses of a second, 16 bit; the second one is too quiet.
std::string three_words(std::uint32_t rate_hz) {
  std::string pcm;
  for (std::size_t i = 0; i < 6 * rate_hz; ++i) {
    const double second = static_cast<double>(i) / rate_hz;
    const bool loud = std::fmod(second, 2.0) >= 1 && std::fmod(second, 2.0) < 1.5;
    const double gain = !loud ? 0.0005 : second < 2 || second > 4 ? 0.3 : 0.01;
    const auto value =
        static_cast<std::int16_t>(32767 * gain * std::sin(2 * std::numbers::pi * 400 * second));
    pcm += static_cast<char>(value & 0xFF);
    pcm += static_cast<char>((value >> 8) & 0xFF);
  }
  return pcm;
}

}  // namespace

TEST_CASE("words of a browser are kept or dropped as kwsd record does") {
  for (const std::uint32_t rate : {16000U, 44100U, 48000U}) {
    for (const std::size_t piece : {std::size_t{2}, std::size_t{24000}}) {
      const test::TemporaryFolder folder;
      BrowserTake take(folder.path() / "kept", folder.path() / "dropped", "marmalade", 2, rate);
      CHECK(take.prompt() == "1/2  say \"marmalade\"");
      const std::string pcm = three_words(rate);
      std::vector<std::string> lines;
      const std::size_t step = piece == 2 ? 2 * (rate / 10) : piece;
      for (std::size_t at = 0; at < pcm.size() && !take.done(); at += step) {
        for (std::string& line : take.push(std::string_view(pcm).substr(at, step))) {
          lines.push_back(std::move(line));
        }
      }
      INFO(rate << " " << piece);
      CHECK(take.done());
      REQUIRE(lines.size() == 5);
      CHECK(lines[0].ends_with("_nohash_0.wav"));
      CHECK(lines[1] == "2/2  say \"marmalade\"");
      CHECK(lines[2].find("too quiet") != std::string::npos);
      CHECK(lines[3] == lines[1]);
      const auto files = std::filesystem::directory_iterator(folder.path() / "dropped/marmalade");
      CHECK(std::distance(files, std::filesystem::directory_iterator()) == 1);
      CHECK(lines[4].ends_with("_nohash_1.wav"));
      CHECK(take.push(pcm).empty());
    }
  }
}
