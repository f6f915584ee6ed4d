// Receives the events of a device while its source runs. Thread: the source's own unless stated otherwise;
// calls never block.
#pragma once

#include <cstdint>
#include <string>

namespace kwsd {

class DeviceListener {
 public:
  /// `reason` is one phrase, without a full stop.
  virtual void device_lost(const std::string& device, const std::string& reason) noexcept = 0;
  /// Samples arrive again, at `rate_hz`.
  virtual void device_restored(const std::string& device, std::uint32_t rate_hz) noexcept = 0;
  /// Only zeros arrive on `channel` (from 1) of a device with `channels` (0: unknown), or the channel has a
  /// signal again. Thread: the thread that consumes the sound; it must not allocate.
  virtual void input_silent(bool silent, int channel, int channels) noexcept = 0;

 protected:
  DeviceListener() = default;
  ~DeviceListener() = default;
  DeviceListener(const DeviceListener&) = default;
  DeviceListener& operator=(const DeviceListener&) = default;
};

}  // namespace kwsd
