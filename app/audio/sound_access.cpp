#include "app/audio/sound_access.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

#include "app/base/descriptor.h"

namespace kwsd {

namespace {

namespace fs = std::filesystem;

std::string group_name(gid_t group) {
  std::array<char, 1024> buffer{};
  struct group entry {};
  struct group* found = nullptr;
  getgrgid_r(group, &entry, buffer.data(), buffer.size(), &found);
  return found != nullptr ? found->gr_name : std::to_string(group);
}

std::string user_name(uid_t user) {
  std::array<char, 1024> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found);
  return found != nullptr ? found->pw_name : std::to_string(user);
}

/// A capture device, /dev/snd/pcmC1D0c, that the user may not open.
std::string forbidden_card(const fs::path& root) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root / "dev/snd", ignored)) {
    const std::string name = entry.path().filename().string();
    struct stat status {};
    if (name.starts_with("pcmC") && name.back() == 'c' && access(entry.path().c_str(), R_OK | W_OK) != 0 &&
        errno == EACCES && stat(entry.path().c_str(), &status) == 0) {
      return entry.path().string() + " may not be opened: add the user " + user_name(geteuid()) +
             " to the group '" + group_name(status.st_gid) + "' (usermod -aG), and log in again";
    }
  }
  return {};
}

/// A sound server of another user.
std::string foreign_server(const fs::path& root) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root / "proc", ignored)) {
    const std::string pid = entry.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    struct stat owner {};
    if ((name == "pipewire" || name == "pulseaudio") && stat(entry.path().c_str(), &owner) == 0 &&
        owner.st_uid != geteuid()) {
      return std::string(name == "pipewire" ? "PipeWire" : "PulseAudio") + " of the user " +
             user_name(owner.st_uid) + " may hold the sound cards: run kwsd as that user";
    }
  }
  return {};
}

}  // namespace

std::string alsa_configuration_fault() {
  const char* given = std::getenv("ALSA_CONFIG_PATH");
  const char* folder = std::getenv("ALSA_CONFIG_DIR");
  std::string files =
      given != nullptr && *given != '\0'
          ? given
          : std::string(folder != nullptr && *folder != '\0' ? folder : "/usr/share/alsa") + "/alsa.conf";
  std::string fault;
  for (std::size_t at = 0; at < files.size();) {  // separated by ':' or blanks, as ALSA reads them
    const std::size_t end = std::min(files.find_first_of(": ", at), files.size());
    const std::string file = files.substr(at, end - at);
    at = end + 1;
    if (file.empty()) {
      continue;
    }
    const Descriptor descriptor(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    char byte = 0;
    if (descriptor.get() >= 0 && read(descriptor.get(), &byte, 1) >= 0) {
      return {};
    }
    fault = "ALSA's configuration file " + file + " cannot be read: " + std::strerror(errno);
  }
  return fault;
}

std::string sound_access_hint(const fs::path& root) {
  const std::string card = forbidden_card(root);
  const std::string server = foreign_server(root);
  return card.empty() || server.empty() ? card + server : card + "; " + server;
}

}  // namespace kwsd
