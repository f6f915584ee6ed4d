// kwsd metrics: what a running kwsd counts, for Prometheus. Thread: all on the one that calls.
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

/// Asks kwsd now; it answers within 2 s or counts as down.
[[nodiscard]] std::string ask_metrics(const std::string& control) noexcept;

/// Serves GET /metrics over HTTP at the addresses, and writes the textfile, until SIGINT or SIGTERM. False,
/// at once, where there is neither address nor file. Throws Error: usage for a TCP address that other
/// machines reach, unavailable for one that cannot be bound, io for a file that cannot be written the first
/// time.
[[nodiscard]] bool run_metrics(const MetricsOptions& options);

}  // namespace kwsd
