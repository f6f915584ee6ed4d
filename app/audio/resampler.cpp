#include "app/audio/resampler.h"

#include <samplerate.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "app/base/contract.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

void free_state(void* state) {
  src_delete(static_cast<SRC_STATE*>(state));
}

}  // namespace

Resampler::Resampler(std::uint32_t rate_hz, std::uint32_t out_rate_hz, std::size_t max_input_samples)
    : rate_hz_(rate_hz),
      ratio_(static_cast<double>(out_rate_hz) / rate_hz),
      clean_(max_input_samples),
      out_(static_cast<std::size_t>(
               std::ceil(static_cast<double>(max_input_samples) * std::max(ratio_, 1.0))) +
           4096),
      state_(nullptr, free_state) {
  if (rate_hz == out_rate_hz) {
    return;
  }
  int error = 0;
  state_.reset(src_new(SRC_SINC_FASTEST, 1, &error));
  if (!state_ || src_is_valid_ratio(ratio_) == 0) {
    throw Error(ErrorKind::unavailable, "resampling from " + std::to_string(rate_hz) + " Hz: " +
                                            (state_ ? "the ratio is out of range" : src_strerror(error)));
  }
}

Resampler::~Resampler() = default;

std::span<const float> Resampler::process(std::span<const float> samples, bool last) noexcept {
  check_contract(samples.size() <= clean_.size(), "more samples than the resampler was made for");
  std::transform(samples.begin(), samples.end(), clean_.begin(),
                 [](float x) { return std::isfinite(x) ? x : 0.0F; });
  if (!state_) {
    return {clean_.data(), samples.size()};
  }
  SRC_DATA data{};
  data.data_in = clean_.data();
  data.input_frames = static_cast<long>(samples.size());
  data.data_out = out_.data();
  data.output_frames = static_cast<long>(out_.size());
  data.src_ratio = ratio_;
  data.end_of_input = last ? 1 : 0;
  src_process(static_cast<SRC_STATE*>(state_.get()), &data);
  return {out_.data(), static_cast<std::size_t>(data.output_frames_gen)};
}

}  // namespace kwsd
