// What the cost check counts: every kernel of every set on the shapes of the shipped models, then whole
// windows. Each region is announced by a line on stdout and runs between the two markers that the plugin
// a53_trace looks for. Everything ran once before it is counted.
//
//   cost_program [--windows] [--only TEXT] [SET ...]
//
// Windows are those of a random model of the shape of the shipped ones. --windows adds more of them; TEXT is
// a part of the names of the regions wanted.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "app/bench/float_net.h"
#include "app/bench/staged_net.h"
#include "engine/kernels/bit_rows.h"
#include "engine/model/model_file.h"
#include "engine/nn/second_stage.h"
#include "tests/support/random_model.h"

extern "C" {
[[gnu::noinline]] void kwsd_cost_begin() {
  asm volatile("" ::: "memory");
}
[[gnu::noinline]] void kwsd_cost_end() {
  asm volatile("" ::: "memory");
}
}

namespace kwsd {
namespace {

std::size_t size(int n) {
  return static_cast<std::size_t>(n);
}

std::string only;  // --only

template <class F>
void region(const std::string& name, F f) {
  if (name.find(only) == std::string::npos) {
    return;
  }
  f();
  std::printf("%s\n", name.c_str());
  std::fflush(stdout);
  kwsd_cost_begin();
  f();
  kwsd_cost_end();
}

/// A product's operands: any bits do, the kernels do not look at them.
struct Bits {
  Bits(const Kernels& set, int outputs, int inputs, int steps)
      : t(steps), weights(set.prepare_bits(test::random_bits(1, outputs, inputs))) {
    const BitMatrix rows = test::random_bits(2, steps, inputs);
    a.assign(rows.words.begin(), rows.words.end());
    dots.resize(size(outputs * steps));
    out.resize(size(steps * BitMatrix::row_words_for(outputs)));
    residual.resize(size(outputs * residual_stride(steps)));
    std::vector<std::int16_t> at_least(size(outputs));
    thresholds = set.prepare_thresholds(at_least, inputs);
    affine.shift = 4;
    affine.channels.assign(size(outputs), ChannelAffine{20000, 100, 8000, 5});
  }
  int t;
  BitLayer weights;
  Prepared thresholds;
  Affine affine;
  AlignedVector<std::uint64_t> a, out;
  AlignedVector<std::int16_t> dots, residual;
};

std::string shape(int outputs, int inputs, int steps) {
  return " K=" + std::to_string(inputs) + " N=" + std::to_string(outputs) + " T=" + std::to_string(steps);
}

void bit_kernels(const Kernels& set, int outputs, int inputs, int steps) {
  Bits x(set, outputs, inputs, steps);
  const std::string prefix = std::string(set.name) + " ";
  const std::string suffix = shape(outputs, inputs, steps);
  region(prefix + "bit_dots" + suffix, [&] { set.bit_dots(x.weights, {x.a.data(), x.t}, x.dots.data()); });
  region(prefix + "expand" + suffix, [&] {
    set.expand(x.weights, x.thresholds, {x.a.data(), x.t}, x.out.data());
  });
  region(prefix + "project" + suffix, [&] {
    set.project(x.weights, x.affine, {x.a.data(), x.t}, x.residual.data());
  });
}

void memory_kernels(const Kernels& set, int channels, int steps) {
  Bits x(set, channels, channels, steps);
  AlignedVector<std::int16_t> taps(size(channels * 8), 1000);
  const std::string suffix = " C=" + std::to_string(channels) + " T=" + std::to_string(steps);
  region(std::string(set.name) + " memory" + suffix, [&] {
    set.memory({taps.data(), x.affine}, {x.residual.data(), channels, steps}, x.out.data());
  });
  region(std::string(set.name) + " signs" + suffix, [&] {
    set.signs({x.residual.data(), channels, steps}, taps.data(), x.out.data());
  });
}

/// The new steps of a stream.
void row_kernels(const Kernels& set, int channels, int hidden, int steps) {
  const Bits x(set, channels, hidden, steps);
  const std::vector<std::int8_t> taps(size(channels * row_filter_taps), 60);
  const RowFilter filter = prepare_row_filter(taps, x.affine, 0);
  const RowAffine affine = prepare_row_affine(x.affine);
  AlignedVector<std::int16_t> values(size((2 * steps + 4) * row_lanes(channels)));
  std::vector<std::int16_t*> rows;
  for (int i = 0; i < 2 * steps + 4; ++i) {
    rows.push_back(values.data() + i * row_lanes(channels));
  }
  AlignedVector<std::uint64_t> bits(size(steps * BitMatrix::row_words_for(channels)));
  AlignedVector<std::int8_t> bytes(size(row_lanes(channels)));
  const std::string prefix = std::string(set.name) + " ";
  const std::string suffix = " C=" + std::to_string(channels) + " T=" + std::to_string(steps);
  region(prefix + "memory_rows" + suffix,
         [&] { set.memory_rows(filter, rows.data(), steps, rows.data() + steps + 4, bits.data()); });
  region(prefix + "project_rows" + shape(channels, hidden, steps), [&] {
    set.project_rows(x.weights, affine, {x.a.data(), steps}, rows.data());
  });
  if (steps == 1) {
    region(prefix + "quantize_row C=" + std::to_string(channels),
           [&] { set.quantize_row(affine, rows[0], bytes.data()); });
  }
}

void int8_kernel(const Kernels& set, int outputs, int inputs, int rows, int largest) {
  std::vector<std::int8_t> weights(size(outputs * inputs));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = static_cast<std::int8_t>(i % 2 == 0 ? largest : -largest);
  }
  const Int8Layer prepared = set.prepare_int8(weights, outputs, inputs);
  const int stride = (inputs + 15) / 16 * 16;
  AlignedVector<std::int8_t> a(size(rows * stride), 3);
  AlignedVector<std::int32_t> acc(size(rows * outputs));
  region(std::string(set.name) + " int8_dots" + shape(outputs, inputs, rows) +
             " |w|<=" + std::to_string(largest),
         [&] {
           set.int8_dots(prepared, {a.data(), stride, rows}, acc.data());
         });
}

void activation_kernels(const Kernels& set, int channels, int positions) {
  const int count = channels * positions;
  AlignedVector<std::int16_t> constants(size(channels), 1000), values(size(count));
  AlignedVector<std::int32_t> acc(size(count), 5000);
  AlignedVector<std::int8_t> bytes(size(count));
  const std::string suffix = shape(channels, 1, positions);
  const std::string prefix = std::string(set.name) + " ";
  region(prefix + "activate" + suffix, [&] {
    set.activate({constants.data(), constants.data(), constants.data(), channels, -4}, acc.data(), positions,
                 values.data());
  });
  region(prefix + "narrow" + suffix, [&] { set.narrow(values, 3, bytes.data()); });
}

void quantize_kernel(const Kernels& set, int channels, int steps) {
  const Bits x(set, channels, channels, steps);
  AlignedVector<std::int8_t> flat(size(channels * steps));
  region(std::string(set.name) + " quantize C=" + std::to_string(channels) + " T=" + std::to_string(steps),
         [&] {
           set.quantize(x.affine, {x.residual.data(), channels, steps}, flat.data());
         });
}

/// Two steps, as a hop of one stream has, and 16, as hops of eight streams would have, in one call.
void batches(const Kernels& set) {
  for (const int steps : {2, 16}) {
    int8_kernel(set, 128, 256, steps, 127);
    int8_kernel(set, 12, 1024, steps, 127);
    if (set.name != "a76") {
      Bits x(set, 256, 128, steps);
      region(std::string(set.name) + " expand" + shape(256, 128, steps), [&] {
        set.expand(x.weights, x.thresholds, {x.a.data(), steps}, x.out.data());
      });
    }
  }
  if (set.name != "a76") {
    row_kernels(set, 128, 256, 16);
  }
}

/// Stands for a published kernel, and has products and new steps of its own alone.
bool published(const Kernels& set) {
  return set.name == "dabnn" || set.name == "bolt" || set.name == "fbck";
}

void kernels(const Kernels& set) {
  if (set.name != "a76") {  // which has all but the int8 layers of neon
    bit_kernels(set, 256, 128, 8);
    bit_kernels(set, 128, 256, 8);
    for (int steps = 1; steps <= 4; ++steps) {
      row_kernels(set, 128, 256, steps);
    }
  }
  if (!published(set)) {
    batches(set);
  }
  if (set.name == "neon" || set.name == "a76") {
    int8_kernel(set, 16, 25, 32, 127);
    int8_kernel(set, 32, 400, 8, 127);
    int8_kernel(set, 128, 256, 1, 127);
    int8_kernel(set, 12, 1024, 1, 127);
  }
  if (set.name != "a53") {
    return;  // the other sets are there to compare with
  }
  for (const int steps : {1, 3, 7}) {
    bit_kernels(set, 256, 128, steps);
    bit_kernels(set, 128, 256, steps);
  }
  bit_kernels(set, 64, 32, 8);
  bit_kernels(set, 32, 64, 8);
  bit_kernels(set, 32, 400, 8);
  memory_kernels(set, 128, 8);
  memory_kernels(set, 32, 8);
  for (const int largest : {127, 63, 31}) {
    int8_kernel(set, 16, 25, 32, largest);
    int8_kernel(set, 32, 400, 8, largest);
    int8_kernel(set, 128, 256, 1, largest);
  }
  int8_kernel(set, 12, 1024, 1, 127);
  activation_kernels(set, 16, 32);
  activation_kernels(set, 32, 8);
  quantize_kernel(set, 128, 8);
}

constexpr BranchId branches[] = {BranchId::full, BranchId::half, BranchId::quarter};
const test::RandomModelOptions two_bits{.conv2 = LayerKind::bitn,
                                        .linear = LayerKind::bitn,
                                        .planes = 2};  // as in the BiFSMN paper, but for conv1

void windows_in_a_stream(StagedNet& window, const std::string& name) {
  for (const BranchId branch : branches) {
    region(name + branch_name(branch), [&] { window.run_in_stream(branch); });
  }
}

/// From samples to posteriors: the stages of the full branch in a stream.
void hop(StagedNet& window, const std::string& name, BranchId branch = BranchId::full) {
  const auto hop_ms = static_cast<int>(std::lround(1e3 * window.hop_seconds()));
  for (std::size_t s = 0; s < stage_names.size(); ++s) {
    region(name + "hop of " + std::to_string(hop_ms) + " ms, " + branch_name(branch) + ": " +
               std::string(stage_names[s]),
           [&] { window.run(static_cast<Stage>(s), branch); });
  }
}

Model shipped_model() {
  return load_model(KWSD_SOURCE "/models/commands-window.kwsm");
}

/// Windows in a stream, and hops of a random model and of the one that ships.
void windows(const Kernels& set) {
  const Model two_bit_model = test::random_model(1, two_bits);
  const auto two_bit_window_net = make_staged_net(two_bit_model, set);
  StagedNet& two_bit_window = *two_bit_window_net;
  windows_in_a_stream(two_bit_window, std::string(set.name) + " window in a stream, 2-bit front-end, ");
  const Model model = test::random_model(1, {});
  const auto window_net = make_staged_net(model, set);
  StagedNet& window = *window_net;
  windows_in_a_stream(window, std::string(set.name) + " window in a stream, ");
  hop(window, std::string(set.name) + " ");
  const Model shipped = shipped_model();
  const auto shipped_window_net = make_staged_net(shipped, set);
  StagedNet& shipped_window = *shipped_window_net;
  hop(shipped_window, std::string(set.name) + " commands, ");
}

/// The shape of streaming models: 12 blocks, a step every 48 ms; the front-end of the model that ships, or a
/// narrow one.
Model streaming_model(bool narrow) {
  Model model = test::random_model(1, test::streaming_options());
  if (!narrow) {
    Model shipped = shipped_model();
    ConvLayer& last_conv = shipped.front_end[shipped.front_end.size() - 2];
    last_conv.stride_time = 1;
    model.features = shipped.features;
    model.front_end = shipped.front_end;
  }
  return model;
}

void streams(const Kernels& set) {
  for (const bool narrow : {false, true}) {
    const Model model = streaming_model(narrow);
    const auto stream = make_staged_net(model, set);
    const std::string name =
        std::string(set.name) + (narrow ? " streaming, narrow front-end, " : " streaming, ");
    for (const BranchId branch : branches) {
      hop(*stream, name, branch);
    }
    windows_in_a_stream(*stream, name + "next hop of the ");
    region(name + "a change to full", [&] { stream->run_whole(BranchId::full); });
  }
}

/// The second stage of a model that has one: the window that it computes when its gate opens, and that of the
/// next step, 48 ms later.
void second_stage(const Kernels& set) {
  const Model model = load_model(KWSD_SOURCE "/models/commands.kwsm");
  const Network network(std::make_shared<const Model>(model.second->net), set);
  SecondStageStream stream(model, network, nullptr);
  const std::vector<std::int8_t> frame(model.features.coefficients, 3);
  std::vector<float> values(model.labels.size());
  std::int64_t frames = 0;
  const auto after = [&](int count) {
    for (int i = 0; i < count; ++i) {
      stream.push_frame(frame);
    }
    frames += count;
    std::fill(values.begin(), values.end(), 0.1F);  // above the gate together
    Posteriors first{frames, {}, values};
    stream.apply(first);
  };
  const std::string name = std::string(set.name) + " second stage of commands, ";
  region(name + "the gate opens", [&] { after(network.model().window_frames()); });
  region(name + "the next step", [&] { after(2); });
}

/// For the comparison with the published kernels (neon/README.md): whole windows, and the next one in a
/// stream.
void compared_windows(const Kernels& set) {
  const Model model = test::random_model(1, {});
  const auto net = make_staged_net(model, set);
  for (const BranchId branch : branches) {
    region(std::string(set.name) + " whole window, " + branch_name(branch), [&] { net->run_whole(branch); });
  }
  if (published(set)) {  // windows() has those of the others
    windows_in_a_stream(*net, std::string(set.name) + " window in a stream, ");
  }
}

/// The new steps of the front-end of the model that ships.
void front_end_of_hop(const Kernels& set) {
  const Model shipped = shipped_model();
  const auto net = make_staged_net(shipped, set);
  region(std::string(set.name) + " commands, front_end of a hop",
         [&] { net->run(Stage::front_end, BranchId::full); });
}

/// Windows of which nothing is known, and other kinds of front-ends.
void more_windows(const Kernels& set) {
  const Model shipped = shipped_model();
  const auto shipped_window_net = make_staged_net(shipped, set);
  StagedNet& shipped_window = *shipped_window_net;
  windows_in_a_stream(shipped_window, std::string(set.name) + " commands, window in a stream, ");
  const std::pair<const char*, test::RandomModelOptions> kinds[] = {
      {"int8", {}}, {"2-bit", two_bits}, {"int8, 4-bit linear", {.linear = LayerKind::bitn, .planes = 4}}};
  for (const auto& [kind, options] : kinds) {
    const Model model = test::random_model(1, options);
    const auto window_net = make_staged_net(model, set);
    StagedNet& window = *window_net;
    for (const BranchId branch : branches) {
      const std::string name =
          std::string(set.name) + " " + branch_name(branch) + ", " + kind + " front-end, window ";
      region(name + "of which nothing is known", [&] { window.run_whole(branch); });
      region(name + "in a stream, again", [&] { window.run_in_stream(branch); });
    }
  }
}

/// The same network in float32, where XNNPACK was found for arm64.
void float_windows() {
  if (FloatNet::library().empty()) {
    return;
  }
  for (const auto& [of, model] :
       {std::pair{"float32 ", test::random_model(1, {})}, std::pair{"float32 commands, ", shipped_model()}}) {
    FloatNet net(model);
    for (const BranchId branch : branches) {
      region(std::string(of) + "whole window, " + branch_name(branch), [&] { net.run_whole(branch); });
      region(std::string(of) + "window in a stream, " + branch_name(branch),
             [&] { net.run_in_stream(branch); });
    }
  }
}

}  // namespace
}  // namespace kwsd

int main(int argc, char** argv) {
  using namespace kwsd;
  const bool with_windows = argc > 1 && std::strcmp(argv[1], "--windows") == 0;
  if (with_windows) {
    ++argv;
    --argc;
  }
  if (argc > 2 && std::strcmp(argv[1], "--only") == 0) {
    only = argv[2];
    argv += 2;
    argc -= 2;
  }
  if (with_windows) {
    float_windows();
  }
  for (const Kernels* set : all_kernels()) {
    bool wanted = argc == 1 && set->name != "reference";
    for (int i = 1; i < argc; ++i) {
      wanted = wanted || set->name == argv[i];
    }
    if (!wanted || !set->supported()) {
      continue;
    }
    kernels(*set);
    if (published(*set) || set->name == "a53") {
      compared_windows(*set);
    }
    if (set->name == "a53" || with_windows) {
      windows(*set);
      streams(*set);
      second_stage(*set);
    } else if (set->name == "neon" || set->name == "a76") {
      front_end_of_hop(*set);
    }
    if (with_windows) {
      more_windows(*set);
    }
  }
  return 0;
}
