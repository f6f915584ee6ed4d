#include "models/trainer/data/options.h"

#include <spdlog/fmt/fmt.h>

#include <map>

#include "app/base/words.h"
#include "engine/model/error.h"

namespace kwsd::train {
std::pair<std::string, std::filesystem::path> name_and_folder(const std::string& option,
                                                              const std::string& text,
                                                              const std::string& expected) {
  const auto at = text.find('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size()) {
    throw CLI::ValidationError(option, "found '" + text + "', expected " + expected);
  }
  return {std::string(trimmed(std::string_view(text).substr(0, at))), text.substr(at + 1)};
}

CLI::Validator between(double low, double high) {
  const std::string range = fmt::format("[{} - {}]", low, high);
  return CLI::Validator(
      [=](const std::string& text) {
        double value = 0;
        const bool right = CLI::detail::lexical_cast(text, value) && value >= low && value <= high;
        return right ? std::string() : "found '" + text + "', expected a number in " + range;
      },
      "FLOAT in " + range);
}

void add_data_options(CLI::App& app, DataOptions& options) {
  const std::string group = "Recordings";
  app.add_option("--data", options.words, "Folder in the Speech Commands layout; may be repeated")
      ->type_name("FOLDER")
      ->group(group);
  app.add_option("--test-data", options.test_words,
                 "Balanced test set in that layout, with _unknown_ and _silence_: it is the test split; may "
                 "be repeated")
      ->type_name("FOLDER")
      ->group(group);
  app.add_option("--train-data", options.training_words,
                 "The same, for training alone: no clip of it validates or tests; may be repeated")
      ->type_name("FOLDER")
      ->group(group);
  app.add_option("--other-words", options.other_words,
                 "The same, for training alone; all words are unknown, whatever their names; may be repeated")
      ->type_name("FOLDER")
      ->group(group);
  app.add_option(
         "--cut-words", options.cut_words,
         "Words cut out of running speech, a folder per word, for training alone: 0.2 s of what was said "
         "before and after stand at each side; may be repeated")
      ->type_name("FOLDER")
      ->group(group);
  app.add_option_function<std::vector<std::string>>(
         "--own-word",
         [&options](const std::vector<std::string>& all) {
           for (const std::string& one : all) {
             options.own_words.push_back(name_and_folder("--own-word", one, "WORD=FOLDER"));
           }
         },
         "Recordings of one word in a folder of their own; may be repeated")
      ->type_name("WORD=FOLDER")
      ->group(group);
  app.add_option_function<std::vector<std::string>>(
         "--keywords", [&options](const std::vector<std::string>& all) { options.keywords = trimmed(all); },
         "Words or phrases to spot, a,b,c d; all other words are unknown")
      ->type_name("WORDS")
      ->delimiter(',')
      ->group(group);
  app.add_option("--speech", options.speech,
                 "Folder of continuous speech; utterances whose transcript has a keyword are dropped; may be "
                 "repeated")
      ->type_name("FOLDER")
      ->group(group);
  app.add_option("--held-out-speech", options.held_out_speech,
                 "The same, but never trained on: half of its speakers validate, the others test; may be "
                 "repeated")
      ->type_name("FOLDER")
      ->group(group);
  app.add_option("--noise", options.noise, "Folder of noise; may be repeated")
      ->type_name("FOLDER")
      ->group(group);
  app.add_option("--channel", options.channel, "Which channel of the recordings to take, from 1")
      ->check(CLI::Range(1, 1024))
      ->group(group)
      ->capture_default_str();
  app.add_option("--cache", options.cache, "Folder for decoded recordings [~/.cache/kwsd]")
      ->type_name("FOLDER")
      ->group(group);
  app.add_option("--validation-fraction", options.validation_fraction, "Of the speakers, where no list says")
      ->check(between(0, 0.5))
      ->group(group)
      ->capture_default_str();
  app.add_option("--test-fraction", options.test_fraction, "Of the speakers, where no list says")
      ->check(between(0, 0.5))
      ->group(group)
      ->capture_default_str();
  app.add_flag("--validation-list-is-test", options.validation_list_is_test,
               "If there is no testing list, test on the validation list and split the validation clips off "
               "the rest")
      ->group(group);
  app.add_flag(
         "--balanced", options.balanced,
         "Validate and test as in the task of twelve classes: unknown words as often as the average keyword")
      ->group(group);
  app.add_flag("--everything-trains", options.everything_trains,
               "Train on the validation and test clips, too")
      ->group(group);
}

void add_collection_options(CLI::App& app, DataOptions& options) {
  const std::string group = "Collections";
  app.add_option_function<std::vector<std::string>>(
         "--collection",
         [&options](const std::vector<std::string>& all) {
           for (const std::string& one : all) {
             options.collections.push_back(name_and_folder("--collection", one, "NAME=FOLDER"));
           }
         },
         "Recordings without a keyword, to count false accepts on; those whose transcript has one are left "
         "out. "
         "Honest only where neither the model nor its teachers were trained on it; may be repeated")
      ->type_name("NAME=FOLDER")
      ->group(group);
  const std::map<std::string, CollectionPart> parts{
      {"all", CollectionPart::all}, {"first", CollectionPart::first}, {"second", CollectionPart::second}};
  app.add_option("--part", options.collection_part,
                 "Which part of each collection's speakers, all, first or second: thresholds chosen on the "
                 "first half "
                 "are measured on the second")
      ->type_name("PART")
      ->default_str("all")
      ->transform(CLI::CheckedTransformer(parts))
      ->group(group);
}

void add_augment_options(CLI::App& app, AugmentOptions& augment, MixOptions& mix) {
  const std::string group = "Augmentation";
  const auto chance = [&](const char* name, double& value, const char* help) {
    app.add_option(name, value, help)->check(between(0, 1))->group(group)->capture_default_str();
  };
  const auto number = [&](const char* name, double& value, double low, double high, const char* help) {
    app.add_option(name, value, help)->check(between(low, high))->group(group)->capture_default_str();
  };
  app.add_flag("!--no-augment", augment.enabled, "Clips as they are")->group(group);
  number("--speed", augment.speed, 0, 0.5, "Faster or slower by up to this fraction (pitch follows)");
  chance("--stretch-chance", augment.stretch_chance, "How often the tempo changes at the same pitch");
  number("--stretch", augment.stretch, 0, 0.5, "... by up to this fraction");
  number("--gain-low", augment.gain_low_db, -60, 0, "Least gain, dB");
  number("--gain-high", augment.gain_high_db, -60, 40, "Most gain, dB");
  chance("--noise-chance", augment.noise_chance, "How often noise is added");
  number("--snr-low", augment.snr_low_db, -20, 60, "Least signal-to-noise ratio, dB");
  number("--snr-high", augment.snr_high_db, -20, 80, "Most signal-to-noise ratio, dB");
  chance("--babble-chance", augment.babble_chance, "Of the noises: other voices");
  chance("--room-chance", augment.room_chance, "Probability of a simulated room");
  chance("--microphone-chance", augment.microphone_chance, "How often a microphone's response is applied");
  chance("--clip-chance", augment.clip_chance, "How often the microphone is overdriven");
  chance("--neighbour-chance", augment.neighbour_chance,
         "Probability of other speech at each edge of the window");
  chance("--spec-chance", augment.spec_chance, "How often SpecAugment masks frames and coefficients");
  app.add_option("--spec-frames", augment.spec_frames, "Widest mask, frames")
      ->check(CLI::Range(0, 20))
      ->group(group);
  app.add_option("--spec-bands", augment.spec_bands, "Widest mask, coefficients")
      ->check(CLI::Range(0, 16))
      ->group(group);
  chance("--keyword-balance", mix.keyword_balance, "0: keywords as often as recorded, 1: all alike");
  number("--unknown-share", mix.unknown_share, 0, 100, "Windows of unknown per window of a keyword");
  number("--silence-share", mix.silence_share, 0, 100, "Windows of silence per window of a keyword");
  chance("--speech-share", mix.speech_share, "Of unknown: continuous speech");
  chance("--fragment-share", mix.fragment_share, "Of unknown: pieces of words");
  chance("--partial-share", mix.partial_share, "Of unknown: less than 40 % of a keyword");
  chance("--hard-share", mix.hard_share,
         "Share of the unknown class taken by hard negatives: speech and noise that the net takes for a "
         "keyword, mined before each epoch");
}

}  // namespace kwsd::train
