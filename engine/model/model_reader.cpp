// Reading model files. models/FORMAT.md describes them; the order of the fields is the same.
#include "engine/model/model_file.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/features/mfcc.h"
#include "engine/model/byte_io.h"
#include "engine/model/capabilities.h"
#include "engine/model/error.h"
#include "engine/model/feature_io.h"
#include "engine/model/limits.h"
#include "engine/model/model_format.h"

namespace kwsd {
namespace {

using model_format::product;

int read_size(ByteReader& in, std::string_view field, int low, int high) {
  return static_cast<int>(in.integer<std::uint16_t>(field, low, high));
}

std::string read_name(ByteReader& in, std::string_view field) {
  std::string name = in.text(field, limits::name_bytes);
  if (!is_name(name)) {
    in.fail(field, "'" + printable(name) + "'", std::string(name_expected));
  }
  return name;
}

/// Rows are packed to whole bytes in the file and to 128 bits in memory.
BitMatrix read_bits(ByteReader& in, int rows, int cols, std::string_view field) {
  const std::size_t row_bytes = (static_cast<std::size_t>(cols) + 7) / 8;
  const auto bytes = in.take(row_bytes * static_cast<std::size_t>(rows), field);
  BitMatrix m{rows, cols, {}};
  m.words.assign(product(rows, m.row_words()), 0);
  for (int r = 0; r < rows; ++r) {
    std::memcpy(m.words.data() + product(r, m.row_words()),
                bytes.data() + static_cast<std::size_t>(r) * row_bytes, row_bytes);
    if (cols % 8 != 0 && (std::to_integer<unsigned>(bytes[static_cast<std::size_t>(r + 1) * row_bytes - 1]) >>
                          (cols % 8)) != 0) {
      in.fail(field, "bits set past the last column", "zeros");
    }
  }
  return m;
}

/// The kind of a layer at `place`.
LayerKind read_kind(ByteReader& in, Place place, std::string_view field) {
  const auto number = in.value<std::uint8_t>(field);
  const auto kind = static_cast<LayerKind>(number);
  if (!allows(place, kind)) {
    in.fail(field, std::to_string(number), expected_kinds(place));
  }
  return kind;
}

/// The output of the last front-end layer or of one of those before it.
OutputKind read_output(ByteReader& in, bool last) {
  const auto number = in.value<std::uint8_t>("conv output");
  for (const OutputCapability& capability : conv_outputs) {
    if (capability.output == static_cast<OutputKind>(number) && capability.last == last) {
      return capability.output;
    }
  }
  in.fail("conv output", std::to_string(number),
          expected_outputs(last) + (last ? " of the last layer" : " before the last layer"));
}

Affine read_affine(ByteReader& in, int channels, std::size_t fields, std::string_view field, int shift_low) {
  Affine affine;
  affine.shift = in.integer<std::int8_t>(field, shift_low, 15);
  for (int c = 0; c < channels; ++c) {
    auto v = in.array<std::int16_t>(fields, field);
    v.resize(model_format::with_sign);
    affine.channels.push_back({v[0], v[1], v[2], v[3]});
    if (v[2] < 0) {
      in.fail(field, "a PReLU slope of " + std::to_string(v[2]), "0 to 32767");
    }
  }
  return affine;
}

Weights read_weights(ByteReader& in, LayerKind kind, int planes, int outputs, int inputs,
                     std::string_view field) {
  Weights w;
  w.kind = kind;
  w.planes = planes;
  w.inputs = inputs;
  w.outputs = outputs;
  switch (kind) {
    case LayerKind::bit1:
    case LayerKind::bitn:
      w.bits = read_bits(in, outputs, inputs, field);
      break;
    case LayerKind::int8:
      w.int8 = in.array<std::int8_t>(product(outputs, inputs), field);
      break;
    case LayerKind::float32:
    case LayerKind::unit:
      w.float32 = in.array<float>(product(outputs, inputs), field);
      for (const float v : w.float32) {
        if (!(std::abs(v) <= 1e6F)) {
          in.fail(field, std::to_string(v), "finite weights up to 1e6");
        }
      }
      break;
  }
  return w;
}

/// The output of the layer before.
struct Activations {
  Place next = Place::first_conv;
  OutputKind output = OutputKind::int8;
  int planes = 1;
  int channels = 1;
  int freq = 1;
};

ConvLayer read_conv(ByteReader& in, const Activations& before, bool last, int memory_size) {
  ConvLayer l;
  l.in_channels = before.channels;
  l.in_freq = before.freq;
  l.out_channels = read_size(in, "conv out_channels", 1, limits::channels);
  l.kernel_time = read_size(in, "conv kernel_time", 1, limits::kernel);
  l.kernel_freq = read_size(in, "conv kernel_freq", 1, limits::freq);
  l.stride_time = read_size(in, "conv stride_time", 1, limits::stride);
  l.stride_freq = read_size(in, "conv stride_freq", 1, limits::stride);
  l.pad_freq = read_size(in, "conv pad_freq", 0, l.kernel_freq - 1);
  const int span = l.in_freq + 2 * l.pad_freq - l.kernel_freq;
  if (span < 0) {
    in.fail("conv kernel_freq", std::to_string(l.kernel_freq),
            "at most " + std::to_string(l.in_freq + 2 * l.pad_freq));
  }
  l.out_freq = span / l.stride_freq + 1;
  const LayerKind kind = read_kind(in, before.next, "conv kind");
  const LayerKind wanted = capability_of(before.output).next;
  if (kind != wanted) {
    in.fail("conv kind", std::to_string(static_cast<int>(kind)),
            std::to_string(static_cast<int>(wanted)) + ", for what the layer before hands on");
  }
  if (kind != LayerKind::int8 && l.in_channels % 16 != 0) {
    in.fail("conv in_channels", std::to_string(l.in_channels), "a multiple of 16 for 1-bit weights");
  }
  const std::size_t inputs = product(l.kernel_time * l.kernel_freq, l.in_channels);
  if (inputs > limits::inputs) {
    in.fail("conv inputs", std::to_string(inputs), "at most " + std::to_string(limits::inputs));
  }
  l.weights = read_weights(in, kind, before.planes, l.out_channels, static_cast<int>(inputs), "conv weights");
  l.output = read_output(in, last);
  if (l.output == OutputKind::rows && (l.out_freq != 1 || l.out_channels > limits::freq)) {
    in.fail("conv output 5",
            std::to_string(l.out_channels) + " channels x " + std::to_string(l.out_freq) + " rows",
            "at most " + std::to_string(limits::freq) + " channels x 1 row");
  }
  const OutputCapability& handed_on = capability_of(l.output);
  l.out_planes = in.integer<std::uint8_t>("conv out_planes", handed_on.planes, handed_on.planes_most);
  l.out_shift = in.integer<std::int8_t>("conv out_shift", 0, 15);
  if (l.output == OutputKind::pooled) {
    l.pool_time = in.integer<std::uint8_t>("conv pool_time", 1, limits::kernel);
    l.pool_stride = in.integer<std::uint8_t>("conv pool_stride", 1, limits::stride);
    l.pool_freq = in.integer<std::uint8_t>("conv pool_freq", 1, l.out_freq);
  }
  l.affine = read_affine(in, l.out_channels, model_format::conv_fields(l.output), "conv BN", -31);
  if (last && (l.out_channels != memory_size || l.out_freq != 1 || l.kernel_time != 1)) {
    in.fail("linear layer",
            std::to_string(l.out_channels) + " channels x " + std::to_string(l.out_freq) + " rows",
            std::to_string(memory_size) + " channels x 1 row, kernel_time 1");
  }
  return l;
}

BlockWeights read_block(ByteReader& in, bool streaming, int memory_size, int hidden_size) {
  BlockWeights block;
  block.memory_kind = read_kind(in, streaming ? Place::stream_memory : Place::memory, "memory kind");
  if (streaming) {
    block.ahead = in.integer<std::uint8_t>("memory ahead", 0, memory_taps - 1);
  }
  if (block.memory_kind == LayerKind::bit1) {
    const BitMatrix signs = read_bits(in, memory_size, memory_taps, "memory weights");
    for (int c = 0; c < memory_size; ++c) {
      for (int k = 0; k < memory_taps; ++k) {
        const bool plus = ((signs.words[product(c, signs.row_words())] >> k) & 1U) != 0;
        block.memory.push_back(plus ? std::int8_t{1} : std::int8_t{-1});
      }
    }
  } else {
    block.memory = in.array<std::int8_t>(product(memory_size, memory_taps), "memory weights");
  }
  block.expand = read_bits(in, hidden_size, memory_size, "expand weights");
  block.project = read_bits(in, memory_size, hidden_size, "project weights");
  return block;
}

BlockParams read_params(ByteReader& in, LayerKind memory_kind, int memory_size, int hidden_size) {
  BlockParams p;
  const auto c = static_cast<std::size_t>(memory_size);
  if (memory_kind == LayerKind::bit1) {
    p.memory_sign_at_least = in.array<std::int16_t>(c, "memory signs");
  }
  p.memory = read_affine(in, memory_size, model_format::with_sign, "memory BN", 0);
  for (int n = 0; n < hidden_size; ++n) {
    const char* const field = "hidden thresholds";
    const int most = memory_size + 1;
    const int count = model_format::agreements_fit_byte(memory_size)
                          ? in.integer<std::uint8_t>(field, 0, most)
                          : in.integer<std::uint16_t>(field, 0, most);
    p.hidden_at_least.push_back(static_cast<std::int16_t>(2 * count - memory_size));
  }
  p.project = read_affine(in, memory_size, model_format::with_slope, "project BN", 0);
  return p;
}

/// The limits of a net: the model's own, or its second stage.
struct NetRules {
  int fewest_blocks;
  bool thresholds;
};
constexpr NetRules first_stage{.fewest_blocks = 1, .thresholds = true};
constexpr NetRules second_stage{.fewest_blocks = 0, .thresholds = false};

Branch read_branch(ByteReader& in, const Model& m, const NetRules& rules) {
  Branch branch;
  const int count = read_size(in, "branch blocks", rules.fewest_blocks, static_cast<int>(m.blocks.size()));
  for (int i = 0; i < count; ++i) {
    const int low = branch.blocks.empty() ? 0 : branch.blocks.back() + 1;
    branch.blocks.push_back(in.integer<std::uint8_t>("branch block index (ascending)", low,
                                                     static_cast<std::int64_t>(m.blocks.size()) - 1));
  }
  for (const std::uint8_t block : branch.blocks) {
    branch.params.push_back(read_params(in, m.blocks[block].memory_kind, m.memory_size, m.hidden_size));
  }
  branch.classifier.input =
      read_affine(in, m.memory_size, model_format::scale_and_bias, "classifier BN", -15);
  for (std::size_t n = 0; n < m.labels.size(); ++n) {
    branch.classifier.scale.push_back(in.real("classifier scale", -1e6F, 1e6F));
    branch.classifier.bias.push_back(in.real("classifier bias", -1e6F, 1e6F));
    if (rules.thresholds) {
      branch.thresholds.push_back(in.real("threshold", 0.0F, 1.0F));
    }
  }
  return branch;
}

std::vector<Label> read_labels(ByteReader& in) {
  std::vector<Label> labels;
  const int count = read_size(in, "labels", 2, limits::labels);
  bool any_keyword = false;
  for (int i = 0; i < count; ++i) {
    Label label;
    label.name = in.text("label", limits::name_bytes);
    if (!is_label(label.name)) {
      in.fail("label", "'" + printable(label.name) + "'", std::string(label_expected));
    }
    label.kind = static_cast<LabelKind>(in.integer<std::uint8_t>("label kind", 0, 2));
    any_keyword = any_keyword || label.kind == LabelKind::keyword;
    for (const Label& other : labels) {
      if (other.name == label.name) {
        in.fail("label", "'" + label.name + "' twice", "labels that differ");
      }
    }
    labels.push_back(std::move(label));
  }
  if (!any_keyword) {
    in.fail("labels", "no keyword", "at least one");
  }
  return labels;
}

/// Called after each layer: as long as the layers before it were in range, nothing here overflows.
void check_window(const ByteReader& in, const Model& m) {
  if (m.step_stride_frames() > limits::window_frames || m.window_frames() > limits::window_frames) {
    in.fail("window",
            std::to_string(m.window_frames()) + " frames, steps " + std::to_string(m.step_stride_frames()) +
                " frames apart",
            "at most " + std::to_string(limits::window_frames) + " of both");
  }
}

void check_memory(const ByteReader& in, const Model& m) {
  if (m.stream_bytes() > limits::stream_bytes) {
    in.fail("working memory", std::to_string(m.stream_bytes()) + " bytes a stream",
            "at most " + std::to_string(limits::stream_bytes));
  }
}

/// Sizes, layers and classifier of a net whose features and labels are known.
void read_net(ByteReader& in, Model& m, const NetRules& rules) {
  m.steps = read_size(in, "steps", 1, limits::steps);
  m.memory_size = read_size(in, "memory_size", 1, limits::channels);
  m.hidden_size = read_size(in, "hidden_size", 1, limits::channels);
  const int conv_layers = read_size(in, "front-end layers", 1, limits::conv_layers);
  Activations before;
  before.freq = static_cast<int>(m.features.coefficients);
  for (int i = 0; i < conv_layers; ++i) {
    m.front_end.push_back(read_conv(in, before, i + 1 == conv_layers, m.memory_size));
    const ConvLayer& layer = m.front_end.back();
    before = {Place::conv, layer.output, layer.out_planes, layer.out_channels, layer.handed_freq()};
    if (layer.output == OutputKind::rows) {
      std::swap(before.channels, before.freq);
    }
    check_window(in, m);
  }
  const int blocks = read_size(in, "blocks", rules.fewest_blocks, limits::blocks);
  for (int i = 0; i < blocks; ++i) {
    m.blocks.push_back(read_block(in, m.streaming, m.memory_size, m.hidden_size));
  }
  const LayerKind kind =
      read_kind(in, m.streaming ? Place::stream_classifier : Place::classifier, "classifier kind");
  m.classifier = read_weights(in, kind, 1, static_cast<int>(m.labels.size()), m.memory_size * m.steps,
                              "classifier weights");
}

DetectorParams read_detector(ByteReader& in) {
  DetectorParams p;
  p.smoothing_seconds = in.real<double>("detector smoothing_seconds", 0.001, 5.0);
  p.rivals_share = in.real<double>("detector rivals_share", 0.0, 1.0);
  p.min_windows = in.integer<std::uint8_t>("detector min_windows", 1, 50);
  p.refractory_seconds = in.real<double>("detector refractory_seconds", 0.0, 3600.0);
  p.rearm_ratio = in.real<double>("detector rearm_ratio", 0.0, 1.0);
  p.warm_up_seconds = in.real<double>("detector warm_up_seconds", 0.0, 3600.0);
  p.word_seconds = in.real<double>("detector word_seconds", 0.0, 10.0);
  return p;
}

std::shared_ptr<const SecondStage> read_second_stage(ByteReader& in, const Model& m) {
  if (in.integer<std::uint8_t>("second stages", 0, 1) == 0) {
    return nullptr;
  }
  auto second = std::make_shared<SecondStage>();
  second->gate = in.real("second stage gate", 0.0F, never_opens);
  second->net.features = m.features;
  second->net.labels = m.labels;
  read_net(in, second->net, second_stage);
  second->net.branches[0] = read_branch(in, second->net, second_stage);
  return second;
}

Model read_payload(ByteReader& in, std::uint32_t version) {
  Model m;
  m.streaming = version == model_format::streaming_version;
  m.name = read_name(in, "name");
  m.provenance = in.text("provenance", limits::provenance_bytes);
  if (!is_utf8(m.provenance)) {
    in.fail("provenance", "bytes that are not UTF-8", "UTF-8 text");
  }
  m.features = read_features(in);
  m.labels = read_labels(in);
  read_net(in, m, first_stage);
  for (Branch& branch : m.branches) {
    branch = read_branch(in, m, first_stage);
  }
  if (version != model_format::window_version) {
    m.detector = read_detector(in);
    m.second = read_second_stage(in, m);
  }
  check_memory(in, m);
  if (in.remaining() != 0) {
    in.fail("end of model", std::to_string(in.remaining()) + " bytes more", "none");
  }
  return m;
}

}  // namespace

FeatureParams read_features(ByteReader& in) {
  FeatureParams p;
  p.sample_rate_hz = in.integer<std::uint32_t>("sample_rate_hz", 16000, 16000);
  p.frame_samples = in.value<std::uint32_t>("frame_samples");
  p.hop_samples = in.value<std::uint32_t>("hop_samples");
  p.fft_size = in.value<std::uint32_t>("fft_size");
  p.mel_bands = in.value<std::uint32_t>("mel_bands");
  p.coefficients = in.integer<std::uint32_t>("coefficients", 4, 128);
  p.mel_low_hz = in.value<float>("mel_low_hz");
  p.mel_high_hz = in.value<float>("mel_high_hz");
  p.log_floor = in.value<float>("log_floor");
  p.mean = in.array<float>(p.coefficients, "feature mean");
  p.scale = in.array<float>(p.coefficients, "feature scale");
  try {
    validate(p);
  } catch (const Error& error) {
    in.fail("features", error.what(), "parameters in range");
  }
  return p;
}

Model parse_model(std::span<const std::byte> bytes, std::string_view source) {
  ByteReader header(bytes, source);
  if (bytes.size() > max_model_bytes) {
    header.fail("size", std::to_string(bytes.size()) + " bytes",
                "at most " + std::to_string(max_model_bytes));
  }
  const auto found = header.take(model_format::magic.size(), "magic");
  if (std::memcmp(found.data(), model_format::magic.data(), found.size()) != 0) {
    header.fail("magic", "other bytes", "'" + std::string(model_format::magic) + "': not a kwsd model");
  }
  const auto version = header.value<std::uint32_t>("version");
  if (version < model_format::window_version || version > model_format::staged_version) {
    header.fail(
        "version", std::to_string(version),
        std::to_string(model_format::window_version) + " to " + std::to_string(model_format::staged_version));
  }
  const auto payload_bytes = header.value<std::uint32_t>("payload size");
  const auto checksum = header.value<std::uint32_t>("checksum");
  if (payload_bytes != header.remaining()) {
    header.fail("payload size", std::to_string(header.remaining()) + " bytes", std::to_string(payload_bytes));
  }
  const auto payload = bytes.subspan(model_format::header_bytes);
  if (model_format::crc32(payload) != checksum) {
    header.fail("checksum", std::to_string(model_format::crc32(payload)), std::to_string(checksum));
  }
  ByteReader in(payload, source);
  return read_payload(in, version);
}

}  // namespace kwsd
