// A Unix stream socket that listens under a path. Thread: set-up.
#pragma once

#include <sys/un.h>

#include <string>

#include "app/base/descriptor.h"

namespace kwsd {

/// The address of `path`. Throws Error (usage), naming `setting`, where the path is too long.
[[nodiscard]] sockaddr_un unix_address(const std::string& path, const std::string& setting);

/// The listening end of a Unix stream socket; does not block, and is not passed on to other programs.
class UnixListener {
 public:
  /// Binds `path` for its owner and its group (mode 0660); what a kwsd that was killed left there is
  /// removed first. `setting` is where the path comes from. Throws Error: usage (path too long, no socket),
  /// unavailable (in use, cannot be made).
  UnixListener(std::string path, const std::string& setting);
  /// Takes over a socket that listens already; its path is somebody else's.
  explicit UnixListener(int listening);
  ~UnixListener();  ///< removes the path that it made
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  [[nodiscard]] int get() const noexcept { return descriptor_.get(); }

 private:
  Descriptor descriptor_;
  std::string path_;
};

}  // namespace kwsd
