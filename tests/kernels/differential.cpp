#include "tests/kernels/differential.h"

#include <algorithm>

#include "engine/kernels/bit_rows.h"
#include "engine/kernels/sets.h"
#include "tests/kernels/guarded_buffer.h"

namespace kwsd::test {
namespace {

using Words = GuardedBuffer<std::uint64_t>;

std::size_t size(int n) {
  return static_cast<std::size_t>(n);
}

/// Draws operands. Small and fast: a fuzzer and an emulator run it millions of times.
class Source {
 public:
  Source(Fill fill, std::uint32_t seed) : fill_(fill), state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  std::uint64_t word() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  int within(int low, int high) { return low + static_cast<int>(word() % size(high - low + 1)); }
  /// A value of [low, high], by the fill.
  int value(int low, int high) {
    switch (fill_) {
      case Fill::extreme: {
        const int edges[] = {low, low + 1, high - 1, high, 0, -1, 1};
        return std::clamp(edges[word() % 7], low, high);
      }
      case Fill::zero:
        return std::clamp(0, low, high);
      default:
        return within(low, high);
    }
  }
  std::int16_t int16(int low = INT16_MIN, int high = INT16_MAX) {
    return static_cast<std::int16_t>(value(low, high));
  }

 private:
  Fill fill_;
  std::uint64_t state_;
};

/// The bits of word `w` of a row that hold columns.
std::uint64_t column_mask(int cols, int w) {
  const int left = std::clamp(cols - w * 64, 0, 64);
  return left == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
}

void set_rows(std::uint64_t* words, int rows, int cols, bool ones) {
  const int row_words = BitMatrix::row_words_for(cols);
  for (int i = 0; i < rows * row_words; ++i) {
    words[i] = ones ? column_mask(cols, i % row_words) : 0;
  }
}

void fill_rows(Source& source, std::uint64_t* words, int rows, int cols) {
  const int row_words = BitMatrix::row_words_for(cols);
  for (int i = 0; i < rows * row_words; ++i) {
    words[i] = source.word() & column_mask(cols, i % row_words);
  }
}

/// Weights and activations of a binary product.
struct BitOperands {
  BitOperands(Source& source, const Shape& s, Fill fill)
      : weights{.rows = s.outputs, .cols = s.inputs, .words = {}},
        activations(size(s.steps * BitMatrix::row_words_for(s.inputs))) {
    weights.words.resize(size(s.outputs * BitMatrix::row_words_for(s.inputs)));
    fill_rows(source, weights.words.data(), s.outputs, s.inputs);
    fill_rows(source, activations.data(), s.steps, s.inputs);
    if (fill == Fill::same || fill == Fill::opposite) {
      set_rows(weights.words.data(), s.outputs, s.inputs, fill == Fill::same);
      set_rows(activations.data(), s.steps, s.inputs, true);
    }
  }
  BitMatrix weights;
  Words activations;
};

Affine random_affine(Source& source, int channels, int shift_low, int shift_high) {
  Affine affine;
  affine.shift = static_cast<std::int8_t>(source.within(shift_low, shift_high));
  affine.channels.resize(size(channels));
  for (ChannelAffine& channel : affine.channels) {
    channel = {source.int16(), source.int16(), source.int16(), source.int16()};
  }
  return affine;
}

template <class T>
std::string compare(const GuardedBuffer<T>& expected, const GuardedBuffer<T>& found) {
  if (!found.intact()) {
    return "wrote before the start of its output";
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected.data()[i] != found.data()[i]) {
      return "element " + std::to_string(i) + ": expected " + std::to_string(expected.data()[i]) +
             ", found " + std::to_string(found.data()[i]);
    }
  }
  return "";
}

/// Two equal copies of `fill`'s values: one for the reference, one for the set under test.
template <class T>
struct Pair {
  explicit Pair(int n) : expected(size(n)), found(size(n)) {}
  template <class Draw>
  void fill(Draw draw) {
    std::generate_n(expected.data(), expected.size(), draw);
    std::copy_n(expected.data(), expected.size(), found.data());
  }
  GuardedBuffer<T> expected;
  GuardedBuffer<T> found;
};

/// Compares the valid lanes of a residual stream only.
std::string compare_residual(Pair<std::int16_t>& pair, int channels, int steps) {
  const int stride = residual_stride(steps);
  for (int c = 0; c < channels; ++c) {
    for (int t = steps; t < stride; ++t) {
      pair.found[size(c * stride + t)] = pair.expected[size(c * stride + t)];
    }
  }
  return compare(pair.expected, pair.found);
}

std::string bit_dots(const Kernels& set, const Shape& s, Fill fill, std::uint32_t seed) {
  Source source(fill, seed);
  const BitOperands x(source, s, fill);
  Pair<std::int16_t> dot(s.steps * s.outputs);
  const auto run = [&](const Kernels& k, std::int16_t* out) {
    k.bit_dots(k.prepare_bits(x.weights), {x.activations.data(), s.steps}, out);
  };
  run(reference_kernels, dot.expected.data());
  run(set, dot.found.data());
  return compare(dot.expected, dot.found);
}

std::string expand(const Kernels& set, const Shape& s, Fill fill, std::uint32_t seed) {
  Source source(fill, seed);
  const BitOperands x(source, s, fill);
  std::vector<std::int16_t> at_least(size(s.outputs));
  for (std::int16_t& threshold : at_least) {
    const bool near_zero = source.word() % 2 == 0;  // where random dots are
    const int reach = near_zero ? std::min(s.inputs, 16) : s.inputs;
    threshold = fill == Fill::random ? source.int16(-reach, reach) : source.int16(-s.inputs, s.inputs + 2);
  }
  Pair<std::uint64_t> bits(s.steps * BitMatrix::row_words_for(s.outputs));
  bits.fill([&] { return source.word(); });
  const auto run = [&](const Kernels& k, std::uint64_t* out) {
    k.expand(k.prepare_bits(x.weights), k.prepare_thresholds(at_least, s.inputs),
             {x.activations.data(), s.steps}, out);
  };
  run(reference_kernels, bits.expected.data());
  run(set, bits.found.data());
  return compare(bits.expected, bits.found);
}

std::string project(const Kernels& set, const Shape& s, Fill fill, std::uint32_t seed) {
  Source source(fill, seed);
  const BitOperands x(source, s, fill);
  const Affine affine = random_affine(source, s.outputs, 0, 15);
  Pair<std::int16_t> residual(s.outputs * residual_stride(s.steps));
  residual.fill([&] { return source.int16(); });
  const auto run = [&](const Kernels& k, std::int16_t* out) {
    k.project(k.prepare_bits(x.weights), affine, {x.activations.data(), s.steps}, out);
  };
  run(reference_kernels, residual.expected.data());
  run(set, residual.found.data());
  return compare_residual(residual, s.outputs, s.steps);
}

std::string memory(const Kernels& set, const Shape& s, Fill fill, std::uint32_t seed) {
  Source source(fill, seed);
  const Affine affine = random_affine(source, s.outputs, 0, 15);
  GuardedBuffer<std::int16_t> taps(size(s.outputs * 8));
  for (int i = 0; i < s.outputs * 8; ++i) {
    taps[size(i)] = i % 8 < 5 ? source.int16() : std::int16_t{0};
  }
  Pair<std::int16_t> residual(s.outputs * residual_stride(s.steps));
  residual.fill([&] { return source.int16(); });
  Pair<std::uint64_t> bits(s.steps * BitMatrix::row_words_for(s.outputs));
  bits.fill([&] { return source.word(); });
  const auto run = [&](const Kernels& k, std::int16_t* x, std::uint64_t* out) {
    k.memory({taps.data(), affine}, {x, s.outputs, s.steps}, out);
  };
  run(reference_kernels, residual.expected.data(), bits.expected.data());
  run(set, residual.found.data(), bits.found.data());
  const std::string wrong = compare_residual(residual, s.outputs, s.steps);
  return wrong.empty() ? compare(bits.expected, bits.found) : "residual " + wrong;
}

std::string signs(const Kernels& set, const Shape& s, Fill fill, std::uint32_t seed) {
  Source source(fill, seed);
  GuardedBuffer<std::int16_t> at_least(size(s.outputs));
  std::generate_n(at_least.data(), at_least.size(), [&] { return source.int16(); });
  GuardedBuffer<std::int16_t> residual(size(s.outputs * residual_stride(s.steps)));
  std::generate_n(residual.data(), residual.size(), [&] { return source.int16(); });
  Pair<std::uint64_t> bits(s.steps * BitMatrix::row_words_for(s.outputs));
  bits.fill([&] { return source.word(); });
  const ConstResidual x{residual.data(), s.outputs, s.steps};
  reference_kernels.signs(x, at_least.data(), bits.expected.data());
  set.signs(x, at_least.data(), bits.found.data());
  return compare(bits.expected, bits.found);
}

std::string int8_dots(const Kernels& set, const Shape& s, Fill fill, std::uint32_t seed) {
  Source source(fill, seed);
  // From weights that fill the byte down to small ones: sets may add more products of small weights in int16.
  const int largest = 127 >> (seed % 6);
  std::vector<std::int8_t> weights(size(s.outputs * s.inputs));
  for (std::int8_t& w : weights) {
    w = static_cast<std::int8_t>(source.value(-largest - 1, largest));
  }
  const int stride = (s.inputs + 15) / 16 * 16 + 16 * source.within(0, 1);
  const int readable = (s.steps - 1) * stride + (s.inputs + 15) / 16 * 16;
  GuardedBuffer<std::int8_t> a(size(readable));
  std::generate_n(a.data(), a.size(), [&] { return static_cast<std::int8_t>(source.value(-128, 127)); });
  Pair<std::int32_t> acc(s.steps * s.outputs);
  const auto run = [&](const Kernels& k, std::int32_t* out) {
    k.int8_dots(k.prepare_int8(weights, s.outputs, s.inputs), {a.data(), stride, s.steps}, out);
  };
  run(reference_kernels, acc.expected.data());
  run(set, acc.found.data());
  return compare(acc.expected, acc.found);
}

std::string activate(const Kernels& set, const Shape& s, Fill fill, std::uint32_t seed) {
  constexpr int largest = (1 << 30) - 1;
  Source source(fill, seed);
  const int shift = source.within(-31, 15);
  // Of a size that the shift brings into int16, or somewhat beyond.
  const int reach = shift < 0
                        ? static_cast<int>(std::min<std::int64_t>(largest, std::int64_t{40000} << -shift))
                        : 40000 >> shift;
  GuardedBuffer<std::int16_t> constants[3] = {GuardedBuffer<std::int16_t>(size(s.outputs)),
                                              GuardedBuffer<std::int16_t>(size(s.outputs)),
                                              GuardedBuffer<std::int16_t>(size(s.outputs))};
  for (auto& column : constants) {
    std::generate_n(column.data(), column.size(), [&] { return source.int16(); });
  }
  GuardedBuffer<std::int32_t> acc(size(s.steps * s.outputs));
  std::generate_n(acc.data(), acc.size(), [&] {
    return fill == Fill::extreme ? source.value(-largest, largest) : source.value(-reach, reach);
  });
  const Activation activation{constants[0].data(), constants[1].data(), constants[2].data(), s.outputs,
                              shift};
  Pair<std::int16_t> out(s.steps * s.outputs);
  reference_kernels.activate(activation, acc.data(), s.steps, out.expected.data());
  set.activate(activation, acc.data(), s.steps, out.found.data());
  return compare(out.expected, out.found);
}

std::string narrow(const Kernels& set, const Shape& s, Fill fill, std::uint32_t seed) {
  Source source(fill, seed);
  const int shift = source.within(0, 15);
  GuardedBuffer<std::int16_t> values(size(s.steps * s.outputs));
  std::generate_n(values.data(), values.size(), [&] { return source.int16(); });
  Pair<std::int8_t> out(s.steps * s.outputs);
  reference_kernels.narrow(values.span(), shift, out.expected.data());
  set.narrow(values.span(), shift, out.found.data());
  return compare(out.expected, out.found);
}

std::string quantize(const Kernels& set, const Shape& s, Fill fill, std::uint32_t seed) {
  Source source(fill, seed);
  const Affine affine = random_affine(source, s.outputs, -31, 15);
  GuardedBuffer<std::int16_t> residual(size(s.outputs * residual_stride(s.steps)));
  std::generate_n(residual.data(), residual.size(), [&] { return source.int16(); });
  Pair<std::int8_t> flat(s.steps * s.outputs);
  const ConstResidual x{residual.data(), s.outputs, s.steps};
  reference_kernels.quantize(affine, x, flat.expected.data());
  set.quantize(affine, x, flat.found.data());
  return compare(flat.expected, flat.found);
}

/// Rows of a stream in one guarded buffer, a gap of one row between any two, the last at its end.
struct Rows {
  Rows(int count, int channels) : lanes(row_lanes(channels)), buffer(size((2 * count - 1) * lanes)) {
    std::fill_n(buffer.data(), buffer.size(), gap);
    for (int i = 0; i < count; ++i) {
      pointers.push_back(buffer.data() + 2 * i * lanes);
    }
  }
  void fill(Source& source) {
    for (std::int16_t* row : pointers) {
      std::generate_n(row, lanes, [&] { return source.int16(); });
    }
  }
  void copy(const Rows& from) { std::copy_n(from.buffer.data(), buffer.size(), buffer.data()); }
  /// "" or what differs in the valid lanes of the rows.
  [[nodiscard]] std::string differs(const Rows& expected, int channels) const {
    if (!buffer.intact()) {
      return "wrote before the first row";
    }
    for (std::size_t i = 0; i < pointers.size(); ++i) {
      const std::int16_t* row = pointers[i];
      const auto [a, b] = std::mismatch(row, row + channels, expected.pointers[i]);
      if (a != row + channels) {
        return "row " + std::to_string(i) + " channel " + std::to_string(a - row) + ": expected " +
               std::to_string(*b) + ", found " + std::to_string(*a);
      }
      if (i + 1 < pointers.size() && std::count(row + lanes, row + 2 * lanes, gap) != lanes) {
        return "wrote outside row " + std::to_string(i);
      }
    }
    return "";
  }

  static constexpr std::int16_t gap = 0x5a5a;
  int lanes;
  GuardedBuffer<std::int16_t> buffer;
  std::vector<std::int16_t*> pointers;
};

/// The same row in several places and rows in any order: as in a ring.
std::string memory_rows(const Kernels& set, const Shape& s, Fill fill, std::uint32_t seed) {
  Source source(fill, seed);
  const Affine affine = random_affine(source, s.outputs, 0, 15);
  std::vector<std::int8_t> taps(size(s.outputs * row_filter_taps));
  std::generate_n(taps.begin(), taps.size(),
                  [&] { return static_cast<std::int8_t>(source.value(-128, 127)); });
  const RowFilter filter = prepare_row_filter(taps, affine, source.within(0, 4));
  Rows in(s.steps + 4, s.outputs);
  in.fill(source);
  std::vector<const std::int16_t*> order(in.pointers.begin(), in.pointers.end());
  std::swap(order.front(), order[source.word() % order.size()]);
  Rows expected(s.steps, s.outputs), found(s.steps, s.outputs);
  Pair<std::uint64_t> bits(s.steps * BitMatrix::row_words_for(s.outputs));
  bits.fill([&] { return source.word(); });
  reference_kernels.memory_rows(filter, order.data(), s.steps, expected.pointers.data(),
                                bits.expected.data());
  set.memory_rows(filter, order.data(), s.steps, found.pointers.data(), bits.found.data());
  const std::string wrong = found.differs(expected, s.outputs);
  return wrong.empty() ? compare(bits.expected, bits.found) : wrong;
}

std::string project_rows(const Kernels& set, const Shape& s, Fill fill, std::uint32_t seed) {
  Source source(fill, seed);
  const BitOperands x(source, s, fill);
  const RowAffine affine = prepare_row_affine(random_affine(source, s.outputs, 0, 15));
  Rows expected(s.steps, s.outputs), found(s.steps, s.outputs);
  expected.fill(source);
  found.copy(expected);
  const auto run = [&](const Kernels& k, Rows& rows) {
    k.project_rows(k.prepare_bits(x.weights), affine, {x.activations.data(), s.steps}, rows.pointers.data());
  };
  run(reference_kernels, expected);
  run(set, found);
  return found.differs(expected, s.outputs);
}

std::string quantize_row(const Kernels& set, const Shape& s, Fill fill, std::uint32_t seed) {
  Source source(fill, seed);
  const RowAffine affine = prepare_row_affine(random_affine(source, s.outputs, -31, 15));
  Rows row(1, s.outputs);
  row.fill(source);
  Pair<std::int8_t> out(row_lanes(s.outputs));
  reference_kernels.quantize_row(affine, row.pointers[0], out.expected.data());
  set.quantize_row(affine, row.pointers[0], out.found.data());
  std::copy_n(out.expected.data() + s.outputs, row_lanes(s.outputs) - s.outputs,
              out.found.data() + s.outputs);
  return compare(out.expected, out.found);
}

constexpr Entry entries[] = {
    {"bit_dots", bit_dots},
    {"expand", expand},
    {"project", project},
    {"memory", memory},
    {"signs", signs},
    {"int8_dots", int8_dots},
    {"activate", activate},
    {"narrow", narrow},
    {"quantize", quantize},
    {"memory_rows", memory_rows},
    {"project_rows", project_rows},
    {"quantize_row", quantize_row},
};

}  // namespace

std::span<const Entry> all_entries() noexcept {
  return entries;
}

}  // namespace kwsd::test
