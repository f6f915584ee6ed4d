#include "models/trainer/synth/synth_command.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>

#include "app/audio/scan.h"
#include "app/audio/sound_writer.h"
#include "app/base/atomic_file.h"
#include "app/base/parallel.h"
#include "app/base/progress.h"
#include "app/base/random.h"
#include "app/base/text_lines.h"
#include "app/base/words.h"
#include "engine/model/error.h"
#include "models/trainer/data/endpoints.h"
#include "models/trainer/data/rate.h"
#include "models/trainer/synth/scene.h"
#include "models/trainer/synth/voices.h"

namespace kwsd::train {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_sentence_bytes = 65536;

/// Cut to the word and 0.1 s around it; at least one second long.
std::vector<std::int16_t> trim(const std::vector<std::int16_t>& spoken) {
  constexpr std::int32_t margin = sample_rate_hz / 10;
  const Extent word = find_word(spoken);
  const std::int32_t length = std::max(sample_rate_hz, word.size() + 2 * margin);
  std::vector<std::int16_t> clip(static_cast<std::size_t>(length), 0);
  const std::int32_t at = (length - word.size()) / 2;
  std::copy(spoken.begin() + word.begin, spoken.begin() + word.end, clip.begin() + at);
  return clip;
}

void list_voices(const fs::path& file, const std::vector<Voice>& speakers) {
  std::string text = "speaker\tvoice\n";
  for (const Voice& voice : speakers) {
    text += voice.id() + "\t" + voice.description() + "\n";
  }
  AtomicFile out(file);
  out.write(text.data(), text.size());
  out.commit();
}

/// If a voice cannot speak a text (an engine's defect), that clip is skipped, and the run continues.
bool speak_into(const fs::path& file, const Voice& voice, const std::string& text, double pace, bool whole) {
  if (fs::exists(file)) {
    return true;
  }
  try {
    const std::vector<std::int16_t> spoken = speak(voice, text, pace);
    if (spoken.size() < static_cast<std::size_t>(sample_rate_hz) / 20) {
      throw Error(ErrorKind::bad_data, voice.description() + ": no sound for '" + text + "'");
    }
    const fs::path part = file.parent_path() / ("." + file.stem().string() + ".part.flac");
    write_sound(part, whole ? spoken : trim(spoken));
    fs::rename(part, file);
    return true;
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::io) {
      throw;
    }
    spdlog::warn("skipped: {}", e.what());
    return false;
  }
}

}  // namespace

std::size_t synthesize_words(const std::vector<std::pair<std::string, std::string>>& word_and_said,
                             const SynthOptions& options) {
  for (const auto& [word, said] : word_and_said) {
    check_keyword(word, "--words");
    fs::create_directories(options.output / word);
  }
  const std::vector<Voice> speakers = make_speakers(options.language, options.speakers, options.seed);
  list_voices(options.output / "voices.tsv", speakers);
  const std::size_t per_word = speakers.size() * options.per_speaker;
  const std::size_t total = word_and_said.size() * per_word;
  std::atomic<std::size_t> made{0};
  Progress progress("speaking", total);
  parallel_for(total, options.threads, [&](std::size_t i) {
    const auto& [word, said] = word_and_said[i / per_word];
    const Voice& voice = speakers[i % per_word / options.per_speaker];
    const std::size_t n = i % options.per_speaker;
    Random random{options.seed, stable_hash(word), stable_hash(voice.id()), n};
    const fs::path file = options.output / word / fmt::format("{}_nohash_{}.flac", voice.id(), n);
    made += speak_into(file, voice, said, random.uniform(0.75, 1.35), false) ? 1U : 0U;
    progress.step();
  });
  return made;
}

std::size_t synthesize_sentences(const std::vector<std::string>& sentences, const SynthOptions& options) {
  const std::vector<Voice> speakers = make_speakers(options.language, options.speakers, options.seed);
  fs::create_directories(options.output);
  list_voices(options.output / "voices.tsv", speakers);
  std::map<std::string, std::string> before = read_transcripts(options.output);
  std::string transcripts;
  std::vector<fs::path> files;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    const std::string name = fmt::format("{:04}-{:x}-{:04}", i % speakers.size(), 1, i / speakers.size());
    transcripts += name + " " + sentences[i] + "\n";
    files.push_back(options.output / (name + ".flac"));
    const auto said = before.find(name);
    if (said != before.end() && !same_word(said->second, sentences[i])) {
      fs::remove(files.back());  // the existing file contains another sentence
    }
    before.erase(name);
  }
  for (const auto& [name, said] : before) {
    transcripts += name + " " + said + "\n";
  }
  AtomicFile list(options.output / "synth.trans.txt");
  list.write(transcripts.data(), transcripts.size());
  list.commit();
  std::atomic<std::size_t> made{0};
  Progress progress("speaking", sentences.size());
  parallel_for(sentences.size(), options.threads, [&](std::size_t i) {
    Random random{options.seed, stable_hash(sentences[i]), i};
    made +=
        speak_into(files[i], speakers[i % speakers.size()], sentences[i], random.uniform(0.85, 1.25), true)
            ? 1U
            : 0U;
    progress.step();
  });
  return made;
}

namespace {

struct Arguments {
  SynthOptions options;
  std::vector<std::string> words;
  fs::path sentences, scene, labels;
};

/// "word" or "word=text to speak".
std::pair<std::string, std::string> word_and_said(const std::string& text) {
  const auto at = text.find('=');
  std::string word(trimmed(std::string_view(text).substr(0, at)));
  std::string said =
      at == std::string::npos ? word : std::string(trimmed(std::string_view(text).substr(at + 1)));
  std::replace(said.begin(), said.end(), '_', ' ');
  return {std::move(word), std::move(said)};
}

std::vector<std::string> read_sentences(const fs::path& file) {
  std::vector<std::string> sentences;
  for_each_line(file, longest_sentence_bytes, [&sentences](int, std::string_view line) {
    if (!trimmed(line).empty()) {
      sentences.emplace_back(trimmed(line));
    }
  });
  return sentences;
}

void run(const Arguments& a) {
  const int kinds = (a.words.empty() ? 0 : 1) + (a.sentences.empty() ? 0 : 1) + (a.scene.empty() ? 0 : 1);
  if (kinds != 1) {
    throw Error(ErrorKind::usage, "synth: expected one of --words, --sentences and --scene");
  }
  if (!a.scene.empty()) {
    make_scene(a.scene, a.options.output, a.labels);
    return;
  }
  std::size_t made = 0;
  if (!a.sentences.empty()) {
    made = synthesize_sentences(read_sentences(a.sentences), a.options);
  } else {
    std::vector<std::pair<std::string, std::string>> words;
    const std::vector<std::string> entries = trimmed(a.words);
    std::transform(entries.begin(), entries.end(), std::back_inserter(words), word_and_said);
    made = synthesize_words(words, a.options);
  }
  if (made == 0) {
    throw Error(ErrorKind::unavailable, a.options.output.string() + ": no recording was made");
  }
  spdlog::info("{}: {} recordings", a.options.output.string(), made);
}

}  // namespace

void add_synth_command(CLI::App& app) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "synth", "Speak words or sentences with synthetic voices (espeak-ng, flite, festival)");
  command->add_option("--words", a->words, "Words to speak, a,b,c; word=text where the spoken text differs")
      ->type_name("WORDS")
      ->delimiter(',');
  command
      ->add_option("--sentences", a->sentences,
                   "Speak each line of this file: continuous speech with transcripts")
      ->type_name("FILE");
  command
      ->add_option("--scene", a->scene,
                   "Speak a scene: lines of pause, voice, label and text (see tests/data)")
      ->type_name("FILE");
  command->add_option("--labels", a->labels, "With --scene: write start, end and word of each label here")
      ->type_name("FILE");
  command->add_option("-o,--output", a->options.output, "Folder (with --scene: WAV or FLAC file)")
      ->type_name("FOLDER")
      ->required();
  command->add_option("--language", a->options.language, "Of the voices, as espeak-ng names it")
      ->type_name("LANGUAGE")
      ->capture_default_str();
  command->add_option("--speakers", a->options.speakers, "How many different people")
      ->check(CLI::Range(1, 5000))
      ->capture_default_str();
  command->add_option("--per-speaker", a->options.per_speaker, "Recordings of each word by each of them")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_option("--seed", a->options.seed, "Of all that is random")->capture_default_str();
  command->add_option("--threads", a->options.threads, "Voices that speak at the same time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->callback([a] { run(*a); });
}

}  // namespace kwsd::train
