// Receives what happens to a device while its source runs. Thread: the source's own; calls never block.
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

 protected:
  DeviceListener() = default;
  ~DeviceListener() = default;
  DeviceListener(const DeviceListener&) = default;
  DeviceListener& operator=(const DeviceListener&) = default;
};

}  // namespace kwsd
