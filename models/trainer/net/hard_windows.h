// Hard negatives: false accepts are so rare in speech and noise that windows drawn at random contain hardly
// any; the net being trained therefore searches for them itself. Thread: one.
#pragma once

#include <vector>

#include "app/base/random.h"
#include "models/trainer/data/dataset.h"
#include "models/trainer/data/negative_windows.h"
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
/// The same in the file of negatives: of a random tenth of its runs, hard_positions_most positions at most,
/// those of the highest posteriors. A run says the same in every epoch, so that the hardest are taken
/// whatever they reach, from least_posterior.
[[nodiscard]] std::vector<NegativePosition> find_hard_negatives(NetImpl& net,
                                                                const NegativeWindows& negatives,
                                                                Random& random);
inline constexpr double least_posterior = 0.02;
inline constexpr std::size_t hard_positions_most = 400;
inline constexpr double hard_posterior = 0.2;
inline constexpr std::size_t hard_windows_most = 4000;

}  // namespace kwsd::train
