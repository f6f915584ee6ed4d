// What kwsd counts, in the text format of Prometheus. Thread: any, pure.
#pragma once

#include <string>
#include <string_view>

namespace kwsd {

/// The metrics of the answers of the control socket to `status` and `keywords` (kwsd(1), METRICS). What an
/// answer lacks is left out; where either is no object with "ok", kwsd_up alone, which is 0.
[[nodiscard]] std::string metrics_text(std::string_view status, std::string_view keywords);

}  // namespace kwsd
