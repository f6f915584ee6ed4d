#include "models/trainer/word/word_data.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "app/audio/scan.h"
#include "app/base/words.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"
#include "models/trainer/synth/synth_command.h"

namespace kwsd::train {
namespace {

namespace fs = std::filesystem;

/// Everyday words, and words that sound like others: spoken by the same voices as the word, so that the net
/// does not recognize the word by its synthetic sound.
constexpr std::array other_words{
    "hello",  "morning", "apple",   "house",    "seven",   "please", "yes",   "no",     "stop",    "go",
    "left",   "right",   "up",      "down",     "on",      "off",    "music", "volume", "weather", "number",
    "people", "water",   "window",  "kitchen",  "sunday",  "timer",  "alarm", "light",  "thanks",  "okay",
    "maybe",  "after",   "because", "under",    "banana",  "parade", "lemon", "garden", "camera",  "letter",
    "minute", "yellow",  "orange",  "tomorrow", "coffee",  "doctor", "paper", "river",  "silver",  "winter",
    "table",  "dinner",  "happy",   "sister",   "brother", "ghost",  "stuff", "cough",  "ring",    "often",
    "good",   "what",    "sure",    "computer"};

constexpr std::array everyday_sentences{"could you put the plates back on the shelf",
                                        "I think it is going to rain this afternoon",
                                        "the train to the city leaves in ten minutes",
                                        "she said that her brother would call later",
                                        "we need milk, bread, eggs and some more coffee",
                                        "what time does the shop on the corner close",
                                        "there was nothing interesting on television last night",
                                        "he forgot his keys on the kitchen table again",
                                        "the children are playing football in the garden",
                                        "how long did it take you to get there",
                                        "I have never seen so many people in one place",
                                        "please turn the page and read the next question",
                                        "the doctor told him to walk more every day",
                                        "that was the best dinner we had all summer",
                                        "nobody knew where the old map had come from",
                                        "they painted the door blue and the windows white",
                                        "my sister moved to another town three years ago",
                                        "if you see her, tell her that I said hello",
                                        "the meeting was moved to Thursday morning at nine",
                                        "it costs less than I had expected",
                                        "we walked along the river until it was dark",
                                        "the dog barked at every car that passed",
                                        "he played the same song over and over",
                                        "take the second street on the right and then go straight on",
                                        "the weather was better on the other side of the mountain",
                                        "somebody left an umbrella in the waiting room",
                                        "she reads the paper every morning before work",
                                        "this is the last box and then we are done",
                                        "I would rather stay at home and watch a film",
                                        "the phone rang but there was nobody there",
                                        "can you help me carry this up the stairs",
                                        "we should have left an hour earlier"};

bool has_sound(const fs::path& folder) {
  UnreadableFiles unreadable;
  return !sound_files(folder, unreadable).empty();
}

/// A folder of the word's name in `folder`, in any spelling.
fs::path folder_of_word(const fs::path& folder, const std::string& word) {
  for (const fs::path& inside : word_folders(folder)) {
    if (same_word(inside.filename().string(), word)) {
      return inside;
    }
  }
  return {};
}

/// Sentences of the licences that Debian installs: running text that is available on every machine.
void add_licences(std::vector<std::string>& sentences, std::size_t wanted) {
  for (const char* name : {"GPL-3", "Apache-2.0", "Artistic", "GPL-2", "MPL-2.0"}) {
    std::ifstream file(fs::path("/usr/share/common-licenses") / name);
    std::string sentence, word;
    for (std::size_t words = 0; sentences.size() < wanted && file >> word;) {
      const bool ends = word.find_first_of(".;:") != std::string::npos;
      std::erase_if(word, [](unsigned char c) { return c >= 0x80 || (std::isalpha(c) == 0 && c != '\''); });
      sentence += word.empty() ? "" : (sentence.empty() ? "" : " ") + word;
      words += word.empty() ? 0U : 1U;
      if (ends || words == 16) {
        if (words >= 5) {
          sentences.push_back(sentence);
        }
        sentence.clear();
        words = 0;
      }
    }
  }
}

std::vector<std::string> sentences(const std::string& word, std::size_t wanted) {
  std::vector<std::string> all(everyday_sentences.begin(), everyday_sentences.end());
  add_licences(all, wanted);
  std::erase_if(all, [&word](const std::string& sentence) { return says_any(sentence, {word}); });
  all.resize(std::min(all.size(), wanted));
  return all;
}

enum class DataKind { words, speech, noise };

bool is_noise(const fs::path& folder) {
  return folder.lexically_normal().string().find("noise") != std::string::npos;
}

/// Word folders have sound in folders just below, and no transcripts; speech has transcripts, or has its
/// files loose.
DataKind kind_of(const fs::path& folder) {
  if (is_noise(folder.filename().empty() ? folder.parent_path().filename() : folder.filename())) {
    return DataKind::noise;
  }
  if (!read_transcripts(folder).empty()) {
    return DataKind::speech;
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() != ".txt" && entry.path().extension() != ".md") {
      return DataKind::speech;
    }
  }
  return DataKind::words;
}

}  // namespace

std::string model_name(const WordOptions& options) {
  check_keyword(options.word, "WORD");
  std::string name = options.name.empty() ? options.word : options.name;
  if (options.name.empty()) {
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == ' ' || c == '\''; }, '_');
  }
  if (!is_name(name)) {
    throw Error(ErrorKind::usage,
                "--name: found '" + printable(name) + "', expected " + std::string(name_expected));
  }
  return name;
}

WordRecordings find_recordings(const WordOptions& options) {
  WordRecordings found;
  const auto add = [&found](const fs::path& folder) {
    UnreadableFiles unreadable;
    found.clips += sound_files(folder, unreadable).size();
    unreadable.warn();
    found.folders.push_back(folder);
  };
  if (options.folders.empty()) {
    const fs::path here = folder_of_word(".", options.word);
    if (!here.empty() && has_sound(here)) {
      add(here);
    }
  }
  for (const fs::path& folder : options.folders) {
    const fs::path inside = folder_of_word(folder, options.word);
    const fs::path& chosen = inside.empty() ? folder : inside;
    if (!has_sound(chosen)) {
      throw Error(ErrorKind::no_input, chosen.string() + ": found no recording, expected some of '" +
                                           options.word + "' (or no FOLDER: then voices alone say it)");
    }
    add(chosen);
  }
  return found;
}

VoicePlan voice_plan(const WordOptions& options, std::size_t recordings) {
  VoicePlan plan;
  plan.speakers = recordings > 0 ? 60 : 240;
  if (options.quick) {
    plan = {12, 4, 12, 24};
  }
  plan.speakers = options.voices > 0 ? options.voices : plan.speakers;
  return plan;
}

void speak_all(const WordOptions& options, const VoicePlan& plan, const fs::path& state) {
  SynthOptions synth;
  synth.language = options.language;
  synth.threads = options.threads;
  std::string said = options.word;
  std::replace(said.begin(), said.end(), '_', ' ');
  synth.output = state / "voices";
  synth.speakers = plan.speakers;
  synth.per_speaker = 2;
  synth.seed = 11;
  if (synthesize_words({{options.word, said}}, synth) == 0) {
    throw Error(ErrorKind::unavailable, "no voice could say '" + options.word + "'");
  }
  synth.output = state / "other-words";
  synth.speakers = plan.other_speakers;
  synth.per_speaker = 1;
  synth.seed = 8;
  std::vector<std::pair<std::string, std::string>> words;
  for (const char* other : other_words) {
    if (words.size() < plan.other_words && !same_word(other, options.word)) {
      words.emplace_back(other, other);
    }
  }
  static_cast<void>(synthesize_words(words, synth));
  synth.output = state / "talk";
  synth.speakers = std::min<std::size_t>(40, plan.sentences);
  synth.seed = 21;
  static_cast<void>(synthesize_sentences(sentences(options.word, plan.sentences), synth));
}

DataOptions data_options(const WordOptions& options, const WordRecordings& recordings, const fs::path& state,
                         bool voices_judge) {
  DataOptions data;
  data.keywords = {options.word};
  data.cache = state / "cache";
  data.threads = options.threads;
  for (const fs::path& folder : recordings.folders) {
    data.own_words.emplace_back(options.word, folder);
  }
  (voices_judge ? data.words : data.training_words).push_back(state / "voices");
  data.training_words.push_back(state / "other-words");
  data.held_out_speech.push_back(state / "talk");
  if (!options.mistakes.empty()) {
    data.training_words.push_back(options.mistakes);
  }
  for (const fs::path& folder : options.data) {
    const DataKind kind = kind_of(folder);
    spdlog::info("{}: taken for {}", folder.string(),
                 kind == DataKind::noise    ? "noise"
                 : kind == DataKind::speech ? "running speech"
                                            : "folders of other words");
    (kind == DataKind::noise    ? data.noise
     : kind == DataKind::speech ? data.speech
                                : data.training_words)
        .push_back(folder);
    if (fs::is_directory(folder / "_background_noise_")) {
      data.noise.push_back(folder / "_background_noise_");
    }
  }
  return data;
}

}  // namespace kwsd::train
