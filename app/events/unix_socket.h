// A listening Unix stream socket at a path. Thread: set-up.
#pragma once

#include <sys/un.h>

#include <string>

#include "app/base/descriptor.h"

namespace kwsd {

/// The address of `path`. Throws Error (usage), naming `setting`, where the path is too long.
[[nodiscard]] sockaddr_un unix_address(const std::string& path, const std::string& setting);

/// The listening end of a Unix stream socket; does not block, and other programs do not inherit it.
class UnixListener {
 public:
  /// Binds `path` for its owner and its group (mode 0660); a socket left by a killed kwsd is removed first.
  /// `setting` is the setting that the path comes from. Throws Error: usage (path too long, not a socket),
  /// unavailable (in use, cannot be created).
  UnixListener(std::string path, const std::string& setting);
  /// Takes over a socket that already listens; its path belongs to another program.
  explicit UnixListener(int listening);
  ~UnixListener();  ///< removes the path that it created
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  [[nodiscard]] int get() const noexcept { return descriptor_.get(); }

 private:
  Descriptor descriptor_;
  std::string path_;
};

}  // namespace kwsd
