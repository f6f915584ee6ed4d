// kwsd metrics: the counters of a running kwsd, for Prometheus. Thread: all on the calling thread.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace kwsd {

struct MetricsOptions {
  std::string control;            ///< path of the control socket
  std::vector<std::string> uris;  ///< ignored where the service manager passes sockets
  std::string textfile;           ///< empty: none
  double interval_seconds = 15;   ///< between two writes of the textfile
};

/// Queries kwsd now; it answers within 2 s or counts as down.
[[nodiscard]] std::string ask_metrics(const std::string& control) noexcept;

/// Serves GET /metrics over HTTP at the addresses, and writes the textfile, until SIGINT or SIGTERM. Returns
/// false immediately if there is neither address nor file. Throws Error: usage for a TCP address that other
/// machines can reach, unavailable for one that cannot be bound, io if the first write of the file fails.
[[nodiscard]] bool run_metrics(const MetricsOptions& options);

}  // namespace kwsd
