#include "models/trainer/synth/scene.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <sstream>

#include "app/audio/sound_writer.h"
#include "app/base/atomic_file.h"
#include "app/base/text_lines.h"
#include "engine/model/error.h"
#include "models/trainer/data/effects.h"
#include "models/trainer/data/endpoints.h"
#include "models/trainer/data/rate.h"
#include "models/trainer/synth/voices.h"

namespace kwsd::train {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_scene_line_bytes = 65536;

struct Line {
  double pause_seconds = 0, pace = 1;
  Voice voice;
  std::string label, text;
};

struct Scene {
  std::vector<Line> lines;
  double noise_db = -100;
};

[[noreturn]] void fail(const fs::path& file, int number, const std::string& what) {
  throw Error(ErrorKind::bad_data, fmt::format("{}:{}: {}", file.string(), number, what));
}

Line parse_line(const std::string& text, const fs::path& file, int number) {
  std::istringstream in(text);
  std::string pause, voice;
  Line line;
  if (!std::getline(in, pause, '\t') || !std::getline(in, voice, '\t') ||
      !std::getline(in, line.label, '\t') || !std::getline(in, line.text) || line.text.empty()) {
    fail(file, number, "expected pause, engine/voice, label and text, tab separated");
  }
  const auto slash = voice.find('/');
  const auto at = voice.find('@');
  if (slash == std::string::npos || slash + 1 >= std::min(at, voice.size())) {
    fail(file, number, "found voice '" + voice + "', expected engine/voice or engine/voice@pace");
  }
  line.voice.engine = voice.substr(0, slash);
  line.voice.name = voice.substr(slash + 1, at == std::string::npos ? at : at - slash - 1);
  char* end = nullptr;
  line.pause_seconds = std::strtod(pause.c_str(), &end);
  if (end == pause.c_str() || *end != '\0' || !(line.pause_seconds >= 0 && line.pause_seconds <= 60)) {
    fail(file, number, "found pause '" + pause + "', expected 0 to 60 seconds");
  }
  if (at != std::string::npos) {
    line.pace = std::strtod(voice.c_str() + at + 1, &end);
    if (*end != '\0' || !(line.pace >= 0.3 && line.pace <= 3)) {
      fail(file, number, "found pace '" + voice.substr(at + 1) + "', expected 0.3 to 3");
    }
  }
  return line;
}

Scene read_scene(const fs::path& file) {
  Scene scene;
  for_each_line(file, longest_scene_line_bytes, [&](int number, std::string_view line) {
    const std::string text(line);
    if (text.starts_with("noise ")) {
      scene.noise_db = std::atof(text.c_str() + 6);
    } else if (!text.empty() && text.front() != '#') {
      scene.lines.push_back(parse_line(text, file, number));
    }
  });
  return scene;
}

}  // namespace

void make_scene(const fs::path& scene_file, const fs::path& output, const fs::path& labels) {
  constexpr double loudness = 0.1;  // RMS of the speech
  constexpr double last_pause_seconds = 1.5;
  const Scene scene = read_scene(scene_file);
  std::vector<float> sound;
  std::string table;
  for (const Line& line : scene.lines) {
    const std::vector<std::int16_t> spoken = speak(line.voice, line.text, line.pace);
    const bool labelled = line.label != "-";
    const Extent word = labelled ? find_word(spoken) : Extent{0, static_cast<std::int32_t>(spoken.size())};
    sound.resize(sound.size() + static_cast<std::size_t>(line.pause_seconds * sample_rate_hz));
    const double start = static_cast<double>(sound.size()) / sample_rate_hz;
    std::vector<float> part(spoken.begin() + word.begin, spoken.begin() + word.end);
    scale(part, static_cast<float>(loudness) / std::max(rms(part), 1.0F));
    sound.insert(sound.end(), part.begin(), part.end());
    if (labelled) {
      table += fmt::format("{:.2f}\t{:.2f}\t{}\n", start, static_cast<double>(sound.size()) / sample_rate_hz,
                           line.label);
    }
  }
  sound.resize(sound.size() + static_cast<std::size_t>(last_pause_seconds * sample_rate_hz));
  Random random(1);
  add_pink_noise(sound, from_db(scene.noise_db), random);
  write_sound(output, to_pcm16(sound));
  if (!labels.empty()) {
    AtomicFile out(labels);
    out.write(table.data(), table.size());
    out.commit();
  }
}

}  // namespace kwsd::train
