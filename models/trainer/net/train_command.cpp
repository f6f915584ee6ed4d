#include "models/trainer/net/train_command.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/model/error.h"
#include "engine/model/limits.h"
#include "models/trainer/data/options.h"
#include "models/trainer/net/checkpoint.h"
#include "models/trainer/net/training.h"

namespace kwsd::train {
namespace {

struct TrainArguments {
  DataOptions data;
  TrainOptions train;
  bool one_branch = false;
};

constexpr const char* network_group = "Network";

/// An option of the network that takes one of `names`, in the order of the enumeration.
template <class Enum>
void add_choice(CLI::App& c, const char* option, Enum& value, const char* type,
                const std::vector<std::string>& names, const char* help) {
  std::vector<std::pair<std::string, Enum>> pairs;
  for (std::size_t i = 0; i < names.size(); ++i) {
    pairs.emplace_back(names[i], static_cast<Enum>(i));
  }
  c.add_option(option, value, help)
      ->type_name(type)
      ->default_str(names[static_cast<std::size_t>(value)])
      ->transform(CLI::CheckedTransformer(pairs, CLI::ignore_case).description(""))
      ->group(network_group);
}

/// A model file holds the spectrum's layer and the linear one, too.
constexpr std::size_t most_convs = limits::conv_layers - 2;

/// CHANNELSxKERNEL/... or CHANNELSxTIMExFREQ/...
bool parse_conv(const std::string& text, ConvShape& s) {
  int end = 0;
  const auto whole = [&](int read, int wanted) {
    return read == wanted && static_cast<std::size_t>(end) == text.size();
  };
  if (whole(std::sscanf(text.c_str(), "%4dx%2d/%1dx%1d%n", &s.channels, &s.kernel_time, &s.stride_time,
                        &s.stride_freq, &end),
            4)) {
    s.kernel_freq = s.kernel_time;
    return s.kernel_time % 2 == 1;
  }
  return whole(std::sscanf(text.c_str(), "%4dx%2dx%2d/%1dx%1d%n", &s.channels, &s.kernel_time, &s.kernel_freq,
                           &s.stride_time, &s.stride_freq, &end),
               5);
}

std::vector<ConvShape> conv_shapes(const std::vector<std::string>& all) {
  std::vector<ConvShape> shapes;
  for (const std::string& text : all) {
    ConvShape s;
    const auto within = [](int value, int most) { return value >= 1 && value <= most; };
    if (!parse_conv(text, s) || !within(s.channels, 1024) || !within(s.kernel_time, 15) ||
        !within(s.kernel_freq, 15) || !within(s.stride_time, 8) || !within(s.stride_freq, 8)) {
      throw CLI::ValidationError(
          "--convs", "found '" + text +
                         "', expected CHANNELSxKERNEL/STRIDE_TIMExSTRIDE_FREQ, up to 1024, an odd number up "
                         "to 15, and strides up to 8; or CHANNELSxTIMExFREQ/... of any numbers up to 15");
    }
    shapes.push_back(s);
  }
  if (shapes.empty() || shapes.size() > most_convs) {
    throw CLI::ValidationError("--convs",
                               fmt::format("found {} convs, expected 1 to {}", shapes.size(), most_convs));
  }
  return shapes;
}

}  // namespace

void add_net_options(CLI::App& c, NetOptions& n) {
  n.spectrum = true;  // the most accurate for its cost (models/README.md); NetOptions is the paper's net
  n.convs = {{16, 5, 1, 2}, {32, 3, 2, 2}, {32, 3, 1, 1}, {32, 3, 2, 2}};
  const auto size = CLI::Range(1, 1024);
  add_choice(
      c, "--architecture", n.architecture, "NAME", architecture_names(),
      "fsmn, the D-FSMN that the daemon runs; conv, a teacher alone (its width: the channels of the first "
      "of --convs); for comparison fsmn-2015, vgg19, bc-resnet, audiomer");
  c.add_option("--width", n.width,
               "Channels of the first layer of the architectures for comparison [fsmn-2015 128, vgg19 64, "
               "bc-resnet 8, audiomer 4]")
      ->check(size)
      ->group(network_group);
  c.add_flag_callback(
       "--binary", [&n] { n.conv2 = n.linear = n.memory = n.pointwise = Kind::bit1; },
       "1-bit weights and activations in every layer but the first and the last, as the paper has them")
      ->group(network_group);
  c.add_option("--memory-size", n.memory_size, "C, channels of the residual stream")
      ->check(size)
      ->group(network_group);
  c.add_option("--hidden-size", n.hidden_size, "H, channels between the pointwise convs")
      ->check(size)
      ->group(network_group);
  c.add_option("--blocks", n.blocks, "FSMN blocks of the full branch")
      ->check(CLI::Range(1, 32))
      ->group(network_group);
  c.add_option("--steps", n.steps, "T, steps of one window")
      ->check(CLI::Range(1, 128))
      ->capture_default_str()
      ->group(network_group);
  c.add_flag("--spectrum,!--no-spectrum", n.spectrum,
             "A first layer that undoes the DCT: the convs slide over mel bands, not over coefficients [yes]")
      ->group(network_group);
  c.add_option_function<std::vector<std::string>>(
       "--convs", [&n](const std::vector<std::string>& all) { n.convs = conv_shapes(all); },
       "Convs of the front-end, CHANNELSxKERNEL/STRIDE_TIMExSTRIDE_FREQ each "
       "[16x5/1x2,32x3/2x2,32x3/1x1,32x3/2x2; the paper: 16x5/2x2,32x5/2x2]")
      ->type_name("LAYERS")
      ->delimiter(',')
      ->group(network_group);
  const auto add_kind = [&c](const char* option, Kind& kind, const char* help) {
    add_choice(c, option, kind, "KIND", kind_names(), help);
  };
  add_kind("--conv2", n.conv2, "Kind of all convs but the first: real, int8, bit1, bits2, bits4");
  add_kind("--linear", n.linear, "Kind of the linear layer");
  add_kind("--memory", n.memory, "Kind of the memory filters: real, int8, bit1");
  add_kind("--pointwise", n.pointwise, "Kind of the pointwise convs: real, bit1");
  add_choice(c, "--binarizer", n.binarizer, "NAME", binarizer_names(),
             "straight-through, bi-real, bnn, xnor, dorefa, ir-net, rad, or centred, the shipped models'");
}

void require_possible(const NetOptions& n) {
  const bool whole = n.architecture != Architecture::fsmn;
  const bool few_bits = n.pointwise != Kind::real && n.pointwise != Kind::bit1;
  if (whole && few_bits) {
    throw Error(ErrorKind::usage,
                "--pointwise: found int8 or few bits, expected real or bit1 (--binary) for this "
                "architecture");
  }
  if (n.architecture == Architecture::conv && n.is_binary()) {
    throw Error(ErrorKind::usage,
                "--architecture: conv has no 1-bit layers, expected fsmn, fsmn-2015, vgg19, bc-resnet "
                "or audiomer");
  }
  if (n.architecture == Architecture::bc_resnet && n.width % 2 != 0) {
    throw Error(ErrorKind::usage,
                fmt::format("--width: found {}, expected an even number for bc-resnet", n.width));
  }
}

namespace {

void add_recipe_options(CLI::App& c, TrainArguments& a) {
  TrainOptions& t = a.train;
  const std::string group = "Recipe";
  const auto share = between(0, 1);
  const auto weight = between(0, 1000);
  c.add_option("--epochs", t.epochs, "How often all clips are shown")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str()
      ->group(group);
  c.add_option("--stop-after", t.stop_after,
               "Stop after this epoch, to go on with --resume and other options")
      ->check(CLI::Range(1, 100000))
      ->group(group);
  c.add_option("--batch-size", t.batch.batch_size, "Windows per step")
      ->check(CLI::Range(2, 4096))
      ->capture_default_str()
      ->group(group);
  c.add_option("--stage-one", t.stage_one, "Share of the epochs with binary activations and real weights")
      ->check(share)
      ->capture_default_str()
      ->group(group);
  c.add_option("--learning-rate", t.learning_rate, "Of AdamW, at its highest")
      ->check(between(1e-9, 10))
      ->capture_default_str()
      ->group(group);
  c.add_option("--weight-decay", t.weight_decay, "Until the weights are binary")
      ->check(share)
      ->capture_default_str()
      ->group(group);
  c.add_flag("--one-branch", a.one_branch, "Train the full branch alone")->group(group);
  c.add_option("--dropout", t.net.dropout, "Before the classifier")->check(between(0, 0.9))->group(group);
  c.add_option("--mixup", t.mixup_chance, "Share of the batches that are mixed in pairs")
      ->check(share)
      ->capture_default_str()
      ->group(group);
  c.add_option("--label-smoothing", t.label_smoothing, "Of the wanted posteriors")
      ->check(share)
      ->capture_default_str()
      ->group(group);
  c.add_option("--word-weight", t.word_weight, "Weight of telling all words apart")
      ->check(weight)
      ->capture_default_str()
      ->group(group);
  c.add_option("--average", t.average_decay, "Decay of the average over steps")
      ->check(share)
      ->capture_default_str()
      ->group(group);
  c.add_option("--teacher", t.teachers, "Checkpoint of a full-precision net to distil from; may be repeated")
      ->type_name("FILE")
      ->group(group);
  c.add_option("--distill", t.distill, "Share of the logit distillation in the loss")
      ->check(share)
      ->capture_default_str()
      ->group(group);
  c.add_option("--temperature", t.temperature, "Of the logit distillation")
      ->check(between(0.01, 1000))
      ->capture_default_str()
      ->group(group);
  c.add_option("--hed", t.hed, "Weight of HED")->check(weight)->capture_default_str()->group(group);
  c.add_flag("!--plain-features", t.enhance,
             "HED without its enhancement: the features of the teacher's blocks as they are")
      ->group(group);
  c.add_option("--rad-weight", t.rad_weight, "Weight of the loss of --binarizer rad")
      ->check(weight)
      ->capture_default_str()
      ->group(group);
  c.add_option("--branch-weights", t.branch_weights, "Weights of the three branches")
      ->check(weight)
      ->expected(3)
      ->delimiter(',')
      ->capture_default_str()
      ->group(group);
  c.add_option(
       "--init", t.init,
       "Checkpoint to start from (default: the teacher); without options of the network, with the same one")
      ->type_name("FILE")
      ->group(group);
  c.add_option("--seed", t.batch.seed, "Of all that is random")->capture_default_str()->group(group);
  c.add_option("--threads", t.torch_threads, "Threads that compute")
      ->check(CLI::Range(1, 256))
      ->capture_default_str()
      ->group(group);
  c.add_option("--data-threads", t.batch.threads, "Threads that make batches")
      ->check(CLI::Range(1, 64))
      ->capture_default_str()
      ->group(group);
}

/// --negatives and --negative-share belong together, and hold features.
void require_negatives(const TrainArguments& a) {
  const bool share = a.train.batch.mix.negative_share > 0;
  if (share != (a.train.batch.negatives != nullptr)) {
    throw Error(ErrorKind::usage, share
                                      ? "--negative-share: found no --negatives, expected a file of negatives"
                                      : "--negatives: found --negative-share 0, expected a share of them");
  }
  if (share && a.train.net.takes_samples()) {
    throw Error(ErrorKind::usage, "--negatives: features, expected none for a net that takes samples");
  }
}

/// Whether an option sets the network's architecture.
bool shaped(const CLI::App& command) {
  const auto options = command.get_options(
      [](const CLI::Option* option) { return option->get_group() == network_group && option->count() > 0; });
  return !options.empty();
}

}  // namespace

std::string options_given(const CLI::App& command) {
  nlohmann::json recipe;
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() > 0) {
      recipe[option->get_name()] = option->results();
    }
  }
  return recipe.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void add_train_command(CLI::App& app) {
  const auto a = std::make_shared<TrainArguments>();
  CLI::App* c = app.add_subcommand("train", "Train a network; write a checkpoint and a log");
  add_data_options(*c, a->data);
  add_augment_options(*c, a->train.batch.augment, a->train.batch.mix);
  c->add_option_function<std::string>(
       "--negatives",
       [a](const std::string& file) {
         a->train.batch.negatives = std::make_shared<const Negatives>(load_negatives(file));
       },
       "Features of negatives (kwsd-train negatives), for --negative-share")
      ->type_name("FILE")
      ->group("Augmentation");
  c->add_option("--negative-share", a->train.batch.mix.negative_share,
                "Share of the unknown class taken by windows of --negatives, one in two of them mined before "
                "each epoch")
      ->check(between(0, 1))
      ->capture_default_str()
      ->group("Augmentation");
  add_net_options(*c, a->train.net);
  add_recipe_options(*c, *a);
  c->add_option("--out", a->train.out, "Checkpoint to write after each epoch")->type_name("FILE")->required();
  c->add_flag("--resume", a->train.resume, "Go on where the checkpoint stands");
  c->callback([a, c] {
    const Dataset dataset(a->data);
    std::fputs(dataset.summary().c_str(), stderr);
    if (!a->train.init.empty() && !shaped(*c)) {
      const double dropout = std::exchange(a->train.net, load_checkpoint(a->train.init).info.options).dropout;
      a->train.net.dropout = dropout;
    }
    NetOptions& net = a->train.net;
    require_possible(net);
    if (net.takes_samples() && a->train.batch.mix.hard_share > 0) {
      throw Error(ErrorKind::usage,
                  "--hard-share: hard negatives are looked for with features, expected 0 for a net "
                  "that takes samples");
    }
    require_negatives(*a);
    net.labels = static_cast<int>(dataset.labels().size());
    net.words = static_cast<int>(dataset.words().size());
    net.thin = !a->one_branch;
    a->train.recipe = options_given(*c);
    train(dataset, a->train);
  });
}

}  // namespace kwsd::train
