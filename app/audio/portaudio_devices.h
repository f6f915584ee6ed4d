// PortAudio's list of microphones. Thread: one for all of PortAudio.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace kwsd {

struct InputDevice {
  int index = 0;  ///< PortAudio's, valid until it is terminated
  std::string name;
  std::string host_api;  ///< "ALSA", "JACK Audio Connection Kit", ...
  int channels = 0;      ///< the most that it offers, >= 1
  double rate_hz = 0;    ///< its default
  bool is_default = false;
};

/// PortAudio while it is initialised. Its list of devices is frozen when it is: to see a change, make a
/// new one. Throws Error (unavailable).
class PortaudioLibrary {
 public:
  PortaudioLibrary();
  ~PortaudioLibrary();
  PortaudioLibrary(const PortaudioLibrary&) = delete;
  PortaudioLibrary& operator=(const PortaudioLibrary&) = delete;

  [[nodiscard]] std::vector<InputDevice> inputs() const;
};

/// The device that `wanted` names: "mic" (the default one, otherwise the first), an index, a name, ALSA's
/// name ("plughw:2,0"), or a part of a name, in any case; the first of several matches. Null if no device
/// matches.
[[nodiscard]] const InputDevice* find_input(std::span<const InputDevice> inputs, const std::string& wanted);

/// Whether two names belong to two devices of the same kind: they differ only in the number of the card.
[[nodiscard]] bool are_twins(const std::string& a, const std::string& b);

/// The device formerly called `name`: by that name, or else by the part of the name that remains when ALSA
/// renumbers the cards ("USB PnP: Audio (hw:1,0)" without the 1). Null if no device matches.
[[nodiscard]] const InputDevice* find_again(std::span<const InputDevice> inputs, const std::string& name);

/// "'a', 'b' and 'c'", or "none": for messages.
[[nodiscard]] std::string list_names(std::span<const InputDevice> inputs);

}  // namespace kwsd
