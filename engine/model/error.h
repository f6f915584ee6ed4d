// The one error type that set-up code throws. Thread: any; nothing throws after start.
#pragma once

#include <stdexcept>
#include <string>

namespace kwsd {

/// What went wrong, in the terms of the documented exit codes (README, "Exit codes").
enum class ErrorKind {
  usage = 2,         ///< a flag that is unknown or out of range
  bad_data = 65,     ///< a model or audio file whose content is wrong
  no_input = 66,     ///< a file that is missing or cannot be read
  unavailable = 69,  ///< a device or service that cannot be had
  internal = 70,     ///< a defect of kwsd itself
  io = 74,           ///< writing failed
  config = 78,       ///< a configuration file that is wrong
};

/// One clear line: which file, which field, what was found, what was expected.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  [[nodiscard]] int exit_code() const noexcept { return static_cast<int>(kind_); }

 private:
  ErrorKind kind_;
};

}  // namespace kwsd
