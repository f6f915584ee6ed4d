#include "models/trainer/net/golden.h"

#include <spdlog/fmt/fmt.h>

#include "app/base/atomic_file.h"
#include "models/trainer/net/integer_net.h"

namespace kwsd::train {
namespace {

using torch::Tensor;

/// Steps of a streaming model's golden tensors.
constexpr std::int64_t stream_steps = 40;

Tensor made_up_frames(const Model& model) {
  const auto frames = static_cast<std::int64_t>(
      model.streaming ? model.step_frames() + (stream_steps - 1) * model.step_stride_frames()
                      : model.window_frames());
  const auto coefficients = static_cast<std::int64_t>(model.features.coefficients);
  Tensor out = torch::empty({1, frames, coefficients}, torch::kInt64);
  std::uint64_t x = 1;
  for (std::int64_t i = 0; i < frames * coefficients; ++i) {
    x = x * 6364136223846793005U + 1442695040888963407U;
    out.data_ptr<std::int64_t>()[i] = static_cast<std::int64_t>((x >> 33U) % 161U) - 80;
  }
  return out;
}

std::uint64_t fnv1a(const Tensor& values) {
  const Tensor flat = values.contiguous().flatten();
  std::uint64_t hash = 14695981039346656037U;
  for (std::int64_t i = 0; i < flat.numel(); ++i) {
    const auto v = static_cast<std::uint32_t>(flat.data_ptr<std::int64_t>()[i]);
    for (unsigned byte = 0; byte < 4; ++byte) {
      hash = (hash ^ (v >> (8 * byte) & 0xffU)) * 1099511628211U;
    }
  }
  return hash;
}

std::string branch_lines(const Model& model, BranchId id, const Tensor& steps) {
  std::string out;
  const auto line = [&](const char* layer, int index, const Tensor& values) {
    out += fmt::format("{} {} {} {:016x}\n", branch_name(id), layer, index, fnv1a(values));
  };
  const Branch& branch = model.branches[static_cast<std::size_t>(id)];
  const auto lie = [&](const Tensor& rows) { return model.streaming ? rows : rows.transpose(1, 2); };
  Tensor x = steps;
  line("steps", 0, lie(x));
  for (std::size_t i = 0; i < branch.blocks.size(); ++i) {
    const int index = branch.blocks[i];
    const BlockWeights& weights = model.blocks[branch.blocks[i]];
    Tensor m = integer::memory(weights, branch.params[i], x);
    m = model.streaming ? m.slice(1, 0, m.size(1) - weights.ahead) : m;
    const Tensor hidden = integer::expand(weights, branch.params[i], m);
    x = integer::project(weights, branch.params[i], m, hidden);
    line("memory", index, lie(m));
    line("hidden", index, hidden);
    line("project", index, lie(x));
  }
  const Tensor logits = model.streaming ? integer::classify_steps(model, branch, x).select(1, -1)
                                        : integer::classify(model, branch, x);
  out += fmt::format("{} logits", branch_name(id));
  for (std::int64_t n = 0; n < logits.size(1); ++n) {
    out += fmt::format(" {:.6f}", logits[0][n].item<float>());
  }
  return out + "\n";
}

}  // namespace

void write_golden(const Model& model, const std::filesystem::path& path) {
  const Tensor steps = integer::front_end(model, made_up_frames(model));
  std::string text;
  for (const BranchId id : {BranchId::full, BranchId::half, BranchId::quarter}) {
    text += branch_lines(model, id, steps);
  }
  AtomicFile file(path);
  file.write(text.data(), text.size());
  file.commit();
}

}  // namespace kwsd::train
