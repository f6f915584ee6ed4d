#include "models/trainer/word/word_command.h"

#include <memory>

#include "models/trainer/data/options.h"
#include "models/trainer/word/word.h"

namespace kwsd::train {

void add_word_command(CLI::App& app) {
  const auto o = std::make_shared<WordOptions>();
  CLI::App* c = app.add_subcommand(
      "word",
      "Make a model of a word or a phrase: voices, training, thresholds, card and report in one command");
  c->add_option("WORD", o->word, "What is said")->type_name("")->required();
  c->add_option(
       "FOLDER", o->folders,
       "Recordings of the word, or a folder with a folder of its name [./WORD where there is one; else "
       "synthetic voices alone say it]")
      ->type_name("");
  c->add_option("-o,--output", o->output,
                "Folder for the model, its card, its report and the state of the run")
      ->type_name("FOLDER")
      ->capture_default_str();
  c->add_option("--name", o->name, "Name of the model [the word, with '_' for blanks]")->type_name("NAME");
  c->add_option("--lang", o->language, "Of the voices, as espeak-ng names it")
      ->type_name("LANGUAGE")
      ->capture_default_str();
  c->add_option("--voices", o->voices, "How many synthetic people say the word [60; without recordings 240]")
      ->check(CLI::Range(1, 5000));
  c->add_option(
       "--data", o->data,
       "Folder of negatives: folders of other words, running speech (with transcripts, or files without "
       "folders), or noise (by its name); may be repeated")
      ->type_name("FOLDER");
  c->add_option("--mistakes", o->mistakes,
                "Folder of clips that an earlier model got wrong, as kwsd live keeps them: WORD/ was missed, "
                "not_WORD/ "
                "was detected")
      ->type_name("FOLDER");
  c->add_option("--per-hour", o->per_hour, "Wanted false accepts an hour")
      ->check(between(0, 1000))
      ->capture_default_str();
  c->add_option("--epochs", o->epochs, "Of the training [70; without recordings 24]")
      ->check(CLI::Range(1, 100000));
  c->add_option("--negative-share", o->negative_share,
                "Share of the windows without the word that come from the negatives of kwsd "
                "[0.75; without recordings 0]")
      ->check(between(0, 1));
  c->add_option("--seed", o->seed, "Of the training")->capture_default_str();
  c->add_flag("--quick", o->quick, "Few voices and three epochs: shows that all is there; the model is poor");
  c->add_option("--base", o->base, "Checkpoint to start from [base.pt beside the models]")->type_name("FILE");
  c->add_option("--threads", o->threads,
                "Threads for voices, batches and streams [those of the machine, at most 4]")
      ->check(CLI::Range(1, 64));
  c->add_option(
       "--install", o->install,
       "Where kwsd run -m NAME finds the model: user or system; a running service loads the model again")
      ->check(CLI::IsMember({"user", "system"}));
  c->callback([o] { make_word(*o); });
}

}  // namespace kwsd::train
