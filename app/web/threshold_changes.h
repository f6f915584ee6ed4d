// Thresholds that were changed while kwsd listens, by its answers at the control socket. Thread: any, pure.
#pragma once

#include <string>
#include <vector>

#include "app/settings/threshold_config.h"

namespace kwsd {

struct ThresholdChanges {
  std::vector<NamedThreshold> words;      ///< in force, and others than the configuration gives
  std::vector<std::string> other_models;  ///< that the configuration does not name: it can have no threshold
                                          ///< of their words, which are left out
};

/// `in_force`, `configured`: answers to the requests `keywords` and `configured`. Throws Error: that of an
/// answer; usage if a threshold was changed in one branch alone, which a configuration file cannot express;
/// unavailable for an answer that is not kwsd's.
[[nodiscard]] ThresholdChanges threshold_changes(const std::string& in_force, const std::string& configured);

}  // namespace kwsd
