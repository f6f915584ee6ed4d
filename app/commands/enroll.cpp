// kwsd enroll: a model of a word from a few recordings, without training.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "app/base/atomic_file.h"
#include "app/base/log.h"
#include "app/base/words.h"
#include "app/commands/commands.h"
#include "app/commands/record.h"
#include "app/enroll/enroll.h"
#include "app/eval/clip_score.h"
#include "app/settings/config.h"
#include "app/settings/model_store.h"
#include "app/settings/options.h"
#include "app/settings/settings.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"
#include "engine/model/model_file.h"

namespace kwsd {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_clips = 200, few_clips = 5;

struct EnrollArguments {
  EnrollOptions enroll;
  std::vector<fs::path> clips;
  fs::path output, mistakes, negatives;
  std::string base = "base";
  int threads = 4;
  RecordOptions record;
};

std::vector<EnrollClip> recordings(const EnrollArguments& a) {
  std::vector<EnrollClip> clips;
  for (const fs::path& path : a.clips) {
    const std::vector<EnrollClip> more = read_clips(path);
    clips.insert(clips.end(), more.begin(), more.end());
  }
  if (clips.empty() || clips.size() > most_clips) {
    throw Error(ErrorKind::no_input, "found " + std::to_string(clips.size()) + " usable recordings of '" +
                                         printable(a.enroll.word) + "', expected 1 to " +
                                         std::to_string(most_clips) +
                                         ", one word each (kwsd record --from-file cuts them)");
  }
  return clips;
}

std::size_t right(const std::shared_ptr<const Spotter>& spotter, const std::vector<EnrollClip>& clips,
                  const std::string& word, bool is_word) {
  return static_cast<std::size_t>(std::count_if(clips.begin(), clips.end(), [&](const EnrollClip& clip) {
    return (score_clip(spotter, clip.samples, word).detections > 0) == is_word;
  }));
}

std::shared_ptr<const Spotter> spotter_of(const Model& model) {
  return std::make_shared<const Spotter>(
      std::vector<std::shared_ptr<const Model>>{std::make_shared<const Model>(model)},
      select_kernels("auto"));
}

/// What is right before and after, of clips that the new model was fitted to.
void compare(const EnrollArguments& a, const Mistakes& mistakes, const std::shared_ptr<const Spotter>& before,
             const Model& now) {
  const auto after = spotter_of(now);
  const auto line = [&](const char* what, const std::vector<EnrollClip>& clips, bool is_word) {
    if (!clips.empty()) {
      const std::string was =
          before ? ", " + std::to_string(right(before, clips, a.enroll.word, is_word)) + " before" : "";
      std::printf("%s: %zu of %zu right%s\n", what, right(after, clips, a.enroll.word, is_word), clips.size(),
                  was.c_str());
    }
  };
  line("missed before", mistakes.missed, true);
  line("false accepts before", mistakes.wrong, false);
}

/// How sure the model is, and when more recordings would help: tests/FIGURES.md, "A word from a few
/// recordings".
void advise(const std::vector<EnrollClip>& clips, const std::vector<bool>& found) {
  const auto sure = static_cast<std::size_t>(std::count(found.begin(), found.end(), true));
  if (!found.empty()) {
    std::printf(
        "each recording left out in turn: %zu of %zu found by a model of the others; expect the same share "
        "of "
        "this voice's words\n",
        sure, found.size());
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) {
      std::printf("not found: %s\n", printable(clips[i].name).c_str());
    }
  }
  if (clips.size() < few_clips) {
    std::printf("more recordings would help: %zu or more, at other distances and paces\n",
                few_clips - clips.size());
  } else if (sure + sure / 10 < found.size()) {
    std::printf(
        "more recordings of the same voice would change little; a longer word, or more false accepts "
        "(--per-hour), would help\n");
  } else {
    std::printf("more recordings of the same voice would change little\n");
  }
  std::printf("other voices are missed more often: add recordings of everybody who is to be understood\n");
}

void tell(const EnrollArguments& a, const Enrolled& enrolled, const std::vector<EnrollClip>& clips) {
  std::printf(
      "thresholds %.2f, %.2f, %.2f (full, half, quarter): %.1f false accepts an hour in %.2f h of other "
      "people's "
      "talk\n",
      static_cast<double>(enrolled.model.branches[0].thresholds[0]),
      static_cast<double>(enrolled.model.branches[1].thresholds[0]),
      static_cast<double>(enrolled.model.branches[2].thresholds[0]), enrolled.false_accepts_per_hour[0],
      enrolled.negative_hours);
  advise(clips, enrolled.found_left_out);
  std::printf("%s: written; kwsd run -m %s\n", a.output.c_str(), a.output.c_str());
}

fs::path default_output(const std::string& name) {
  const fs::path folder = user_model_folder();
  return (folder.empty() ? fs::path(".") : folder) / (name + ".kwsm");
}

int run(EnrollArguments& a) {
  check_keyword(a.enroll.word, "WORD");
  a.enroll.name = a.output.empty() ? a.enroll.word : a.output.stem().string();
  std::replace_if(
      a.enroll.name.begin(), a.enroll.name.end(), [](char c) { return c == ' ' || c == '\''; }, '_');
  if (!is_name(a.enroll.name)) {
    throw Error(ErrorKind::usage, "--output: found the name '" + printable(a.enroll.name) + "', expected " +
                                      std::string(name_expected));
  }
  a.output = a.output.empty() ? default_output(a.enroll.name) : a.output;
  const auto base = std::make_shared<const Model>(load_model(find_model(a.base)));
  Negatives negatives =
      load_negatives(a.negatives.empty() ? find_beside_models("negatives.kwsn") : a.negatives);
  if (a.clips.empty()) {
    a.record.word = a.enroll.word;
    record_words(a.record);
    a.clips.push_back(fs::path(a.record.dir) / a.enroll.word);
  }
  std::vector<EnrollClip> clips = recordings(a);
  const Mistakes mistakes = read_mistakes(a.mistakes, a.enroll.word);
  clips.insert(clips.end(), mistakes.missed.begin(), mistakes.missed.end());
  for (const EnrollClip& wrong : mistakes.wrong) {
    add_negative(negatives, wrong.samples);
  }
  std::shared_ptr<const Spotter> before;
  if (fs::exists(a.output)) {
    before = spotter_of(load_model(a.output));
  }
  std::printf("%s: %zu recording%s\n", a.enroll.word.c_str(), clips.size(), clips.size() == 1 ? "" : "s");
  std::fflush(stdout);
  const Enrolled enrolled =
      Enroller(base, select_kernels("auto"), negatives, static_cast<unsigned>(a.threads))
          .enroll(clips, a.enroll);
  const std::vector<std::byte> bytes = serialize_model(enrolled.model);
  AtomicFile file(a.output);
  file.write(bytes.data(), bytes.size());
  file.commit();
  compare(a, mistakes, before, enrolled.model);
  tell(a, enrolled, clips);
  return 0;
}

}  // namespace

void add_enroll_command(CLI::App& app, Command& selected) {
  CLI::App* command =
      app.add_subcommand("enroll", "Make a model of a word from 3 to 10 recordings, in seconds");
  const auto a = std::make_shared<EnrollArguments>();
  command->add_option("WORD", a->enroll.word, "What is said")->type_name("")->required();
  command
      ->add_option(
          "RECORDING", a->clips,
          "Recordings of one word each, or folders of them; without any, the microphone records --count")
      ->type_name("PATH");
  command->add_option("-o,--output", a->output, "Model to write; default: WORD.kwsm among your own models")
      ->type_name("FILE");
  command
      ->add_option(
          "--mistakes", a->mistakes,
          "Folder of clips that the present model got wrong, as kwsd live keeps them: WORD/ was missed, "
          "not_WORD/ was detected")
      ->type_name("DIR");
  command->add_option("--per-hour", a->enroll.per_hour, "Wanted false accepts an hour")
      ->check(CLI::Range(0.0, 1000.0))
      ->check(CLI::Validator(check_number, ""));
  command->add_option("--count", a->record.count, "How many recordings the microphone makes")
      ->check(CLI::Range(1, 100))
      ->default_val(5);
  command->add_option("--dir", a->record.dir, "Where they go: DIR/WORD/<speaker>_nohash_<n>.wav")
      ->type_name("DIR");
  command->add_option("--base", a->base, "Base network, whose embedding tells the word from others")
      ->type_name("MODEL");
  command
      ->add_option("--negatives", a->negatives,
                   "Other people's talk; default: negatives.kwsn beside the models")
      ->type_name("FILE");
  command->add_option("--threads", a->threads, "Threads that compute")->check(CLI::Range(1, 64));
  const auto settings = std::make_shared<RunOptions>();
  add_settings(*command, *settings, {"input", "channel", "log-level"});
  add_config_option(*command);
  command->callback([&selected, a, settings, command] {
    selected = [a, settings, command] {
      load_config(*command);
      set_up_log(settings->log_level);
      a->record.input = settings->input;
      return run(*a);
    };
  });
}

}  // namespace kwsd
