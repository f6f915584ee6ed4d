// The counters of kwsd, in the text format of Prometheus. Thread: any, pure.
#pragma once

#include <string>
#include <string_view>

namespace kwsd {

/// The metrics from the answers of the control socket to `status` and `keywords` (kwsd(1), METRICS). Values
/// missing in an answer are left out; if either answer is not an object with "ok", only kwsd_up is written,
/// with the value 0.
[[nodiscard]] std::string metrics_text(std::string_view status, std::string_view keywords);

}  // namespace kwsd
