#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "engine/model/byte_io.h"
#include "engine/model/model_file.h"
#include "engine/model/model_format.h"
#include "engine/nn/network.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace kwsd::fuzz {
namespace {

constexpr BranchId branches[] = {BranchId::full, BranchId::half, BranchId::quarter};

std::vector<std::byte> with_header(std::uint32_t version, std::span<const std::byte> payload) {
  ByteWriter file;
  file.array(std::span(model_format::magic));
  file.value(version);
  file.value(static_cast<std::uint32_t>(payload.size()));
  file.value(model_format::crc32(payload));
  file.array(payload);
  return std::move(file.bytes());
}

/// Products of one window, or of a change of branches, at most; models that are slow are no find.
double products(const Model& model) {
  double sum = 0;
  for (const ConvLayer& layer : model.front_end) {
    sum += 1.0 * layer.weights.inputs * layer.out_channels * layer.out_freq * layer.weights.planes *
           model.window_frames();
  }
  sum += 2.0 * model.memory_size * model.hidden_size *
         (model.streaming ? model.reach_steps(BranchId::full) : model.steps) *
         static_cast<double>(model.blocks.size());
  return sum + (model.second ? products(model.second->net) : 0);
}

std::vector<std::int8_t> made_up_frame(const Model& model, int number) {
  std::vector<std::int8_t> frame(model.features.coefficients);
  for (std::size_t i = 0; i < frame.size(); ++i) {
    frame[i] = static_cast<std::int8_t>((static_cast<std::size_t>(number) * 37 + i * 11) % 255 - 127);
  }
  return frame;
}

void check(std::span<const float> posteriors) {
  for (const float p : posteriors) {
    expect(p >= 0 && p <= 1, "a posterior outside [0, 1]");
  }
}

/// A stream that changes branches and pauses, against one that computes all branches at every step.
void compute_stream(const Network& network) {
  const Model& model = network.model();
  Stream stream(network);
  Stream all(network, {}, KeptBranches::all);
  std::map<std::pair<BranchId, std::int64_t>, std::vector<float>> expected;  // by branch and frame
  const int frames = model.step_frames() + 3 * most_pending_steps * model.step_stride_frames();
  for (int f = 0; f < frames; ++f) {
    const auto frame = made_up_frame(model, f);
    stream.push_frame(frame);
    all.push_frame(frame);
    if (!all.window_ready()) {
      continue;
    }
    for (const BranchId branch : branches) {
      for (const Posteriors& result : all.classify(branch)) {
        check(result.values);
        expected[{branch, result.end_frame}].assign(result.values.begin(), result.values.end());
      }
    }
    if (f % 11 != 0 && f % 7 != 0) {
      continue;
    }
    const BranchId branch = branches[static_cast<std::size_t>(f / 14 % branch_count)];
    for (const Posteriors& result : stream.classify(branch)) {
      const auto& wanted = expected[{branch, result.end_frame}];
      expect(std::equal(result.values.begin(), result.values.end(), wanted.begin(), wanted.end()),
             "posteriors that depend on which branches were in force");
    }
  }
}

void compute(const std::shared_ptr<const Model>& model) {
  const Network network(model, select_kernels("auto"));
  if (model->streaming) {
    compute_stream(network);
    return;
  }
  Stream stream(network);
  std::vector<float> posteriors(model->labels.size());
  for (int f = 0; !stream.window_ready(); ++f) {
    stream.push_frame(made_up_frame(*model, f));
  }
  for (const BranchId branch : branches) {
    stream.classify(branch, posteriors);
    check(posteriors);
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
  for (const std::uint32_t version :
       {model_format::window_version, model_format::streaming_version, model_format::staged_version}) {
    parse(with_header(version, bytes));
  }
}

}  // namespace kwsd::fuzz
