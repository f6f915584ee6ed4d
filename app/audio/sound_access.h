// Why sound cards that exist cannot be used. Thread: any; looks at the file system.
#pragma once

#include <filesystem>
#include <string>

namespace kwsd {

/// The file of ALSA's configuration that cannot be read, with the reason; empty: it can. PortAudio ends the
/// program without it.
[[nodiscard]] std::string alsa_configuration_fault();

/// What keeps this user from the sound cards: a group, or a sound server that another user runs. Empty:
/// nothing that can be seen. `root`: of the file system.
[[nodiscard]] std::string sound_access_hint(const std::filesystem::path& root = "/");

}  // namespace kwsd
