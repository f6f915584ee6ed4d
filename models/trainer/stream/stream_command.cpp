#include "models/trainer/stream/stream_command.h"

#include <cstdio>
#include <memory>

#include "models/trainer/data/options.h"
#include "models/trainer/net/train_command.h"
#include "models/trainer/second/transfer.h"
#include "models/trainer/stream/stream_training.h"

namespace kwsd::train {
namespace {

struct StreamArguments {
  DataOptions data;
  StreamTrainOptions train;
};

void add_stream_options(CLI::App& c, StreamOptions& s) {
  const std::string group = "Streams";
  const auto share = [&](const char* name, double& value, const char* help) {
    c.add_option(name, value, help)->check(between(0, 1))->group(group)->capture_default_str();
  };
  c.add_option("--seconds", s.seconds, "Length of a training stream")
      ->check(between(1, 30))
      ->group(group)
      ->capture_default_str();
  share("--keyword-streams", s.keyword_share, "Streams with keywords among speech, words or silence");
  share("--speech-streams", s.speech_share, "Streams of running speech alone");
  share("--empty-streams", s.empty_share, "Streams without a voice; the rest: words that are no keywords");
  share("--keyword-items", s.keyword_items, "Keywords among what is said in a stream with keywords");
  share("--cut-share", s.cut_share, "Keywords that come from --cut-words, where there are any");
  share("--gate-chance", s.gate_chance, "How often quiet parts are muted, as noise suppression does");
  share("--burst-chance", s.burst_chance,
        "Without a keyword: how often only bursts get through, as echo does");
  share("--telephone-chance", s.telephone_chance, "How often nothing above 3.7 kHz is left");
  share("--digital-silence-chance", s.digital_silence_chance, "How often pauses are exact zeros");
}

void add_recipe_options(CLI::App& c, StreamTrainOptions& t) {
  const std::string group = "Recipe";
  const auto count = [&](const char* name, auto& value, int low, int high, const char* help) {
    c.add_option(name, value, help)->check(CLI::Range(low, high))->group(group)->capture_default_str();
  };
  const auto number = [&](const char* name, double& value, double low, double high, const char* help) {
    c.add_option(name, value, help)->check(between(low, high))->group(group)->capture_default_str();
  };
  count("--epochs", t.epochs, 1, 100000, "Epochs, each of --epoch-steps");
  count("--epoch-steps", t.epoch_steps, 1, 1000000, "Steps between two checkpoints");
  count("--stop-after", t.stop_after, 1, 100000, "Stop after this epoch, to go on with --resume");
  count("--batch-size", t.batch_size, 2, 4096, "Streams per step");
  count("--replayed", t.replayed, 0, 4096, "Hard streams without a keyword that each step shows again");
  number("--stage-one", t.stage_one, 0, 1, "Share of the epochs with binary activations and real weights");
  number("--learning-rate", t.learning_rate, 1e-9, 10, "Of AdamW, at its highest");
  number("--weight-decay", t.weight_decay, 0, 1, "Until the weights are binary");
  number("--average", t.average_decay, 0, 1, "Decay of the average over steps");
  number("--dropout", t.net.dropout, 0, 0.9, "Before the classifier");
  number("--hit-weight", t.loss.hit, 0, 1000, "Weight of being sure once of each keyword");
  number("--negative-weight", t.loss.negative, 0, 1000, "Weight of the hardest steps of what is no keyword");
  c.add_option("--branch-weights", t.branch_weights, "Weights of the three branches")
      ->check(between(0, 1000))
      ->expected(3)
      ->delimiter(',')
      ->capture_default_str()
      ->group(group);
  c.add_option("--init", t.init, "Checkpoint to start from: what fits is taken over")
      ->type_name("FILE")
      ->group(group);
  c.add_option("--seed", t.seed, "Of all that is random")->capture_default_str()->group(group);
  count("--threads", t.torch_threads, 1, 256, "Threads that compute");
  count("--data-threads", t.data_threads, 1, 64, "Threads that make streams");
}

}  // namespace

void add_train_second_command(CLI::App& app) {
  const auto a = std::make_shared<StreamArguments>();
  const auto widths = std::make_shared<std::vector<int>>(second_widths.begin(), second_widths.end());
  StreamTrainOptions& t = a->train;
  CLI::App* c = app.add_subcommand(
      "train-second", "Train the second stage of a streaming model; leaves a checkpoint and its log");
  static MixOptions mix;
  add_data_options(*c, a->data);
  add_augment_options(*c, t.augment, mix);
  add_stream_options(*c, t.streams);
  add_recipe_options(*c, t);
  const std::string group = "Second stage";
  c->add_option("--widths", *widths,
                "Channels of the stem, of the trunk at 16, 8 and 4 bands, and of the last conv")
      ->check(CLI::Range(1, 96))
      ->expected(5)
      ->delimiter(',')
      ->capture_default_str()
      ->group(group);
  c->add_option("--steps", t.net.steps, "Steps of 48 ms that the classifier sees")
      ->check(CLI::Range(1, 64))
      ->capture_default_str()
      ->group(group);
  c->add_option("--embedding", t.embedding,
                "Folder of the speech embedding that the net starts and learns from")
      ->type_name("FOLDER")
      ->group(group);
  c->add_flag("!--no-transfer", t.transfer, "Learn from the embedding, but start from random weights")
      ->group(group);
  c->add_option("--vector-weight", t.vector_weight, "Weight of the difference from the embedding's vectors")
      ->check(between(0, 1000))
      ->capture_default_str()
      ->group(group);
  c->add_option("--stem-steps", t.stem_steps, "First steps, which train the first two convs alone")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str()
      ->group(group);
  c->add_option("--frozen-convs", t.frozen_convs, "First convs that do not change after --stem-steps")
      ->check(CLI::Range(0, 20))
      ->capture_default_str()
      ->group(group);
  c->add_flag_callback(
       "--int8",
       [&net = t.net] {
         net.conv2 = net.linear = Kind::int8;
         net.pointwise = Kind::bit1;
       },
       "Layers rounded as the daemon computes them; without this option, in full precision")
      ->group(group);
  c->add_option("--out", t.out, "Checkpoint to write after each epoch")->type_name("FILE")->required();
  c->add_flag("--resume", t.resume, "Go on where the checkpoint stands");
  c->callback([a, c, widths] {
    const Dataset dataset(a->data);
    std::fputs(dataset.summary().c_str(), stderr);
    NetOptions& net = a->train.net;
    net.labels = static_cast<int>(dataset.labels().size());
    net.words = net.blocks = 0;
    net.memory_size = net.hidden_size = widths->back();
    net.spectrum = net.causal = true;
    net.thin = false;
    SecondWidths of_layers{};
    std::copy(widths->begin(), widths->end(), of_layers.begin());
    net.convs = second_convs(of_layers);
    a->train.keyword_balance = mix.keyword_balance;
    a->train.recipe = options_given(*c);
    train_streams(dataset, a->train);
  });
}

void add_train_streams_command(CLI::App& app) {
  const auto a = std::make_shared<StreamArguments>();
  CLI::App* c = app.add_subcommand("train-streams",
                                   "Train a causal network over streams; leaves a checkpoint and its log");
  static MixOptions mix;  // of windows: only the balance of the keywords counts here
  add_data_options(*c, a->data);
  add_augment_options(*c, a->train.augment, mix);
  add_net_options(*c, a->train.net);
  a->train.net.convs = {{16, 5, 1, 2}, {32, 3, 2, 2}, {32, 3, 1, 1}, {32, 3, 1, 2}};  // a step every 48 ms
  add_stream_options(*c, a->train.streams);
  add_recipe_options(*c, a->train);
  c->add_option("--out", a->train.out, "Checkpoint to write after each epoch")->type_name("FILE")->required();
  c->add_flag("--resume", a->train.resume, "Go on where the checkpoint stands");
  c->callback([a, c] {
    const Dataset dataset(a->data);
    std::fputs(dataset.summary().c_str(), stderr);
    NetOptions& net = a->train.net;
    net.labels = static_cast<int>(dataset.labels().size());
    net.words = 0;
    net.causal = true;
    a->train.keyword_balance = mix.keyword_balance;
    a->train.recipe = options_given(*c);
    train_streams(dataset, a->train);
  });
}

}  // namespace kwsd::train
