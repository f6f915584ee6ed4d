// Synthetic speakers: the voices of espeak-ng, flite and festival, each varied into several people.
// Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kwsd::train {

/// One synthetic person. The same voice data, pitch and vocal tract every time.
struct Voice {
  std::string engine;  ///< "espeak-ng", "flite" or "festival"
  std::string name;    ///< the engine's name for it, e.g. "en-us+f3"
  double pitch = 1.0;  ///< times the voice's own
  double tract = 1.0;  ///< resampling: > 1 is a shorter vocal tract
  /// "<engine> <name> pitch ... tract ...", for the list of voices.
  [[nodiscard]] std::string description() const;
  /// Eight hex digits from the description: the speaker in file names.
  [[nodiscard]] std::string id() const;
};

/// The basic voices available on this machine for a language ("en", "en-us", "de"); novelty voices are left
/// out.
/// flite and festival are used for English alone.
[[nodiscard]] std::vector<Voice> installed_voices(std::string_view language);

/// `count` different people made of the basic voices, by the seed. The engines that sound most human (flite,
/// festival) make up about a third. Throws Error (unavailable) when no voice is available.
[[nodiscard]] std::vector<Voice> make_speakers(std::string_view language, std::size_t count,
                                               std::uint64_t seed);

/// The text spoken by the voice, 16 kHz. pace > 1 is faster. Throws Error (unavailable) when the engine
/// fails.
[[nodiscard]] std::vector<std::int16_t> speak(const Voice& voice, std::string_view text, double pace);

}  // namespace kwsd::train
