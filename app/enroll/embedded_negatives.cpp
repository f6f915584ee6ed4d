#include "app/enroll/embedded_negatives.h"

#include <algorithm>
#include <memory>

#include "app/base/parallel.h"
#include "app/enroll/negative_streams.h"

namespace kwsd {
namespace {

constexpr std::size_t moment_stride = 2;  // every second window, in the branches in turn
constexpr double ridge = 16;              // of the covariance, whose eigenvalues are 0.7 to 9,000

}  // namespace

EmbeddedNegatives::EmbeddedNegatives(const Network& network, const Negatives& negatives, unsigned threads) {
  embed(network, negatives, threads);
  sum(negatives, threads);
}

void EmbeddedNegatives::embed(const Network& network, const Negatives& negatives, unsigned threads) {
  std::vector<Embeddings> parts(negatives.runs.size());
  parallel_for_each_thread(parts.size(), threads, [&] {
    return [&, embedder = std::make_shared<Embedder>(network, network.model().hop_frames())](std::size_t i) {
      embedder->add(negatives.frames_of(negatives.runs[i]), parts[i]);
    };
  });
  NegativeTimeline time(negatives.features);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    time.next_run(negatives.runs[i]);
    all.size = parts[i].size;
    for (const std::int64_t end : parts[i].ends) {
      all.ends.push_back(time.end_sample(end));
      run_of.push_back(i);
      frame_of.push_back(end);
    }
    for (std::size_t b = 0; b < branch_count; ++b) {
      all.values[b].insert(all.values[b].end(), parts[i].values[b].begin(), parts[i].values[b].end());
      parts[i].values[b] = {};
    }
  }
}

/// Mean and covariance of all windows.
void EmbeddedNegatives::sum(const Negatives& negatives, unsigned threads) {
  const std::size_t parts = std::max(1U, threads);
  std::vector<Moments> moments(parts, Moments(all.size));
  parallel_for(parts, threads, [&](std::size_t part) {
    for (std::size_t w = part * moment_stride; w < all.windows(); w += parts * moment_stride) {
      moments[part].add(all.of(w / moment_stride % branch_count, w), negatives.runs[run_of[w]].weight);
    }
  });
  for (std::size_t part = 1; part < parts; ++part) {
    moments[0].add(moments[part]);
  }
  mean = moments[0].mean();
  covariance.emplace(moments[0].covariance(ridge), all.size);
}

}  // namespace kwsd
