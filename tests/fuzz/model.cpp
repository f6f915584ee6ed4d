#include <cstdint>
#include <memory>
#include <vector>

#include "engine/model/byte_io.h"
#include "engine/model/model_file.h"
#include "engine/model/model_format.h"
#include "engine/nn/network.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace kwsd::fuzz {
namespace {

std::vector<std::byte> with_header(std::span<const std::byte> payload) {
  ByteWriter file;
  file.array(std::span(model_format::magic));
  file.value(model_format::version);
  file.value(static_cast<std::uint32_t>(payload.size()));
  file.value(model_format::crc32(payload));
  file.array(payload);
  return std::move(file.bytes());
}

/// Products of one window, at most; models that are slow are no find.
double products(const Model& model) {
  double sum = 0;
  for (const ConvLayer& layer : model.front_end) {
    sum += 1.0 * layer.weights.inputs * layer.out_channels * layer.out_freq * layer.weights.planes *
           model.window_frames();
  }
  return sum +
         2.0 * model.memory_size * model.hidden_size * model.steps * static_cast<double>(model.blocks.size());
}

void compute(const std::shared_ptr<const Model>& model) {
  const Network network(model, select_kernels("auto"));
  Stream stream(network);
  std::vector<std::int8_t> frame(model->features.coefficients);
  std::vector<float> posteriors(model->labels.size());
  for (int f = 0; !stream.window_ready(); ++f) {
    for (std::size_t i = 0; i < frame.size(); ++i) {
      frame[i] = static_cast<std::int8_t>((static_cast<std::size_t>(f) * 37 + i * 11) % 255 - 127);
    }
    stream.push_frame(frame);
  }
  for (const BranchId branch : {BranchId::full, BranchId::half, BranchId::quarter}) {
    stream.classify(branch, posteriors);
    for (const float p : posteriors) {
      expect(p >= 0 && p <= 1, "a posterior outside [0, 1]");
    }
  }
}

void parse(std::span<const std::byte> file) {
  Model model;
  if (!refused(ErrorKind::bad_data, [&] { model = parse_model(file, "fuzz"); })) {
    const auto again = serialize_model(model);
    expect(std::equal(again.begin(), again.end(), file.begin(), file.end()),
           "a model that is written otherwise");
    if (products(model) < 2e7) {
      compute(std::make_shared<const Model>(std::move(model)));
    }
  }
}

}  // namespace

void model(std::span<const std::byte> bytes) {
  parse(bytes);
  parse(with_header(bytes));
}

}  // namespace kwsd::fuzz
