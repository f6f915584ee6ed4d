// How many real-time streams this machine can process: sound through many streams of one spotter, on a pool
// of threads. Thread: one at a time; starts its own.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/spotter/spotter.h"

namespace kwsd {

struct ManyStreamsOptions {
  int streams = 1;
  int threads = 1;
  double sound_seconds = 2;  ///< of each stream
  double load = 1;           ///< share of the cores that may be used, (0, 1]
};

struct ManyStreamsReport {
  ManyStreamsOptions options;
  std::string cpu;  ///< cpu_name()
  std::string kernels;
  double cpu_seconds = 0;        ///< of all threads
  double real_time_streams = 0;  ///< that the threads hold at that load, by the CPU time that each needed
  double bytes_per_stream = 0;   ///< of heap
  double second_stage_windows_per_second = 0;  ///< of sound; in an hour of talk it computes some hundred
};

/// Streams take turns in blocks of 96 ms, as sound from a network would arrive; each gets different sound.
[[nodiscard]] ManyStreamsReport run_many_streams(const std::shared_ptr<const Spotter>& spotter,
                                                 const ManyStreamsOptions& options);
[[nodiscard]] nlohmann::ordered_json many_streams_json(const ManyStreamsReport& report);
[[nodiscard]] std::string many_streams_text(const ManyStreamsReport& report);

}  // namespace kwsd
