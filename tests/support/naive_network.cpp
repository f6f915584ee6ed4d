#include "tests/support/naive_network.h"

#include <algorithm>
#include <cmath>

namespace kwsd::test {
namespace {

using Wide = long long;

Wide sat16(Wide v) {
  return std::clamp<Wide>(v, -32768, 32767);
}
Wide round_shift(Wide v, int bits) {
  return static_cast<Wide>(std::floor(std::ldexp(static_cast<double>(v), -bits) + 0.5));
}
Wide scaled(Wide v, int shift) {
  return sat16(shift >= 0 ? v * (Wide{1} << shift) : round_shift(v, -shift));
}
Wide q15(Wide a, Wide b) {
  return sat16(round_shift(a * b, 15));
}
Wide prelu(Wide v, Wide slope) {
  return v >= 0 ? v : q15(v, slope);
}
Wide normalised(Wide acc, int shift, const ChannelAffine& c) {
  return prelu(sat16(q15(scaled(acc, shift), c.mult) + c.bias), c.slope);
}
int sign_of_bit(const BitMatrix& m, int row, int col) {
  const std::size_t word = static_cast<std::size_t>(row * m.row_words() + col / 64);
  return ((m.words[word] >> (col % 64)) & 1U) != 0 ? 1 : -1;
}
std::size_t at(int i) {
  return static_cast<std::size_t>(i);
}

/// What a layer multiplies its weights with: int8 values, ±1, or odd levels.
Wide value_of(Wide p, const ConvLayer& l, const ChannelAffine& c) {
  if (l.output == OutputKind::residual) return p;
  if (l.output == OutputKind::bits) return p >= c.sign_at_least ? 1 : -1;
  if (l.output == OutputKind::planes) {
    const Wide top = (1 << l.out_planes) - 1;
    return 2 * std::clamp<Wide>(scaled(sat16(p + c.sign_at_least), -l.out_shift), 0, top) - top;
  }
  return std::clamp<Wide>(scaled(p, -l.out_shift), -127, 127);
}

std::vector<Wide> conv(const ConvLayer& l, const std::vector<Wide>& in, int in_time) {
  const int out_time = (in_time - l.kernel_time) / l.stride_time + 1;
  const int top = (1 << l.weights.planes) - 1;
  const Wide outside = l.weights.kind == LayerKind::int8 ? 0 : l.weights.kind == LayerKind::bit1 ? 1 : top;
  std::vector<Wide> out;
  for (int t = 0; t < out_time; ++t) {
    for (int f = 0; f < l.out_freq; ++f) {
      for (int n = 0; n < l.out_channels; ++n) {
        Wide acc = 0;
        for (int k = 0; k < l.weights.inputs; ++k) {
          const int channel = k % l.in_channels;
          const int df = k / l.in_channels % l.kernel_freq;
          const int dt = k / l.in_channels / l.kernel_freq;
          const int freq = f * l.stride_freq - l.pad_freq + df;
          const bool inside = freq >= 0 && freq < l.in_freq;
          const Wide a = inside
                             ? in[at(((t * l.stride_time + dt) * l.in_freq + freq) * l.in_channels + channel)]
                             : outside;
          const int w = l.weights.kind == LayerKind::int8 ? l.weights.int8[at(n * l.weights.inputs + k)]
                                                          : sign_of_bit(l.weights.bits, n, k);
          acc += w * a;
        }
        const ChannelAffine& c = l.affine.channels[at(n)];
        out.push_back(value_of(normalised(acc, l.affine.shift, c), l, c));
      }
    }
  }
  return out;
}

/// The largest of pool_time x pool_freq values.
std::vector<Wide> pooled(const ConvLayer& l, const std::vector<Wide>& in) {
  const int time = static_cast<int>(in.size()) / (l.out_freq * l.out_channels);
  std::vector<Wide> out;
  for (int t = 0; t + l.pool_time <= time; t += l.pool_stride) {
    for (int f = 0; f < l.handed_freq(); ++f) {
      for (int n = 0; n < l.out_channels; ++n) {
        Wide top = -1000;
        for (int dt = 0; dt < l.pool_time; ++dt) {
          for (int df = 0; df < l.pool_freq; ++df) {
            top = std::max(top, in[at(((t + dt) * l.out_freq + f * l.pool_freq + df) * l.out_channels + n)]);
          }
        }
        out.push_back(top);
      }
    }
  }
  return out;
}

/// x: [C][T].
void memory(const BlockWeights& w, const BlockParams& p, int channels, int steps, std::vector<Wide>& x) {
  for (int c = 0; c < channels; ++c) {
    const ChannelAffine& a = p.memory.channels[at(c)];
    std::vector<Wide> row(x.begin() + c * steps, x.begin() + (c + 1) * steps);
    for (int t = 0; t < steps; ++t) {
      Wide acc = 0;
      for (int k = 0; k < memory_taps; ++k) {
        const int from = t + k - 4 + w.ahead;
        const bool inside = from >= 0 && from < steps;
        const Wide tap = w.memory[at(c * 5 + k)];
        if (w.memory_kind == LayerKind::bit1) {
          acc += tap * (!inside || row[at(from)] >= p.memory_sign_at_least[at(c)] ? 1 : -1);
        } else {
          acc = sat16(acc + q15(inside ? row[at(from)] : 0, sat16(round_shift(tap * a.mult, 7))));
        }
      }
      const Wide v = w.memory_kind == LayerKind::bit1
                         ? sat16(q15(scaled(acc, p.memory.shift), a.mult) + a.bias)
                         : sat16(scaled(acc, p.memory.shift) + a.bias);
      x[at(c * steps + t)] = sat16(row[at(t)] + prelu(v, a.slope));
    }
  }
}

void feed_forward(const Model& m, const BlockWeights& w, const BlockParams& p, int steps,
                  std::vector<Wide>& x) {
  for (int t = 0; t < steps; ++t) {
    std::vector<int> hidden;
    for (int n = 0; n < m.hidden_size; ++n) {
      int dot = 0;
      for (int c = 0; c < m.memory_size; ++c) {
        const bool plus = x[at(c * steps + t)] >= p.memory.channels[at(c)].sign_at_least;
        dot += sign_of_bit(w.expand, n, c) * (plus ? 1 : -1);
      }
      hidden.push_back(dot >= p.hidden_at_least[at(n)] ? 1 : -1);
    }
    for (int c = 0; c < m.memory_size; ++c) {
      int dot = 0;
      for (int n = 0; n < m.hidden_size; ++n) dot += sign_of_bit(w.project, c, n) * hidden[at(n)];
      Wide& y = x[at(c * steps + t)];
      y = sat16(y + normalised(dot, p.project.shift, p.project.channels[at(c)]));
    }
  }
}

/// The conv stem: [time][coefficients] -> [C][steps].
std::vector<Wide> steps_of(const Model& m, const std::vector<std::int8_t>& frames, int& steps) {
  std::vector<Wide> data(frames.begin(), frames.end());
  int time = static_cast<int>(frames.size() / m.features.coefficients);
  for (const ConvLayer& layer : m.front_end) {
    data = conv(layer, data, time);
    time = (time - layer.kernel_time) / layer.stride_time + 1;
    if (layer.output == OutputKind::pooled) {
      data = pooled(layer, data);
      time = (time - layer.pool_time) / layer.pool_stride + 1;
    }
  }
  steps = time;
  std::vector<Wide> x(data.size());  // [T][C] -> [C][T]
  for (int t = 0; t < steps; ++t) {
    for (int c = 0; c < m.memory_size; ++c) x[at(c * steps + t)] = data[at(t * m.memory_size + c)];
  }
  return x;
}

/// The first `kept` of the `steps` steps of [C][steps].
std::vector<Wide> first_steps(const std::vector<Wide>& x, int steps, int kept) {
  std::vector<Wide> out;
  for (std::size_t c = 0; c < x.size() / at(steps); ++c) {
    out.insert(out.end(), x.begin() + static_cast<std::ptrdiff_t>(c * at(steps)),
               x.begin() + static_cast<std::ptrdiff_t>(c * at(steps) + at(kept)));
  }
  return out;
}

Wide classifier_input(const Branch& branch, int channel, Wide x) {
  const Affine& a = branch.classifier.input;
  const ChannelAffine& c = a.channels[at(channel)];
  return std::clamp<Wide>(sat16(q15(scaled(x, a.shift), c.mult) + c.bias), -127, 127);
}

/// q: [C][T].
std::vector<float> classify(const Model& m, const Branch& branch, const std::vector<Wide>& q) {
  std::vector<float> logits;
  Wide squares = 0;
  for (const Wide value : q) {
    squares += value * value;
  }
  const float length =
      m.classifier.kind == LayerKind::unit ? std::sqrt(static_cast<float>(std::max<Wide>(squares, 1))) : 1;
  for (std::size_t n = 0; n < m.labels.size(); ++n) {
    Wide sum = 0;
    for (std::size_t k = 0; k < q.size(); ++k) {
      const bool is_int8 = m.classifier.kind == LayerKind::int8;
      sum +=
          q[k] * (is_int8 ? m.classifier.int8[n * q.size() + k]
                          : static_cast<Wide>(m.classifier.float32[n * q.size() + k]));  // whole numbers here
    }
    logits.push_back(branch.classifier.scale[n] * (static_cast<float>(sum) / length) +
                     branch.classifier.bias[n]);
  }
  return logits;
}

}  // namespace

std::vector<float> naive_logits(const Model& m, const std::vector<std::int8_t>& frames, BranchId id) {
  int steps = 0;
  std::vector<Wide> x = steps_of(m, frames, steps);
  const Branch& branch = m.branches[static_cast<std::size_t>(id)];
  for (std::size_t i = 0; i < branch.blocks.size(); ++i) {
    memory(m.blocks[branch.blocks[i]], branch.params[i], m.memory_size, steps, x);
    feed_forward(m, m.blocks[branch.blocks[i]], branch.params[i], steps, x);
  }
  std::vector<Wide> q;
  for (std::size_t k = 0; k < x.size(); ++k) {
    q.push_back(classifier_input(branch, static_cast<int>(k) / steps, x[k]));
  }
  return classify(m, branch, q);
}

std::vector<std::vector<float>> naive_stream_logits(const Model& m, const std::vector<std::int8_t>& frames,
                                                    BranchId id) {
  int steps = 0;
  std::vector<Wide> x = steps_of(m, frames, steps);
  const Branch& branch = m.branches[static_cast<std::size_t>(id)];
  for (std::size_t i = 0; i < branch.blocks.size(); ++i) {
    const BlockWeights& block = m.blocks[branch.blocks[i]];
    memory(block, branch.params[i], m.memory_size, steps, x);
    const int kept = std::max(steps - block.ahead, 0);
    x = first_steps(x, steps, kept);
    steps = kept;
    feed_forward(m, block, branch.params[i], steps, x);
  }
  std::vector<std::vector<float>> out;
  for (int t = 0; t < steps; ++t) {
    std::vector<Wide> q;
    for (int c = 0; c < m.memory_size; ++c) {
      for (int from = t - m.steps + 1; from <= t; ++from) {
        q.push_back(from < 0 ? 0 : classifier_input(branch, c, x[at(c * steps + from)]));
      }
    }
    out.push_back(classify(m, branch, q));
  }
  return out;
}

}  // namespace kwsd::test
