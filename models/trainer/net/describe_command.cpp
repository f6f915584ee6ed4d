// kwsd-train describe: prints the size of a network before it is trained.
#include <cstdio>
#include <filesystem>
#include <memory>

#include "app/base/atomic_file.h"
#include "models/trainer/net/checkpoint.h"
#include "models/trainer/net/describe.h"
#include "models/trainer/net/train_command.h"

namespace kwsd::train {
namespace {

struct DescribeArguments {
  NetOptions net;
  InputSize input;
  bool one_branch = false;
  std::filesystem::path checkpoint, json;
};

void run_describe(DescribeArguments& a) {
  if (a.checkpoint.empty()) {
    a.net.thin = !a.one_branch;
    require_possible(a.net);
  } else {
    a.net = load_checkpoint(a.checkpoint).info.options;
  }
  const Description description = describe(a.net, a.input);
  std::fputs(to_markdown(description).c_str(), stdout);
  if (!a.json.empty()) {
    const std::string text = to_json(description) + "\n";
    AtomicFile file(a.json);
    file.write(text.data(), text.size());
    file.commit();
  }
}

}  // namespace

void add_describe_command(CLI::App& app) {
  const auto a = std::make_shared<DescribeArguments>();
  CLI::App* c =
      app.add_subcommand("describe", "Shapes, parameters and multiply-adds of a network, as Markdown");
  add_net_options(*c, a->net);
  c->add_flag("--one-branch", a->one_branch, "The full branch alone");
  c->add_option("--labels", a->net.labels, "Keywords, unknown and silence")
      ->check(CLI::Range(3, 256))
      ->capture_default_str();
  c->add_option("--coefficients", a->net.coefficients, "Of a frame")
      ->check(CLI::Range(8, 256))
      ->capture_default_str();
  c->add_option("--frames", a->input.frames,
                "Of a window, where the architecture leaves the choice [as trained]")
      ->check(CLI::Range(1, 10000));
  c->add_option("--samples", a->input.samples, "Of a window, for audiomer, before its rate is halved")
      ->check(CLI::Range(1024, 1000000))
      ->capture_default_str();
  c->add_option("--checkpoint", a->checkpoint, "The network of a checkpoint, and not that of the options")
      ->type_name("FILE");
  c->add_option("--json", a->json, "File to write the same to, as JSON")->type_name("FILE");
  c->callback([a] { run_describe(*a); });
}

}  // namespace kwsd::train
