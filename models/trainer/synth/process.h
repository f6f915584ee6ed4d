// Another program, run to its end. Thread: any.
#pragma once

#include <string>
#include <vector>

namespace kwsd::train {

struct ProcessResult {
  int status = -1;     ///< exit status; -1: not found, killed or out of time
  std::string output;  ///< standard output, at most 64 MiB
};

/// Runs argv[0] from the PATH without a shell; its input is empty, its standard error is discarded. It is
/// killed after timeout_seconds.
[[nodiscard]] ProcessResult run_program(const std::vector<std::string>& argv, int timeout_seconds = 60);

}  // namespace kwsd::train
