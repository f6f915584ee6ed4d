#include "models/trainer/negatives/negatives_command.h"

#include <spdlog/spdlog.h>

#include <memory>

#include "app/base/atomic_file.h"
#include "app/settings/model_store.h"
#include "engine/model/error.h"
#include "engine/model/model_file.h"
#include "models/trainer/data/options.h"
#include "models/trainer/negatives/mine.h"

namespace kwsd::train {
namespace {

struct Arguments {
  MineOptions mine;
  std::filesystem::path output;
  std::string model = "base";
  std::vector<std::string> licences;
};

void add_collections(CLI::App& app, Arguments& a, const std::string& option, bool noise, bool words,
                     const std::string& help) {
  app.add_option_function<std::vector<std::string>>(
         option,
         [&a, option, noise, words](const std::vector<std::string>& all) {
           for (const std::string& one : all) {
             const auto [name, folder] = name_and_folder(option, one, "NAME=FOLDER");
             a.mine.collections.push_back({name, "", folder, noise, words});
           }
         },
         help + "; may be repeated")
      ->type_name("NAME=FOLDER");
}

void take_licences(Arguments& a) {
  for (const std::string& text : a.licences) {
    const auto at = text.find('=');
    const auto found = std::find_if(a.mine.collections.begin(), a.mine.collections.end(),
                                    [&](const MinedCollection& c) { return c.name == text.substr(0, at); });
    if (at == std::string::npos || found == a.mine.collections.end() ||
        text.size() - at - 1 > most_licence_bytes) {
      throw Error(ErrorKind::usage,
                  "--licence: found '" + text + "', expected NAME=TEXT with the name of a collection");
    }
    found->licence = text.substr(at + 1);
  }
}

void run(Arguments& a) {
  take_licences(a);
  if (a.mine.collections.empty()) {
    throw Error(ErrorKind::usage, "negatives: expected at least one of --speech, --words and --noise");
  }
  const auto base = std::make_shared<const Model>(load_model(find_model(a.model)));
  const Negatives negatives = mine(base, a.mine);
  const std::vector<std::byte> bytes = serialize_negatives(negatives);
  AtomicFile file(a.output);
  file.write(bytes.data(), bytes.size());
  file.commit();
  spdlog::info("{}: {} bytes, {} runs", a.output.string(), bytes.size(), negatives.runs.size());
}

}  // namespace

void add_negatives_command(CLI::App& app) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* c = app.add_subcommand("negatives",
                                   "Search recordings for what a base network takes for its words; write "
                                   "features of it and of other talk");
  add_collections(*c, *a, "--speech", false, false, "running speech, with transcripts where there are any");
  add_collections(*c, *a, "--words", false, true,
                  "a folder for each word; listed validation and test clips are left out");
  add_collections(*c, *a, "--noise", true, false, "noise without voices");
  c->add_option("--licence", a->licences, "Licence and source of a collection; may be repeated")
      ->type_name("NAME=TEXT");
  c->add_option("-m,--model", a->model, "Base network, by name or path")
      ->type_name("MODEL")
      ->capture_default_str();
  c->add_option("-o,--output", a->output, "File to write")->type_name("FILE")->required();
  c->add_option("--bytes", a->mine.bytes, "Most bytes of features")
      ->check(CLI::Range(1024, 15 << 20))
      ->capture_default_str();
  c->add_option("--most", a->mine.most_recordings,
                "Recordings of a collection that are searched, drawn at random")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  c->add_option("--hard-share", a->mine.hard_share, "Of each collection's share: hard windows")
      ->check(between(0, 1))
      ->capture_default_str();
  c->add_option("--seed", a->mine.seed, "Of what is drawn")->capture_default_str();
  c->add_option("--threads", a->mine.threads, "Recordings searched at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  c->callback([a] { run(*a); });
}

}  // namespace kwsd::train
