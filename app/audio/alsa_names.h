// Names of ALSA devices as users write them, and PortAudio's names for the same devices. Thread: any, pure
// but for /proc/asound.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace kwsd {

struct AlsaAddress {
  int card = 0, device = 0;
  bool operator==(const AlsaAddress&) const = default;
};

/// "plughw:2,0", "hw:CARD=Device,DEV=0", "sysdefault:CARD=Device" and the like; a card's name is looked up in
/// `cards`. Nothing for other text or for a missing card.
[[nodiscard]] std::optional<AlsaAddress> alsa_address(const std::string& text,
                                                      const std::filesystem::path& cards = "/proc/asound");
/// From a PortAudio name: "USB PnP: Audio (hw:2,0)".
[[nodiscard]] std::optional<AlsaAddress> portaudio_address(const std::string& name);

/// Whether the text can only name a device, whatever else it contains: "hw:2,0", "A/V: Audio (hw:1,0)".
[[nodiscard]] bool is_device_name(const std::string& text);

}  // namespace kwsd
