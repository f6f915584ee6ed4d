// Why existing sound cards cannot be used. Thread: any; inspects the file system.
#pragma once

#include <filesystem>
#include <string>

namespace kwsd {

/// The file of ALSA's configuration that cannot be read, with the reason; empty if all can be read. Without
/// that file, PortAudio ends the program.
[[nodiscard]] std::string alsa_configuration_fault();

/// What denies this user access to the sound cards: a missing group, or a sound server that another user
/// runs. Empty if no cause is found. `root`: of the file system.
[[nodiscard]] std::string sound_access_hint(const std::filesystem::path& root = "/");

}  // namespace kwsd
