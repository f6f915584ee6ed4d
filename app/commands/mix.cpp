// kwsd mix: makes a long recording for `kwsd eval --stream` from short ones, with its labels.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "app/audio/scan.h"
#include "app/audio/sound_16k.h"
#include "app/audio/sound_writer.h"
#include "app/base/atomic_file.h"
#include "app/base/log.h"
#include "app/base/progress.h"
#include "app/base/random.h"
#include "app/base/words.h"
#include "app/commands/commands.h"
#include "app/eval/data_set.h"
#include "app/eval/labelled_words.h"
#include "app/eval/stream_mix.h"
#include "app/settings/settings.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

namespace fs = std::filesystem;
using Pcm = std::vector<std::int16_t>;

constexpr double longest_word_seconds = 10;
constexpr std::size_t shortest_samples = 16;  // a millisecond, the resolution of labels
constexpr std::size_t most_samples = std::size_t{8} * 3600 * 16000;  // held in memory at once: 0.9 GB

struct MixOptions {
  std::vector<std::string> words, speech, noise, only, snr{"clean"};
  std::string list, output, labels, floor_db = "-65";
  int count = 0;
  int channel = 1;
  std::uint64_t seed = 1;
};

/// The folders, decoded. Damaged files are skipped with a warning.
struct Material {
  std::vector<std::string> names;  // [labels]
  std::vector<Pcm> words;
  std::vector<int> labels;  // of `words`
  std::vector<Pcm> speech, noise;
};

class MaterialLoader {
 public:
  explicit MaterialLoader(const MixOptions& options) : options_(options) {}

  Material load() {
    Material material;
    const std::vector<ClipFile> clips = find_words(material.names);
    const std::vector<fs::path> speech = find_speech(material.names);
    const std::vector<fs::path> noise = find_sounds("--noise", options_.noise);
    Progress progress("decoding", clips.size() + speech.size() + noise.size());
    for (const ClipFile& clip : clips) {
      if (std::optional<Pcm> pcm = decode(clip.path, longest_word_seconds)) {
        material.words.push_back(std::move(*pcm));
        material.labels.push_back(clip.label);
      }
      progress.step();
    }
    decode_all(speech, material.speech, progress);
    decode_all(noise, material.noise, progress);
    require_some("--words and --speech", clips.size() + speech.size(),
                 material.words.size() + material.speech.size());
    require_some("--speech", speech.size(), material.speech.size());
    require_some("--noise", noise.size(), material.noise.size());
    return material;
  }

 private:
  static void require_some(const char* of, std::size_t found, std::size_t decoded) {
    if (found > 0 && decoded == 0) {
      throw Error(ErrorKind::bad_data, std::string("mix: ") + of + ": none of the recordings can be decoded");
    }
  }

  /// The words of all --words folders, each once, in the spelling of its first folder.
  [[nodiscard]] std::vector<std::string> words_of_folders() const {
    std::vector<std::string> names;
    for (const std::string& folder : options_.words) {
      for (const fs::path& word : word_folders(folder)) {
        names.push_back(word.filename().string());
      }
    }
    return names;
  }

  /// The clips of all --words folders, at most --count of each word, drawn by the seed.
  std::vector<ClipFile> find_words(std::vector<std::string>& names) {
    names = options_.only.empty() ? words_of_folders() : trimmed(options_.only);
    std::erase_if(names, [](const std::string& name) { return name.starts_with('_'); });
    std::sort(names.begin(), names.end());
    std::vector<Label> labels;
    for (const std::string& name : names) {
      if (!can_be_label(name)) {
        throw Error(ErrorKind::bad_data, "mix: found the word '" + printable(name) +
                                             "', expected 1 to 64 bytes of UTF-8 without control characters");
      }
      if (std::none_of(labels.begin(), labels.end(),
                       [&](const Label& l) { return same_word(l.name, name); })) {
        labels.push_back({name, LabelKind::keyword});
      }
    }
    names.clear();
    std::transform(labels.begin(), labels.end(), std::back_inserter(names),
                   [](const Label& l) { return l.name; });
    std::vector<ClipFile> clips;
    for (const std::string& folder : options_.words) {
      const DataSet set = find_clips(folder, options_.list, labels);
      clips.insert(clips.end(), set.clips.begin(), set.clips.end());
    }
    require_each_of_only(names, clips);
    return draw(std::move(clips), names.size());
  }

  /// A word of --only that is in no folder is a typing error.
  void require_each_of_only(const std::vector<std::string>& names, const std::vector<ClipFile>& clips) const {
    std::vector<bool> any(names.size());
    for (const ClipFile& clip : clips) {
      any[static_cast<std::size_t>(clip.label)] = true;
    }
    const auto absent = std::find(any.begin(), any.end(), false);
    if (!options_.only.empty() && absent != any.end()) {
      throw Error(ErrorKind::bad_data, "--only: found '" +
                                           printable(names[static_cast<std::size_t>(absent - any.begin())]) +
                                           "', but no clip of it in --words");
    }
  }

  std::vector<ClipFile> draw(std::vector<ClipFile> clips, std::size_t labels) {
    if (options_.count == 0) {
      return clips;
    }
    Random random{options_.seed, 0xC11B};
    for (std::size_t i = clips.size(); i > 1; --i) {
      std::swap(clips[i - 1], clips[random.below(i)]);
    }
    std::vector<int> taken(labels);
    std::erase_if(clips, [&](const ClipFile& clip) {
      return ++taken[static_cast<std::size_t>(clip.label)] > options_.count;
    });
    return clips;
  }

  static std::vector<fs::path> find_sounds(const char* option, const std::vector<std::string>& folders) {
    std::vector<fs::path> files;
    UnreadableFiles unreadable;
    for (const std::string& folder : folders) {
      const std::vector<fs::path> found = sound_files(folder, unreadable);
      if (found.empty()) {
        unreadable.warn();
        throw Error(ErrorKind::bad_data, folder + ": found no sound file, expected some for " + option);
      }
      files.insert(files.end(), found.begin(), found.end());
    }
    unreadable.warn();
    return files;
  }

  /// Without the utterances whose transcript has one of the words: they would be unlabelled.
  std::vector<fs::path> find_speech(const std::vector<std::string>& words) {
    std::vector<fs::path> files = find_sounds("--speech", options_.speech);
    const std::size_t all = files.size();
    for (const std::string& folder : options_.speech) {
      const auto transcripts = read_transcripts(folder);
      std::erase_if(files, [&](const fs::path& file) {
        const auto said = transcripts.find(file.stem().string());
        return said != transcripts.end() && says_any(said->second, words);
      });
    }
    if (files.size() < all) {
      spdlog::info("{} of {} pieces of speech say one of the words and are left out", all - files.size(),
                   all);
    }
    return files;
  }

  void decode_all(const std::vector<fs::path>& files, std::vector<Pcm>& to, Progress& progress) {
    for (const fs::path& file : files) {
      if (std::optional<Pcm> pcm = decode(file, 8 * 3600)) {
        to.push_back(std::move(*pcm));
      }
      progress.step();
    }
  }

  std::optional<Pcm> decode(const fs::path& file, double most_seconds) {
    Pcm samples;
    try {
      samples = load_recording_pcm16(file, {options_.channel, most_seconds});
    } catch (const Error& error) {
      spdlog::warn("left out: {}", error.what());
      return std::nullopt;
    }
    if (samples.size() < shortest_samples) {
      spdlog::warn("left out: {}: found {} samples, expected {} at least", file.string(), samples.size(),
                   shortest_samples);
      return std::nullopt;
    }
    loaded_ += samples.size();
    if (loaded_ > most_samples) {
      throw Error(ErrorKind::bad_data,
                  "mix: found more than 8 h of recordings, expected less; fewer words with --count");
    }
    return samples;
  }

  const MixOptions& options_;
  std::size_t loaded_ = 0;  // samples
};

/// A level in dB from `low` to `high`; nothing for the word `none`.
std::optional<double> parse_level(const char* flag, const std::string& text, const char* none, double low,
                                  double high) {
  if (text == none) {
    return std::nullopt;
  }
  try {
    std::size_t used = 0;
    const double value = std::stod(text, &used);
    if (used == text.size() && value >= low && value <= high) {
      return value;
    }
  } catch (const std::exception&) {  // falls through to the message
  }
  throw Error(ErrorKind::usage, fmt::format("{}: found '{}', expected '{}' or dB from {} to {}", flag,
                                            printable(text), none, low, high));
}

/// One section of the recording per SNR: all words and all speech, each time in another order.
int mix(const MixOptions& options) {
  std::vector<std::optional<double>> sections;
  for (const std::string& text : trimmed(options.snr)) {
    sections.push_back(parse_level("--snr", text, "clean", -20, 80));
  }
  const std::optional<double> floor_db = parse_level("--floor-db", options.floor_db, "off", -120, -20);
  if (options.words.empty() && options.speech.empty()) {
    throw Error(ErrorKind::usage, "mix: expected --words DIR, --speech DIR or both");
  }
  if (!options.noise.empty() &&
      !std::any_of(sections.begin(), sections.end(), [](const auto& snr) { return snr.has_value(); })) {
    throw Error(ErrorKind::usage, "--noise: expected its level with --snr, in dB");
  }
  const Material material = MaterialLoader(options).load();
  std::vector<MixWord> words;
  for (std::size_t w = 0; w < material.words.size(); ++w) {
    words.push_back({material.words[w], find_word(material.words[w]), material.labels[w]});
  }
  const std::vector<std::span<const std::int16_t>> speech(material.speech.begin(), material.speech.end());
  const std::vector<std::span<const std::int16_t>> noise(material.noise.begin(), material.noise.end());

  AtomicFile sound_file(options.output);
  SoundWriter sound(sound_file.temporary(), SoundWriter::Mode::replace, options.output);
  std::string labels = "start\tend\tword\n";
  std::int64_t samples = 0;
  for (std::size_t s = 0; s < sections.size(); ++s) {
    MixParams params;
    params.snr_db = sections[s];
    params.floor_db = floor_db;
    params.seed = options.seed + s;
    const MixedStream section = mix_stream(words, speech, noise, params);
    sound.write(section.samples);
    for (const SpokenWord& word : section.words) {
      labels += format_label({static_cast<double>(samples + word.start_sample) / 16000,
                              static_cast<double>(samples + word.end_sample) / 16000,
                              material.names[static_cast<std::size_t>(word.label)]});
    }
    samples += static_cast<std::int64_t>(section.samples.size());
  }
  sound.close();
  AtomicFile label_file(options.labels);
  label_file.write(labels.data(), labels.size());
  sound_file.commit();
  label_file.commit();
  spdlog::info("{}: {}, {} words; {}", options.output, clock_text(static_cast<double>(samples) / 16000),
               words.size() * sections.size(), options.labels);
  return 0;
}

void check_output(MixOptions& options) {
  const fs::path output = options.output;
  if (output.extension() != ".wav" && output.extension() != ".flac") {
    throw Error(ErrorKind::usage,
                "--output: found '" + options.output + "', expected a name that ends in .wav or .flac");
  }
  if (options.labels.empty()) {
    options.labels = fs::path(output).replace_extension(".tsv");
  }
  if (fs::path(options.labels).lexically_normal() == output.lexically_normal()) {
    throw Error(ErrorKind::usage, "--labels: found '" + options.labels + "', which is the sound's place");
  }
}

}  // namespace

void add_mix_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand(
      "mix", "Mix words, speech and noise into a labelled recording for 'kwsd eval --stream'");
  const auto options = std::make_shared<MixOptions>();
  CLI::Option* words = command
                           ->add_option("--words", options->words,
                                        "A folder per word (Speech Commands layout); may be repeated")
                           ->type_name("DIR");
  command->add_option("--only", options->only, "Only these words, a,b,c")
      ->type_name("WORDS")
      ->delimiter(',')
      ->needs(words);
  command->add_option("--list", options->list, "Only the clips on this list, e.g. testing_list.txt")
      ->type_name("FILE")
      ->needs(words);
  command->add_option("--count", options->count, "Clips of each word; 0: all")
      ->check(CLI::Range(0, 1'000'000))
      ->needs(words);
  command
      ->add_option(
          "--speech", options->speech,
          "Continuous speech: the words go into its pauses. Pieces whose transcript (*.trans.txt) has\n"
          "one of the words are left out. May be repeated")
      ->type_name("DIR");
  command->add_option("--noise", options->noise, "Noise under all of it; default: white; may be repeated")
      ->type_name("DIR");
  command
      ->add_option("--snr", options->snr,
                   "Speech to noise in dB, or 'clean'; with several, a,b,c, all is said once under each")
      ->type_name("DB")
      ->delimiter(',');
  command
      ->add_option("--floor-db", options->floor_db,
                   "White noise under all of it, in dB of full scale, or 'off': without it, the pauses of a\n"
                   "clean recording are zeros, as no microphone gives them")
      ->type_name("DB");
  command->add_option("--seed", options->seed,
                      "The same seed and recordings make the same file, byte for byte");
  command->add_option("--channel", options->channel, "Which channel of the recordings to take, from 1")
      ->check(CLI::Range(1, 1024));
  command->add_option("-o,--output", options->output, "Where to write it: .wav or .flac")
      ->type_name("FILE")
      ->required();
  command->add_option("--labels", options->labels, "Where to write the labels; default: beside it, .tsv")
      ->type_name("TSV");
  add_log_option(*command);
  command->callback([&selected, options] {
    selected = [options] {
      check_output(*options);
      return mix(*options);
    };
  });
}

}  // namespace kwsd
