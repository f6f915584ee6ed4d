#include "models/trainer/synth/voices.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "app/audio/sound_16k.h"
#include "app/base/random.h"
#include "engine/model/error.h"
#include "models/trainer/data/effects.h"
#include "models/trainer/data/rate.h"
#include "models/trainer/synth/process.h"

namespace kwsd::train {
namespace {

constexpr double words_per_minute = 160;  // espeak-ng at pace 1

/// Robots, whispers and jokes among espeak-ng's variants.
bool is_novelty(const std::string& variant) {
  static const std::set<std::string> novelties{"AnxiousAndy", "Demonic",    "Mr",       "Storm",  "Tweaky",
                                               "UniRobot",    "anikaRobot", "croak",    "fast",   "max",
                                               "victor",      "whisper",    "whisperf", "grandpa"};
  return novelties.contains(variant) || variant.starts_with("robosoft") || variant.starts_with("Ricishay");
}

/// Third and following columns of `espeak-ng --voices=...`: language and file.
std::vector<std::pair<std::string, std::string>> espeak_list(const std::string& of) {
  std::vector<std::pair<std::string, std::string>> found;
  std::istringstream lines(run_program({"espeak-ng", "--voices=" + of}).output);
  std::string line;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line)) {
    std::istringstream columns(line);
    std::string priority, language, gender, name, file;
    if (columns >> priority >> language >> gender >> name >> file) {
      found.emplace_back(language, file);
    }
  }
  return found;
}

void add_espeak(std::string_view language, std::vector<Voice>& voices) {
  std::vector<std::string> variants{""};
  for (const auto& [unused, file] : espeak_list("variant")) {
    if (file.starts_with("!v/") && !is_novelty(file.substr(3))) {
      variants.push_back("+" + file.substr(3));
    }
  }
  std::set<std::string> accents;
  for (const auto& [accent, file] : espeak_list(std::string(language))) {
    if (!file.starts_with("mb/") && !file.starts_with("!v/") && accent.starts_with(language)) {
      accents.insert(accent);
    }
  }
  for (const std::string& accent : accents) {
    for (const std::string& variant : variants) {
      voices.push_back({"espeak-ng", accent + variant, 1, 1});
    }
  }
}

void add_english(std::vector<Voice>& voices) {
  const std::string flite = run_program({"flite", "-lv"}).output;
  std::istringstream names(flite.substr(std::min(flite.size(), flite.find(':') + 1)));
  for (std::string name; names >> name;) {
    if (name != "kal" && name != "awb_time") {  // 8 kHz; speaks only the time
      voices.push_back({"flite", name, 1, 1});
    }
  }
  std::string festival = run_program({"festival", "--batch", "(print (voice.list))"}).output;
  std::replace_if(
      festival.begin(), festival.end(), [](char c) { return c == '(' || c == ')'; }, ' ');
  std::istringstream list(festival);
  for (std::string name; list >> name;) {
    if (name != "nil") {
      voices.push_back({"festival", name, 1, 1});
    }
  }
}

/// A temporary file of its own, removed with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& extension, std::string_view content = {})
      : path_((std::filesystem::temp_directory_path() / ("kwsd-voice-XXXXXX" + extension)).string()) {
    const int fd = mkstemps(path_.data(), static_cast<int>(extension.size()));
    const bool written =
        fd >= 0 && write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size());
    if (fd >= 0) {
      close(fd);
    }
    if (!written) {
      throw Error(ErrorKind::io, path_ + ": cannot be written");
    }
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

std::vector<std::string> command_line(const Voice& voice, double pace, const std::string& text,
                                      const std::string& wav) {
  const double own_pace = pace / voice.tract;  // compensates for the length that resampling adds
  if (voice.engine == "espeak-ng") {
    const long pitch = std::clamp(std::lround(50 * voice.pitch), 0L, 99L);
    const long speed = std::clamp(std::lround(words_per_minute * own_pace), 80L, 400L);
    return {"espeak-ng", "-v", voice.name, "-s", std::to_string(speed), "-p", std::to_string(pitch),
            "-w",        wav,  "-f",       text};
  }
  const std::string slower = fmt::format("{:.3f}", 1 / own_pace);
  if (voice.engine == "flite") {
    return {"flite", "-voice", voice.name, "--setf", "duration_stretch=" + slower, "-f", text, "-o", wav};
  }
  return {"text2wave",
          "-eval",
          "(begin (voice_" + voice.name + ") (Parameter.set 'Duration_Stretch " + slower + "))",
          "-F",
          "16000",
          text,
          "-o",
          wav};
}

std::vector<std::int16_t> resampled(const std::vector<std::int16_t>& in, double speed) {
  std::vector<float> out(static_cast<std::size_t>(static_cast<double>(in.size()) / speed), 0.0F);
  add_resampled(in, 1, speed, 1.0F, out);
  return to_pcm16(out);
}

}  // namespace

std::string Voice::description() const {
  return fmt::format("{} {} pitch {:.2f} tract {:.2f}", engine, name, pitch, tract);
}

std::string Voice::id() const {
  return fmt::format("{:08x}", stable_hash(description()) >> 32U);
}

std::vector<Voice> installed_voices(std::string_view language) {
  std::vector<Voice> voices;
  add_espeak(language, voices);
  if (language.starts_with("en")) {
    add_english(voices);
  }
  return voices;
}

std::vector<Voice> make_speakers(std::string_view language, std::size_t count, std::uint64_t seed) {
  const std::vector<Voice> all = installed_voices(language);
  std::vector<Voice> espeak;
  std::vector<Voice> natural;
  for (const Voice& voice : all) {
    (voice.engine == "espeak-ng" ? espeak : natural).push_back(voice);
  }
  if (all.empty()) {
    throw Error(ErrorKind::unavailable, "no synthetic voice for '" + std::string(language) +
                                            "': install espeak-ng (and, for English, flite or festival)");
  }
  Random random(seed);
  std::vector<Voice> speakers;
  std::set<std::string> ids;
  for (std::size_t tries = 0; speakers.size() < count && tries < 50 * count; ++tries) {
    const bool from_natural = espeak.empty() || (!natural.empty() && random.chance(0.34));
    const std::vector<Voice>& from = from_natural ? natural : espeak;
    Voice voice = from[random.below(from.size())];
    voice.pitch = random.uniform(0.5, 1.6);
    voice.tract = random.uniform(from_natural ? 0.85 : 0.92, from_natural ? 1.22 : 1.12);
    if (ids.insert(voice.id()).second) {
      speakers.push_back(std::move(voice));
    }
  }
  return speakers;
}

std::vector<std::int16_t> speak(const Voice& voice, std::string_view text, double pace) {
  if (voice.engine != "espeak-ng" && voice.engine != "flite" && voice.engine != "festival") {
    throw Error(ErrorKind::unavailable,
                "voice engine '" + voice.engine + "': expected espeak-ng, flite or festival");
  }
  const TemporaryFile input(".txt", std::string(text) + "\n");
  const TemporaryFile wav(".wav");
  if (run_program(command_line(voice, pace, input.path(), wav.path())).status != 0) {
    throw Error(ErrorKind::unavailable,
                voice.engine + " (voice " + voice.name + ") failed on '" + std::string(text) + "'");
  }
  return resampled(load_recording_pcm16(wav.path(), {1, 120, true}), voice.tract);
}

}  // namespace kwsd::train
