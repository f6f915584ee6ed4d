// Hard negatives: false accepts are so rare in running speech that windows drawn at random hardly hold any;
// so the net that is being trained looks for them itself. Thread: one.
#pragma once

#include <vector>

#include "models/trainer/data/dataset.h"
#include "models/trainer/data/random.h"
#include "models/trainer/data/window_maker.h"
#include "models/trainer/net/network.h"

namespace kwsd::train {

/// Windows of the training split's running speech in which a branch of `net` gives a keyword a posterior of
/// at least hard_posterior. Looks at a random quarter of the stretches, every window a front-end step apart
/// as in a stream; half of them under noise. Changes nothing of the net; the same for the same random
/// numbers.
[[nodiscard]] std::vector<HardWindow> find_hard_windows(NetImpl& net, const FeatureParams& features,
                                                        const Dataset& dataset, Random& random);
inline constexpr double hard_posterior = 0.15;

}  // namespace kwsd::train
