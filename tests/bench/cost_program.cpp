// What the cost check counts: every kernel of every set on the shapes of the shipped models, then whole
// windows. Each region is announced by a line on stdout and runs between the two markers that the plugin
// a53_trace looks for. Everything ran once before it is counted.
//
//   cost_program [--windows] [--only TEXT] [SET ...]
//
// --windows adds whole windows of a random model; TEXT is a part of the names of the regions wanted.
#include <cstdio>
#include <cstring>
#include <string>

#include "engine/kernels/bit_rows.h"
#include "engine/nn/network.h"
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
      : n(outputs), k(inputs), t(steps), weights(set.prepare_bits(test::random_bits(1, outputs, inputs))) {
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
  int n, k, t;
  Prepared weights, thresholds;
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
  region(prefix + "bit_dots" + suffix,
         [&] { set.bit_dots(x.weights, x.n, x.k, x.a.data(), x.t, x.dots.data()); });
  region(prefix + "expand" + suffix,
         [&] { set.expand(x.weights, x.thresholds, x.n, x.k, x.a.data(), x.t, x.out.data()); });
  region(prefix + "project" + suffix,
         [&] { set.project(x.weights, x.affine, x.n, x.k, x.a.data(), x.t, x.residual.data()); });
}

void memory_kernels(const Kernels& set, int channels, int steps) {
  Bits x(set, channels, channels, steps);
  AlignedVector<std::int16_t> taps(size(channels * 8), 1000);
  const std::string suffix = " C=" + std::to_string(channels) + " T=" + std::to_string(steps);
  region(std::string(set.name) + " memory" + suffix,
         [&] { set.memory(taps.data(), x.affine, channels, steps, x.residual.data(), x.out.data()); });
  region(std::string(set.name) + " signs" + suffix,
         [&] { set.signs(x.residual.data(), taps.data(), channels, steps, x.out.data()); });
}

void int8_kernel(const Kernels& set, int outputs, int inputs, int rows, int largest) {
  std::vector<std::int8_t> weights(size(outputs * inputs));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = static_cast<std::int8_t>(i % 2 == 0 ? largest : -largest);
  }
  const Prepared prepared = set.prepare_int8(weights, outputs, inputs);
  const int stride = (inputs + 15) / 16 * 16;
  AlignedVector<std::int8_t> a(size(rows * stride), 3);
  AlignedVector<std::int32_t> acc(size(rows * outputs));
  region(std::string(set.name) + " int8_dots" + shape(outputs, inputs, rows) +
             " |w|<=" + std::to_string(largest),
         [&] { set.int8_dots(prepared, outputs, inputs, a.data(), stride, rows, acc.data()); });
}

void kernels(const Kernels& set) {
  bit_kernels(set, 256, 128, 8);
  bit_kernels(set, 128, 256, 8);
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
}

/// Whole windows: from nothing (all front-end steps), and in a stream (one new step a window).
void windows(const Kernels& set, const std::string& front_end, const test::RandomModelOptions& options) {
  const auto model = std::make_shared<const Model>(test::random_model(1, options));
  const Network network(model, set);
  Stream stream(network);
  const std::vector<std::int8_t> frame(model->features.coefficients, 3);
  std::vector<float> posteriors(model->labels.size());
  const auto push = [&](int frames) {
    for (int i = 0; i < frames; ++i) {
      stream.push_frame(frame);
    }
  };
  for (const BranchId branch : {BranchId::full, BranchId::half, BranchId::quarter}) {
    const std::string name = std::string(set.name) + " window " + branch_name(branch) + ", " + front_end;
    if (branch == BranchId::full && set.name == "a53") {
      region(name + ", from nothing", [&] {
        stream.reset();
        push(model->window_frames());
        stream.classify(branch, posteriors);
      });
    }
    stream.reset();
    push(model->window_frames());
    region(name + ", in a stream", [&] {
      push(model->step_stride_frames());
      stream.classify(branch, posteriors);
    });
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
  for (const Kernels* set : all_kernels()) {
    bool wanted = argc == 1 && set->name != "reference";
    for (int i = 1; i < argc; ++i) {
      wanted = wanted || set->name == argv[i];
    }
    if (!wanted) {
      continue;
    }
    kernels(*set);
    if (with_windows) {
      windows(*set, "int8 front-end", {});
      if (set->name == "a53") {
        windows(*set, "2-bit front-end", {.conv2 = LayerKind::bitn, .linear = LayerKind::bitn, .planes = 2});
      }
    }
  }
  return 0;
}
