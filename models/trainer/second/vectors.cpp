#include "models/trainer/second/vectors.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "engine/model/error.h"
#include "models/trainer/net/provenance.h"
#include "models/trainer/second/embedding.h"

namespace kwsd::train {
namespace {

/// A vector is 96 int8 values of one row. The linear layer hands them on as they are: 64 * 1/2 = 32 times in
/// the residual stream, 1/32 of which the classifier sees.
constexpr std::int8_t weight = 64;
constexpr std::int16_t half = 16384, thirty_second = 1024, unchanged = 32767;

ConvLayer handed_on(int channels) {
  ConvLayer linear;
  linear.in_channels = linear.out_channels = channels;
  linear.weights.kind = LayerKind::int8;
  linear.weights.inputs = linear.weights.outputs = channels;
  const auto n = static_cast<std::size_t>(channels);
  linear.weights.int8.assign(n * n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    linear.weights.int8[i * n + i] = weight;
  }
  linear.affine.channels.assign(n, {half, 0, unchanged, 0});
  linear.output = OutputKind::residual;
  return linear;
}

}  // namespace

Model vectors_of(const SecondStage& second) {
  Model net = second.net;
  constexpr std::size_t after_vectors = 2;  // a conv and the linear layer
  const bool deep = net.front_end.size() > after_vectors && net.blocks.empty();
  const ConvLayer* last = deep ? &net.front_end[net.front_end.size() - after_vectors - 1] : nullptr;
  if (last == nullptr || last->output != OutputKind::int8 || last->out_freq != 1 ||
      last->out_channels != SpeechEmbedding::channels) {
    throw Error(ErrorKind::usage,
                "--second: found a second stage of another shape, expected one of "
                "train-second, with vectors of " +
                    std::to_string(SpeechEmbedding::channels) + " values");
  }
  net.front_end.resize(net.front_end.size() - after_vectors);
  net.front_end.push_back(handed_on(SpeechEmbedding::channels));
  net.memory_size = net.hidden_size = SpeechEmbedding::channels;
  ClassifierParams& params = net.branches[0].classifier;
  params.input.shift = 0;
  params.input.channels.assign(SpeechEmbedding::channels, {thirty_second, 0, 0, 0});
  net.classifier = {};
  net.classifier.kind = LayerKind::int8;
  net.classifier.inputs = net.memory_size * net.steps;
  return net;
}

void add_vectors(Model& base, const Model& from) {
  if (!from.second) {
    throw Error(ErrorKind::usage, "--second: " + from.name + " has no second stage, expected one");
  }
  if (!(from.features == base.features)) {
    throw Error(ErrorKind::usage,
                "--second: " + from.name + " has other features than " + base.name + ", expected the same");
  }
  auto second = std::make_shared<SecondStage>();
  second->gate = never_opens;
  second->net = vectors_of(*from.second);
  second->net.labels = base.labels;
  second->net.classifier.outputs = static_cast<int>(base.labels.size());
  second->net.classifier.int8.assign(
      base.labels.size() * static_cast<std::size_t>(second->net.classifier.inputs), 0);
  ClassifierParams& params = second->net.branches[0].classifier;
  params.scale.assign(base.labels.size(), 1.0F);
  params.bias.assign(base.labels.size(), 0.0F);
  base.second = std::move(second);
  copy_second_stage(base, from);
}

}  // namespace kwsd::train
