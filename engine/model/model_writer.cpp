// Writing model files: the mirror image of model_reader.cpp.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "engine/model/byte_io.h"
#include "engine/model/error.h"
#include "engine/model/feature_io.h"
#include "engine/model/model_file.h"
#include "engine/model/model_format.h"

namespace kwsd {
namespace {

using model_format::product;

void write_bits(ByteWriter& out, const BitMatrix& m) {
  const std::size_t row_bytes = (static_cast<std::size_t>(m.cols) + 7) / 8;
  for (int r = 0; r < m.rows; ++r) {
    out.array(std::as_bytes(std::span(m.words)).subspan(product(r, m.row_words()) * 8, row_bytes));
  }
}

void write_affine(ByteWriter& out, const Affine& affine, std::size_t fields) {
  out.value(affine.shift);
  for (const ChannelAffine& c : affine.channels) {
    const std::array all{c.mult, c.bias, c.slope, c.sign_at_least};
    out.array(std::span<const std::int16_t>(all).first(fields));
  }
}

void write_hidden_thresholds(ByteWriter& out, const std::vector<std::int16_t>& at_least, int inputs) {
  for (const std::int16_t threshold : at_least) {
    const int count = model_format::agreements(threshold, inputs);
    model_format::agreements_fit_byte(inputs) ? out.value(static_cast<std::uint8_t>(count))
                                              : out.value(static_cast<std::uint16_t>(count));
  }
}

void write_weights(ByteWriter& out, const Weights& w) {
  if (w.kind == LayerKind::int8) {
    out.array(std::span(w.int8));
  } else if (w.kind == LayerKind::float32 || w.kind == LayerKind::unit) {
    out.array(std::span(w.float32));
  } else {
    write_bits(out, w.bits);
  }
}

void write_size(ByteWriter& out, std::size_t value) {
  out.value(static_cast<std::uint16_t>(value));
}

void write_conv(ByteWriter& out, const ConvLayer& l) {
  for (const int v :
       {l.out_channels, l.kernel_time, l.kernel_freq, l.stride_time, l.stride_freq, l.pad_freq}) {
    write_size(out, static_cast<std::size_t>(v));
  }
  out.value(l.weights.kind);
  write_weights(out, l.weights);
  out.value(l.output);
  out.value(static_cast<std::uint8_t>(l.out_planes));
  out.value(l.out_shift);
  if (l.output == OutputKind::pooled) {
    for (const int v : {l.pool_time, l.pool_stride, l.pool_freq}) {
      out.value(static_cast<std::uint8_t>(v));
    }
  }
  write_affine(out, l.affine, model_format::conv_fields(l.output));
}

void write_block(ByteWriter& out, bool streaming, const BlockWeights& block) {
  out.value(block.memory_kind);
  if (streaming) {
    out.value(static_cast<std::uint8_t>(block.ahead));
  }
  if (block.memory_kind == LayerKind::bit1) {
    for (std::size_t c = 0; c < block.memory.size() / memory_taps; ++c) {
      unsigned bits = 0;
      for (std::size_t k = 0; k < memory_taps; ++k) {
        bits |= (block.memory[c * memory_taps + k] > 0 ? 1U : 0U) << k;
      }
      out.value(static_cast<std::uint8_t>(bits));
    }
  } else {
    out.array(std::span(block.memory));
  }
  write_bits(out, block.expand);
  write_bits(out, block.project);
}

void write_branch(ByteWriter& out, const Branch& branch, int memory_size) {
  write_size(out, branch.blocks.size());
  out.array(std::span(branch.blocks));
  for (const BlockParams& p : branch.params) {
    out.array(std::span(p.memory_sign_at_least));
    write_affine(out, p.memory, model_format::with_sign);
    write_hidden_thresholds(out, p.hidden_at_least, memory_size);
    write_affine(out, p.project, model_format::with_slope);
  }
  write_affine(out, branch.classifier.input, model_format::scale_and_bias);
  for (std::size_t n = 0; n < branch.classifier.scale.size(); ++n) {
    out.value(branch.classifier.scale[n]);
    out.value(branch.classifier.bias[n]);
    if (!branch.thresholds.empty()) {
      out.value(branch.thresholds[n]);
    }
  }
}

void write_net(ByteWriter& out, const Model& m) {
  for (const int v : {m.steps, m.memory_size, m.hidden_size}) {
    write_size(out, static_cast<std::size_t>(v));
  }
  write_size(out, m.front_end.size());
  for (const ConvLayer& layer : m.front_end) {
    write_conv(out, layer);
  }
  write_size(out, m.blocks.size());
  for (const BlockWeights& block : m.blocks) {
    write_block(out, m.streaming, block);
  }
  out.value(m.classifier.kind);
  write_weights(out, m.classifier);
}

void write_detector(ByteWriter& out, const DetectorParams& p) {
  out.value(p.smoothing_seconds);
  out.value(p.rivals_share);
  out.value(static_cast<std::uint8_t>(p.min_windows));
  for (const double v : {p.refractory_seconds, p.rearm_ratio, p.warm_up_seconds, p.word_seconds}) {
    out.value(v);
  }
}

void write_second_stage(ByteWriter& out, const SecondStage* second) {
  out.value(static_cast<std::uint8_t>(second != nullptr ? 1 : 0));
  if (second != nullptr) {
    out.value(second->gate);
    write_net(out, second->net);
    write_branch(out, second->net.branches[0], second->net.memory_size);
  }
}

std::uint32_t version_of(const Model& m) {
  return m.streaming                                     ? model_format::streaming_version
         : m.second || !(m.detector == DetectorParams{}) ? model_format::staged_version
                                                         : model_format::window_version;
}

void write_payload(ByteWriter& out, const Model& m) {
  out.text(m.name);
  out.text(m.provenance);
  write_features(out, m.features);
  write_size(out, m.labels.size());
  for (const Label& label : m.labels) {
    out.text(label.name);
    out.value(label.kind);
  }
  write_net(out, m);
  for (const Branch& branch : m.branches) {
    write_branch(out, branch, m.memory_size);
  }
  if (version_of(m) != model_format::window_version) {
    write_detector(out, m.detector);
    write_second_stage(out, m.second.get());
  }
}

/// Whether the format can represent the whole model.
bool is_expressible(const Model& m) {
  const auto all_ahead_2 = [](const Model& net) {
    return std::all_of(net.blocks.begin(), net.blocks.end(),
                       [](const BlockWeights& b) { return b.ahead == 2; });
  };
  const auto is_second = [&](const Model& net) {
    return !net.streaming && all_ahead_2(net) && net.branches[0].thresholds.empty() &&
           net.features == m.features;
  };
  return (!m.second || is_second(m.second->net)) && (m.streaming || all_ahead_2(m));
}

}  // namespace

void write_features(ByteWriter& out, const FeatureParams& f) {
  for (const std::uint32_t v :
       {f.sample_rate_hz, f.frame_samples, f.hop_samples, f.fft_size, f.mel_bands, f.coefficients}) {
    out.value(v);
  }
  for (const float v : {f.mel_low_hz, f.mel_high_hz, f.log_floor}) {
    out.value(v);
  }
  out.array(std::span(f.mean));
  out.array(std::span(f.scale));
}

std::vector<std::byte> serialize_model(const Model& model) {
  if (!is_expressible(model)) {
    throw Error(ErrorKind::internal,
                "this model cannot be written: a window net with other filters, or a second stage with other "
                "features");
  }
  ByteWriter payload;
  write_payload(payload, model);
  ByteWriter file;
  file.array(std::span(model_format::magic));
  file.value(version_of(model));
  file.value(static_cast<std::uint32_t>(payload.bytes().size()));
  file.value(model_format::crc32(payload.bytes()));
  file.array(std::span<const std::byte>(payload.bytes()));
  try {
    (void)parse_model(file.bytes(), model.name);
  } catch (const Error& error) {
    throw Error(ErrorKind::internal, std::string("this model cannot be written: ") + error.what());
  }
  return std::move(file.bytes());
}

}  // namespace kwsd
