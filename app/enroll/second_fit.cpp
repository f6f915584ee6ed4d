#include "app/enroll/second_fit.h"

#include <algorithm>
#include <cmath>

#include "app/base/parallel.h"
#include "app/enroll/logistic.h"
#include "app/enroll/negative_streams.h"
#include "app/enroll/score_scale.h"
#include "engine/model/error.h"
#include "engine/spotter/posterior_stream.h"

namespace kwsd {
namespace {

constexpr double open_share = 0.03;  // of the windows of other people's talk
constexpr float impossible = -30;    // logit of silence
constexpr int word_hop_frames = 2;

float sigmoid(float x) noexcept {
  return 1 / (1 + std::exp(-x));
}

float logit(float p) noexcept {
  constexpr float least = 1e-6F;
  p = std::clamp(p, least, 1 - least);
  return std::log(p / (1 - p));
}

std::vector<float> logits(std::vector<float> posteriors) {
  std::transform(posteriors.begin(), posteriors.end(), posteriors.begin(), logit);
  return posteriors;
}

/// Posteriors of the windows that end with the word.
std::array<std::vector<float>, branch_count> of_variations(const Network& network,
                                                           const std::vector<Variation>& variations) {
  std::array<std::vector<float>, branch_count> out;
  const std::size_t width = network.model().features.coefficients;
  PosteriorStream stream(network, 1, KeptBranches::all);
  for (const Variation& variation : variations) {
    stream.reset();
    const std::vector<std::int64_t> ends = variation.ends(network.model().hop_frames());
    for (std::size_t f = 0; (f + 1) * width <= variation.frames.size(); ++f) {
      static_cast<void>(stream.push_frame(std::span(variation.frames).subspan(f * width, width)));
      if (!std::binary_search(ends.begin(), ends.end(), static_cast<std::int64_t>(f) + 1)) {
        continue;
      }
      for (std::size_t b = 0; b < branch_count; ++b) {
        const auto newest = stream.classify(static_cast<BranchId>(b));
        if (!newest.empty()) {
          out[b].push_back(newest.back().values[0]);
        }
      }
    }
  }
  return out;
}

}  // namespace

FirstOnNegatives first_on_negatives(const Network& network, const Negatives& negatives, unsigned threads) {
  const Model& model = network.model();
  if (!(model.features == negatives.features)) {
    throw Error(ErrorKind::usage,
                "the negatives have other features than the model, expected those of the same base");
  }
  const auto runs = negatives.without({model.labels[0].name});
  std::vector<FirstOnNegatives> parts(runs.size());
  const std::size_t width = negatives.features.coefficients;
  parallel_for_each_thread(runs.size(), threads, [&] {
    const auto stream = std::make_shared<PosteriorStream>(network, model.hop_frames(), KeptBranches::all);
    return [&, stream](std::size_t i) {
      stream->reset();
      const std::span<const std::int8_t> frames = negatives.frames_of(*runs[i]);
      for (std::size_t f = 0; f < runs[i]->frames; ++f) {
        if (!stream->push_frame(frames.subspan(f * width, width))) {
          continue;
        }
        std::array<float, branch_count> values{};
        std::int64_t end = 0;
        for (std::size_t b = 0; b < branch_count; ++b) {
          const auto newest = stream->classify(static_cast<BranchId>(b));
          end = newest.empty() ? end : newest.back().end_frame;
          values[b] = newest.empty() ? 0.0F : newest.back().values[0];
        }
        if (end > 0) {
          parts[i].ends.push_back(end);
          for (std::size_t b = 0; b < branch_count; ++b) {
            parts[i].posteriors[b].push_back(values[b]);
          }
        }
      }
    };
  });
  FirstOnNegatives out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out.ends.insert(out.ends.end(), parts[i].ends.begin(), parts[i].ends.end());
    out.runs.insert(out.runs.end(), parts[i].ends.size(),
                    static_cast<std::size_t>(runs[i] - negatives.runs.data()));
    for (std::size_t b = 0; b < branch_count; ++b) {
      out.posteriors[b].insert(out.posteriors[b].end(), parts[i].posteriors[b].begin(),
                               parts[i].posteriors[b].end());
    }
  }
  out.hours = hours_of(negatives, runs);
  return out;
}

void spread_posteriors(Model& model, const FirstOnNegatives& first, const std::vector<Variation>& variations,
                       const Kernels& kernels) {
  const Network network(std::make_shared<const Model>(model), kernels);
  const auto of_word = of_variations(network, variations);
  for (std::size_t b = 0; b < branch_count; ++b) {
    if (of_word[b].empty() || first.posteriors[b].empty()) {
      continue;
    }
    const ScoreScale spread = score_scale(logits(first.posteriors[b]), logits(of_word[b]), first.hours);
    if (spread.scale > 1) {
      continue;  // not as sure as all that, or of nothing
    }
    ClassifierParams& params = model.branches[b].classifier;
    for (std::vector<float>* values : {&params.scale, &params.bias}) {
      std::transform(values->begin(), values->end(), values->begin(),
                     [&](float value) { return value * spread.scale; });
    }
    params.bias[0] += spread.bias;
  }
}

SecondFit::SecondFit(const Model& base, const Kernels& kernels, const Negatives& negatives, unsigned threads)
    : base_(base),
      negatives_(negatives),
      threads_(threads),
      network_(std::shared_ptr<const Model>(base.second, &base.second->net), kernels) {}

float SecondFit::gate_of(const FirstOnNegatives& first) const {
  std::vector<float> talk;
  for (std::size_t w = 0; w < first.runs.size(); ++w) {
    if (negatives_.runs[first.runs[w]].kind == NegativeKind::plain) {
      talk.push_back(first.posteriors[0][w]);
    }
  }
  const auto open = static_cast<std::size_t>(open_share * static_cast<double>(talk.size()));
  return highest(talk.empty() ? first.posteriors[0] : std::move(talk), open);
}

Opened SecondFit::open(const FirstOnNegatives& first) const {
  Opened out;
  out.hours = first.hours;
  out.row_of.assign(first.ends.size(), -1);
  if (first.ends.empty()) {
    return out;
  }
  out.gate = gate_of(first);
  struct Part {
    std::size_t run;
    std::vector<std::int64_t> ends;
    Embeddings vectors;
  };
  std::vector<Part> parts;
  std::ptrdiff_t rows = 0;
  for (std::size_t w = 0; w < first.ends.size(); ++w) {
    const bool opens = std::any_of(first.posteriors.begin(), first.posteriors.end(),
                                   [&](const auto& of_branch) { return of_branch[w] >= out.gate; });
    if (opens) {
      if (parts.empty() || parts.back().run != first.runs[w]) {
        parts.push_back({first.runs[w], {}, {}});
      }
      parts.back().ends.push_back(first.ends[w]);
      out.runs.push_back(first.runs[w]);
      out.row_of[w] = rows++;
    }
  }
  parallel_for_each_thread(parts.size(), threads_, [&] {
    return [&, embedder = std::make_shared<Embedder>(network_, base_.hop_frames())](std::size_t i) {
      embedder->add_at(negatives_.frames_of(negatives_.runs[parts[i].run]), parts[i].ends, parts[i].vectors);
    };
  });
  for (const Part& part : parts) {
    out.vectors.append(part.vectors);
  }
  return out;
}

Opened half_of(const Opened& opened, bool odd) {
  Opened out;
  out.gate = opened.gate;
  out.hours = opened.hours / 2;
  out.vectors.size = opened.vectors.size;
  for (std::size_t i = 0; i < opened.runs.size(); ++i) {
    if ((opened.runs[i] % 2 == 1) == odd) {
      const auto row = opened.vectors.of(0, i);
      out.vectors.ends.push_back(opened.vectors.ends[i]);
      out.vectors.values[0].insert(out.vectors.values[0].end(), row.begin(), row.end());
    }
  }
  return out;
}

Embeddings SecondFit::of_word(const std::vector<Variation>& variations) const {
  Embeddings out;
  Embedder embedder(network_, word_hop_frames);
  for (const Variation& variation : variations) {
    embedder.add_at(variation.frames, variation.ends(word_hop_frames), out);
  }
  return out;
}

Embeddings SecondFit::of_sound(std::span<const std::int8_t> frames) const {
  Embeddings out;
  Embedder(network_, base_.hop_frames()).add(frames, out);
  return out;
}

std::shared_ptr<const SecondStage> SecondFit::fit(const Opened& opened,
                                                  const std::vector<const Embeddings*>& word,
                                                  const std::vector<Label>& labels) const {
  std::vector<std::int8_t> rows;
  for (const Embeddings* recording : word) {
    rows.insert(rows.end(), recording->values[0].begin(), recording->values[0].end());
  }
  if (rows.empty() || opened.vectors.windows() == 0) {
    return nullptr;
  }
  const std::size_t size = opened.vectors.size;
  const std::vector<float> weights = logistic_weights(rows, opened.vectors.values[0], size);
  const auto scores_of = [&](std::span<const std::int8_t> of) {
    std::vector<float> scores(of.size() / size);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      scores[i] = weighted_sum(weights, of.subspan(i * size, size));
    }
    return scores;
  };
  const ScoreScale scale = score_scale(scores_of(opened.vectors.values[0]), scores_of(rows), opened.hours);
  auto out = std::make_shared<SecondStage>(*base_.second);
  out->gate = opened.gate;
  out->net.labels = labels;
  out->net.classifier = {};
  out->net.classifier.kind = LayerKind::float32;
  out->net.classifier.inputs = static_cast<int>(size);
  out->net.classifier.outputs = static_cast<int>(labels.size());
  out->net.classifier.float32 = weights;
  out->net.classifier.float32.resize(labels.size() * size, 0.0F);
  ClassifierParams& params = out->net.branches[0].classifier;
  params.scale.assign(labels.size(), 1.0F);
  params.bias.assign(labels.size(), impossible);
  params.bias[1] = 0;
  params.scale[0] = scale.scale;
  params.bias[0] = scale.bias;
  return out;
}

float posterior_of_both(const SecondStage& second, float first, std::span<const std::int8_t> row) noexcept {
  const ClassifierParams& params = second.net.branches[0].classifier;
  const std::span<const float> weights = std::span(second.net.classifier.float32).first(row.size());
  return first < second.gate
             ? first
             : 0.5F * (first + sigmoid(params.scale[0] * weighted_sum(weights, row) + params.bias[0]));
}

}  // namespace kwsd
