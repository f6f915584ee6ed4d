// The events that kwsd reports, as plain values. Created on the inference or the capture thread, written by
// the output thread. Stream time is in samples of 16 kHz since start.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/detect/detector.h"
#include "engine/model/model.h"
#include "engine/nn/network.h"

namespace kwsd {

/// Listening has begun.
struct ReadyEvent {
  std::string input;  ///< device, file, or "-"
  std::uint32_t rate_hz = 0;
  std::vector<std::string> models;
  BranchId branch = BranchId::full;
  std::string kernels;
};

struct DetectionEvent {
  std::shared_ptr<const Model> model;
  Detection detection;
  std::int64_t seq = 0;  ///< counts detections from 1; a gap means that one was dropped
  float level_db = 0;    ///< RMS of the word, dB of full scale (engine/spotter/sound_levels.h)
  float snr_db = 0;      ///< the level above the noise floor of the last 5 s, dB, at least 0
};

/// Counters since start.
struct StatusEvent {
  std::int64_t sample = 0;
  double level_db = 0;  ///< RMS of the last second of sound, dB relative to full scale; in `status` alone
  double load = -1;     ///< CPU load the governor measured, [0, 1]; negative without a governor (a file run)
  BranchId branch = BranchId::full;
  std::int64_t windows = 0;  ///< classified, all models together
  std::int64_t detections = 0;
  std::int64_t branch_changes = 0;
  std::int64_t overrun_samples = 0;               ///< lost between device and inference, at the device's rate
  std::int64_t dropped = 0;                       ///< events lost because the reader was slow
  std::optional<SecondStageCounts> second_stage;  ///< of the models that have one
  std::int64_t clips_dropped =
      -1;  ///< clips that could not be kept (--save-clips, --save-near-misses); negative: none are kept
};

struct BranchChangedEvent {
  std::int64_t sample = 0;
  BranchId from = BranchId::full;
  BranchId to = BranchId::full;
  double load = -1;
};

struct DeviceLostEvent {
  std::string device;
  std::string reason;
};

struct DeviceRestoredEvent {
  std::string device;
  std::uint32_t rate_hz = 0;
};

/// Only zeros arrive (a dead channel, a switch, a wrong slot), or the channel has a signal again.
struct SilentInputEvent {
  bool silent = false;
  int channel = 1;   ///< the channel in use, from 1
  int channels = 0;  ///< that the device has; 0: unknown
};

/// kwsd was muted (SIGUSR1), or unmuted (SIGUSR2).
struct MutedEvent {
  std::int64_t sample = 0;  ///< time of the change
  bool muted = false;
};

/// New models and settings have taken over (SIGHUP).
struct ReloadedEvent {
  std::vector<std::string> models;
};

/// Events that this reader of the socket lost because it was too slow.
struct DroppedEvent {
  std::int64_t events = 0;
};

enum class EndReason : std::uint8_t { end_of_input, stopped, input_error };
/// The last event of a run.
struct EndEvent {
  EndReason reason = EndReason::end_of_input;
  StatusEvent totals;
};

struct Event {
  std::variant<ReadyEvent, DetectionEvent, StatusEvent, BranchChangedEvent, DeviceLostEvent,
               DeviceRestoredEvent, SilentInputEvent, MutedEvent, ReloadedEvent, DroppedEvent, EndEvent>
      body;
  std::chrono::system_clock::time_point time{};  ///< wall clock; EventQueue::post sets it
};

}  // namespace kwsd
