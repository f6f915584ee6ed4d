// Hard negatives: false accepts are so rare in speech and noise that windows drawn at random contain hardly
// any; the net being trained therefore searches for them itself. Thread: one.
#pragma once

#include <vector>

#include "app/base/random.h"
#include "models/trainer/data/dataset.h"
#include "models/trainer/data/window_maker.h"
#include "models/trainer/net/network.h"

namespace kwsd::train {

/// Windows of the training split's running speech and noise in which the keywords together have a posterior
/// of at least hard_posterior in a branch of `net`; hard_windows_most of them, drawn at random, if there are
/// more. Searches a random quarter of the stretches, half of the speech under noise, with windows a front-end
/// step apart as in a stream. Does not change the net; the result is the same for the same random numbers and
/// any number of `threads`, which make the features.
[[nodiscard]] std::vector<HardWindow> find_hard_windows(NetImpl& net, const FeatureParams& features,
                                                        const Dataset& dataset, Random& random,
                                                        unsigned threads);
inline constexpr double hard_posterior = 0.2;
inline constexpr std::size_t hard_windows_most = 4000;

}  // namespace kwsd::train
