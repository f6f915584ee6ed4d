#include "tests/support/random_model.h"

#include <algorithm>
#include <random>
#include <string>

#include "engine/model/capabilities.h"

namespace kwsd::test {
namespace {

class Random {
 public:
  explicit Random(unsigned seed) : generator_(seed) {}
  int integer(int low, int high) { return std::uniform_int_distribution(low, high)(generator_); }
  float real(float low, float high) { return std::uniform_real_distribution(low, high)(generator_); }
  std::int16_t int16(int low, int high) { return static_cast<std::int16_t>(integer(low, high)); }
  std::vector<std::int8_t> int8s(int count) {
    std::vector<std::int8_t> out(static_cast<std::size_t>(count));
    std::generate(out.begin(), out.end(), [&] { return static_cast<std::int8_t>(integer(-127, 127)); });
    return out;
  }
  BitMatrix bits(int rows, int cols) {
    BitMatrix m{rows, cols, {}};
    m.words.assign(static_cast<std::size_t>(rows * m.row_words()), 0);
    for (int r = 0; r < rows; ++r) {
      for (int k = 0; k < cols; ++k) {
        m.words[static_cast<std::size_t>(r * m.row_words() + k / 64)] |=
            static_cast<std::uint64_t>(integer(0, 1)) << (k % 64);
      }
    }
    return m;
  }
  Affine affine(int channels, int shift, int mult, int bias) {
    Affine a;
    a.shift = static_cast<std::int8_t>(shift);
    for (int c = 0; c < channels; ++c) {
      a.channels.push_back({int16(-mult, mult), int16(-bias, bias), int16(0, 32767), int16(-bias, bias)});
    }
    return a;
  }

 private:
  std::mt19937 generator_;
};

/// What the file does not hold is 0.
Affine without_sign(Affine affine, bool slope = true) {
  for (ChannelAffine& channel : affine.channels) {
    channel.sign_at_least = 0;
    channel.slope = slope ? channel.slope : std::int16_t{0};
  }
  return affine;
}

ConvLayer random_conv(Random& random, LayerKind kind, int planes, int in_channels, int in_freq,
                      int out_channels, int kernel_time, int kernel_freq, int stride, int pad) {
  ConvLayer l;
  l.in_channels = in_channels;
  l.out_channels = out_channels;
  l.in_freq = in_freq;
  l.kernel_time = kernel_time;
  l.kernel_freq = kernel_freq;
  l.stride_time = stride;
  l.stride_freq = stride;
  l.pad_freq = pad;
  l.out_freq = (in_freq + 2 * pad - kernel_freq) / stride + 1;
  l.weights.kind = kind;
  l.weights.planes = kind == LayerKind::bitn ? planes : 1;
  l.weights.inputs = kernel_time * kernel_freq * in_channels;
  l.weights.outputs = out_channels;
  if (kind == LayerKind::int8) {
    l.weights.int8 = random.int8s(l.weights.inputs * out_channels);
  } else {
    l.weights.bits = random.bits(out_channels, l.weights.inputs);
  }
  // Scales that keep typical values inside int16 and well away from zero.
  l.affine = kind == LayerKind::int8 ? random.affine(out_channels, -4, 12000, 2000)
                                     : random.affine(out_channels, 5, 20000, 600);
  return l;
}

BlockParams random_params(Random& random, const RandomModelOptions& o) {
  BlockParams p;
  if (o.memory == LayerKind::bit1) {
    for (int c = 0; c < o.memory_size; ++c) p.memory_sign_at_least.push_back(random.int16(-500, 500));
    p.memory = random.affine(o.memory_size, 10, 8000, 500);
  } else {
    p.memory = random.affine(o.memory_size, 1, 16000, 500);
  }
  for (int n = 0; n < o.hidden_size; ++n) {
    const int agreements = random.integer(std::max(0, o.memory_size / 2 - 6), o.memory_size / 2 + 1);
    p.hidden_at_least.push_back(static_cast<std::int16_t>(2 * agreements - o.memory_size));
  }
  p.project = without_sign(random.affine(o.memory_size, 6, 12000, 500));
  return p;
}

}  // namespace

BitMatrix random_bits(unsigned seed, int rows, int cols) {
  return Random(seed).bits(rows, cols);
}

RandomModelOptions streaming_options() {
  RandomModelOptions o;
  o.streaming = true;
  o.blocks = 12;
  o.conv_stride_time[1] = 1;
  return o;
}

namespace {

/// A window net of the same features and labels.
std::shared_ptr<const SecondStage> random_second(unsigned seed, RandomModelOptions o) {
  o.streaming = o.second = false;
  o.steps = 5;
  o.memory_size = 24;
  o.hidden_size = 40;
  o.blocks = std::max(o.second_blocks, 1);
  auto second = std::make_shared<SecondStage>();
  second->gate = o.gate;
  second->net = random_model(seed, o);
  second->net.name = second->net.provenance = {};
  second->net.branches[1] = second->net.branches[2] = {};
  Branch& branch = second->net.branches[0];
  branch.thresholds = {};
  if (o.second_blocks == 0) {
    second->net.blocks = {};
    branch.blocks = {};
    branch.params = {};
  }
  return second;
}

}  // namespace

Model random_model(unsigned seed, const RandomModelOptions& o) {
  Random random(seed);
  Model m;
  m.streaming = o.streaming;
  m.name = "random-" + std::to_string(seed);
  m.provenance = "{\"made_by\":\"random_model\"}";
  m.features.coefficients = static_cast<std::uint32_t>(o.coefficients);
  m.features.mean.assign(m.features.coefficients, 0.5F);
  m.features.scale.assign(m.features.coefficients, 12.0F);
  for (int n = 0; n < o.labels; ++n) {
    const LabelKind kind = n + 2 < o.labels    ? LabelKind::keyword
                           : n + 2 == o.labels ? LabelKind::unknown
                                               : LabelKind::silence;
    m.labels.push_back({"word" + std::to_string(n), n == 0 ? LabelKind::keyword : kind});
  }
  m.steps = o.steps;
  m.memory_size = o.memory_size;
  m.hidden_size = o.hidden_size;

  int rows = o.coefficients;
  if (o.spectrum) {
    m.front_end.push_back(random_conv(random, LayerKind::int8, 1, 1, rows, rows + 2, 1, rows, 1, 0));
    m.front_end.back().output = OutputKind::rows;
    rows += 2;
  }
  m.front_end.push_back(random_conv(random, LayerKind::int8, 1, 1, rows, o.conv_channels[0], 5, 5, 2, 2));
  m.front_end.back().stride_time = o.conv_stride_time[0];
  m.front_end.back().output = output_for(o.conv2);
  if (o.pool[0] > 0) {
    m.front_end.back().output = OutputKind::pooled;
    m.front_end.back().pool_time = o.pool[0];
    m.front_end.back().pool_stride = o.pool[1];
    m.front_end.back().pool_freq = o.pool[2];
  }
  m.front_end.push_back(random_conv(random, o.conv2, o.planes, o.conv_channels[0],
                                    m.front_end.back().handed_freq(), o.conv_channels[1], 5, 5, 2, 2));
  m.front_end.back().stride_time = o.conv_stride_time[1];
  m.front_end.back().output = output_for(o.linear);
  const int freq = m.front_end.back().out_freq;
  m.front_end.push_back(
      random_conv(random, o.linear, o.planes, o.conv_channels[1], freq, o.memory_size, 1, freq, 1, 0));
  m.front_end.back().output = OutputKind::residual;
  for (ConvLayer& layer : m.front_end) {
    const OutputCapability& handed_on = capability_of(layer.output);
    layer.out_planes = handed_on.planes_most > 1 ? o.planes : 1;
    if (!handed_on.has_sign) {
      layer.affine = without_sign(layer.affine);
    }
    const bool is_int8 = handed_on.next == LayerKind::int8 && !handed_on.last;
    layer.out_shift = handed_on.next == LayerKind::bitn ? 9 : is_int8 ? 6 : 0;
  }

  for (int i = 0; i < o.blocks; ++i) {
    BlockWeights block;
    block.memory_kind = o.memory;
    block.memory = random.int8s(o.memory_size * memory_taps);
    if (o.memory == LayerKind::bit1) {
      for (std::int8_t& tap : block.memory) tap = tap >= 0 ? std::int8_t{1} : std::int8_t{-1};
    }
    block.ahead = o.streaming ? random.integer(0, o.most_ahead) : block.ahead;
    block.expand = random.bits(o.hidden_size, o.memory_size);
    block.project = random.bits(o.memory_size, o.hidden_size);
    m.blocks.push_back(std::move(block));
  }
  m.classifier.kind = o.classifier;
  m.classifier.inputs = o.memory_size * o.steps;
  m.classifier.outputs = o.labels;
  const auto weights = random.int8s(m.classifier.inputs * o.labels);
  if (o.classifier == LayerKind::int8) {
    m.classifier.int8 = weights;
  } else {
    m.classifier.float32.assign(weights.begin(), weights.end());
  }
  for (int b = 0; b < branch_count; ++b) {
    Branch& branch = m.branches[static_cast<std::size_t>(b)];
    const int every = 1 << b;
    for (int i = std::min(every, o.blocks) - 1; i < o.blocks; i += every) {
      branch.blocks.push_back(static_cast<std::uint8_t>(i));
      branch.params.push_back(random_params(random, o));
    }
    branch.classifier.input = without_sign(random.affine(o.memory_size, 0, 1500, 20), false);
    for (int n = 0; n < o.labels; ++n) {
      branch.classifier.scale.push_back(random.real(1e-4F, 3e-4F));
      branch.classifier.bias.push_back(random.real(-1, 1));
      branch.thresholds.push_back(m.labels[static_cast<std::size_t>(n)].kind == LabelKind::keyword ? 0.6F
                                                                                                   : 1.0F);
    }
  }
  if (o.streaming) {
    m.detector.smoothing_seconds = 0.192;
  }
  if (o.second) {
    m.second = random_second(seed + 1, o);
  }
  return m;
}

}  // namespace kwsd::test
