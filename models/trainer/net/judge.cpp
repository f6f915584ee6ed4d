#include "models/trainer/net/judge.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/kernels/kernels.h"
#include "engine/model/error.h"
#include "engine/nn/network.h"
#include "models/trainer/data/tensors.h"
#include "models/trainer/net/integer_net.h"

namespace kwsd::train {

using torch::Tensor;

namespace {

constexpr double posterior_tolerance = 1e-4;

/// Concatenates the results of `run(batch, branch)`, per branch.
template <class Run>
Posteriors over_batches(const std::vector<Batch>& batches, int branches, Run&& run) {
  torch::NoGradGuard no_grad;
  std::vector<std::vector<Tensor>> parts(static_cast<std::size_t>(branches));
  for (const Batch& batch : batches) {
    for (int b = 0; b < branches; ++b) {
      parts[static_cast<std::size_t>(b)].push_back(run(batch, b));
    }
  }
  Posteriors out;
  for (const auto& part : parts) {
    out.push_back(torch::cat(part));
  }
  return out;
}

}  // namespace

Tensor true_labels(const std::vector<Batch>& batches) {
  std::vector<Tensor> parts;
  for (const Batch& batch : batches) {
    parts.push_back(to_tensors(batch).labels);
  }
  return torch::cat(parts);
}

Posteriors engine_posteriors(std::shared_ptr<const Model> model, const std::vector<Batch>& batches) {
  const auto labels = static_cast<std::int64_t>(model->labels.size());
  const Network network(std::move(model), select_kernels("auto"));
  Stream stream(network);
  return over_batches(batches, branch_count, [&](const Batch& batch, int branch) {
    Tensor out = torch::zeros({static_cast<std::int64_t>(batch.size), labels});
    std::vector<std::int8_t> frame(batch.coefficients);
    for (std::size_t i = 0; i < batch.size; ++i) {
      stream.reset();
      for (std::size_t f = 0; f < batch.frames; ++f) {
        const float* values = batch.features.data() + (i * batch.frames + f) * batch.coefficients;
        std::transform(values, values + batch.coefficients, frame.begin(),
                       [](float v) { return static_cast<std::int8_t>(v); });
        stream.push_frame(frame);
      }
      float* row = out.data_ptr<float>() + static_cast<std::int64_t>(i) * labels;
      stream.classify(static_cast<BranchId>(branch), std::span(row, static_cast<std::size_t>(labels)));
    }
    return out;
  });
}

Posteriors trained_posteriors(NetImpl& net, const std::vector<Batch>& batches) {
  net.eval();
  return over_batches(batches, net.options.branches(), [&](const Batch& batch, int branch) {
    const auto out = net.forward(to_tensors(batch).features, branch + 1);
    return torch::softmax(out.back().logits, 1);
  });
}

Posteriors integer_posteriors(const Model& model, const std::vector<Batch>& batches) {
  return over_batches(batches, branch_count, [&](const Batch& batch, int branch) {
    return torch::softmax(integer::logits(model, static_cast<BranchId>(branch), to_tensors(batch).features),
                          1);
  });
}

double accuracy(const Tensor& posteriors, const Tensor& labels) {
  return 100 * posteriors.argmax(1).eq(labels).to(torch::kFloat64).mean().item<double>();
}

std::string report(const Posteriors& posteriors, const Tensor& labels, const std::vector<Label>& names) {
  const auto clips = static_cast<double>(labels.size(0));
  std::string out =
      fmt::format("{:.0f} clips.\n\n| branch | accuracy, % | standard error |\n|---|---|---|\n", clips);
  for (std::size_t b = 0; b < posteriors.size(); ++b) {
    const double right = accuracy(posteriors[b], labels);
    out += fmt::format("| {} | {:.2f} | {:.2f} |\n", branch_name(static_cast<BranchId>(b)), right,
                       std::sqrt(right * (100 - right) / clips));
  }
  for (std::size_t b = 0; b < posteriors.size(); ++b) {
    out += fmt::format("\nConfusion, {} branch (rows: the word spoken; columns: the prediction):\n\n|  |",
                       branch_name(static_cast<BranchId>(b)));
    std::string rule = "|---|";
    for (const Label& name : names) {
      out += fmt::format(" {} |", name.name);
      rule += "---|";
    }
    out += "\n" + rule + "\n";
    const Tensor found = posteriors[b].argmax(1);
    for (std::int64_t row = 0; row < static_cast<std::int64_t>(names.size()); ++row) {
      out += fmt::format("| {} |", names[static_cast<std::size_t>(row)].name);
      for (std::int64_t column = 0; column < static_cast<std::int64_t>(names.size()); ++column) {
        out += fmt::format(" {} |", (labels.eq(row) & found.eq(column)).sum().item<std::int64_t>());
      }
      out += "\n";
    }
  }
  return out;
}

std::string report_json(const Posteriors& posteriors, const Tensor& labels, const std::vector<Label>& names) {
  nlohmann::json out{{"clips", labels.size(0)}};
  const auto count = static_cast<std::int64_t>(names.size());
  for (const Label& name : names) {
    out["labels"].push_back(name.name);
  }
  for (const Tensor& branch : posteriors) {
    out["accuracy"].push_back(accuracy(branch, labels));
    const Tensor cells = torch::bincount(labels * count + branch.argmax(1), {}, count * count);
    nlohmann::json rows;
    for (std::int64_t row = 0; row < count; ++row) {
      const Tensor one = cells.slice(0, row * count, (row + 1) * count).contiguous();
      rows.push_back(
          std::vector<std::int64_t>(one.data_ptr<std::int64_t>(), one.data_ptr<std::int64_t>() + count));
    }
    out["confusion"].push_back(rows);
  }
  return out.dump(1);
}

void require_same(const Posteriors& engine, const Posteriors& integer) {
  for (std::size_t b = 0; b < engine.size(); ++b) {
    const auto other = engine[b].argmax(1).ne(integer[b].argmax(1)).sum().item<std::int64_t>();
    const double apart = (engine[b] - integer[b]).abs().max().item<double>();
    if (other != 0 || apart > posterior_tolerance) {
      throw Error(
          ErrorKind::internal,
          fmt::format("export: the {} branch of the engine differs from the trainer's integers: {} of {} "
                      "clips have another top-1, posteriors differ by up to {:.2g}, expected 0 and {:.0g}",
                      branch_name(static_cast<BranchId>(b)), other, engine[b].size(0), apart,
                      posterior_tolerance));
    }
  }
}

}  // namespace kwsd::train
