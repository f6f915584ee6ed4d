// The parameters of the detector: a model file of version 3 has its own. Thread: any, an immutable value.
#pragma once

#include <vector>

namespace kwsd {

/// Defaults suit a one-second window evaluated about every 100 ms: a word lies fully inside several
/// windows, and its mean passes the threshold on the second or third of them.
struct DetectorParams {
  double smoothing_seconds = 0.3;  ///< posteriors are averaged over the windows of this span; (0, 5]
  /// The share of the other keywords' posteriors that counts for the highest one's score, [0, 1]: a net that
  /// wavers between two keywords is sure that one of them was spoken.
  double rivals_share = 0.5;
  int min_windows = 2;              ///< fewest windows in the average before anything is reported; [1, 50]
  double refractory_seconds = 1.0;  ///< per keyword, in stream time; 0 disables; [0, 3600]
  /// (labels), if keywords differ; empty: refractory_seconds for all. No model file contains this.
  std::vector<double> label_refractory_seconds;
  double rearm_ratio = 0.7;      ///< re-armed once the score fell below ratio * max(threshold, 0.1)
  double warm_up_seconds = 0.4;  ///< windows that end this soon after reset are dropped: they hold no whole
                                 ///< word yet; [0, 3600]
  double word_seconds = 0.5;     ///< length a detection gives its word: start = end - this; [0, 10]

  bool operator==(const DetectorParams&) const = default;
};

}  // namespace kwsd
