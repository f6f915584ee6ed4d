#include "app/enroll/negative_streams.h"

#include <algorithm>
#include <vector>

#include "engine/model/error.h"

namespace kwsd {
namespace {

constexpr std::int64_t apart_samples = 32000;

void append(StreamPosteriors& to, std::int64_t end,
            const std::array<std::vector<float>, branch_count>& values) {
  to.end_samples.push_back(end);
  for (std::size_t b = 0; b < branch_count; ++b) {
    to.posteriors[b].insert(to.posteriors[b].end(), values[b].begin(), values[b].end());
  }
}

}  // namespace

std::int64_t NegativeTimeline::end_sample(std::int64_t frame) const noexcept {
  return start_ + (frame - 1) * features_.hop_samples + features_.frame_samples;
}

void NegativeTimeline::next_run(const NegativeRun& run) noexcept {
  start_ = next_;
  next_ = end_sample(static_cast<std::int64_t>(run.frames)) + apart_samples;
}

NegativeLengths lengths_of(const Negatives& negatives, std::span<const NegativeRun* const> runs) {
  NegativeLengths lengths;
  std::vector<bool> used(negatives.collections.size(), false);
  for (const NegativeRun* run : runs) {
    used[run->collection] = true;
    if (run->kind != NegativeKind::hard) {
      lengths.plain += static_cast<std::int64_t>(run->frames * negatives.features.hop_samples);
    }
  }
  for (std::size_t c = 0; c < used.size(); ++c) {
    const double hours = used[c] ? negatives.collections[c].hours : 0;
    lengths.all += static_cast<std::int64_t>(hours * 3600 * negatives.features.sample_rate_hz);
  }
  lengths.all = std::max(lengths.all, lengths.plain);
  return lengths;
}

double hours_of(const Negatives& negatives, std::span<const NegativeRun* const> runs) {
  return static_cast<double>(lengths_of(negatives, runs).all) / negatives.features.sample_rate_hz / 3600;
}

NegativeStreams classify_negatives(const Network& network, const Negatives& negatives,
                                   std::span<const NegativeRun* const> runs) {
  const Model& model = network.model();
  if (!(model.features == negatives.features)) {
    throw Error(ErrorKind::usage,
                "the negatives have other features than the model, expected those of the same base");
  }
  NegativeStreams out;
  NegativeTimeline time(negatives.features);
  PosteriorStream stream(network, model.hop_frames(), KeptBranches::all);
  std::array<std::vector<float>, branch_count> values;
  for (const NegativeRun* run : runs) {
    time.next_run(*run);
    stream.reset();
    const std::span<const std::int8_t> frames = negatives.frames_of(*run);
    const std::size_t width = negatives.features.coefficients;
    for (std::size_t f = 0; f < run->frames; ++f) {
      if (!stream.push_frame(frames.subspan(f * width, width))) {
        continue;
      }
      std::int64_t end = 0;
      bool whole = true;  // a branch that looks ahead has none yet
      for (std::size_t b = 0; b < branch_count; ++b) {
        const auto newest = stream.classify(static_cast<BranchId>(b));
        whole = whole && !newest.empty();
        if (!newest.empty()) {
          end = newest.back().end_frame;
          values[b].assign(newest.back().values.begin(), newest.back().values.end());
        }
      }
      if (whole) {
        append(out.all.windows, time.end_sample(end), values);
        if (run->kind != NegativeKind::hard) {
          append(out.plain.windows, time.end_sample(end), values);
        }
      }
    }
  }
  const NegativeLengths lengths = lengths_of(negatives, runs);
  out.plain.windows.samples = lengths.plain;
  out.all.windows.samples = lengths.all;
  return out;
}

}  // namespace kwsd
