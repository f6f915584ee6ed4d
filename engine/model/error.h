// The one error type that set-up code throws. Thread: any; nothing throws after start.
#pragma once

#include <stdexcept>
#include <string>

namespace kwsd {

/// The kind of error, in the terms of the documented exit codes (README, "Exit codes").
enum class ErrorKind {
  usage = 2,         ///< an unknown flag or a value out of range
  bad_data = 65,     ///< an invalid or corrupt model or audio file
  no_input = 66,     ///< a missing or unreadable file
  unavailable = 69,  ///< an unavailable device or service
  internal = 70,     ///< a defect in kwsd itself
  io = 74,           ///< writing failed
  config = 78,       ///< an invalid configuration file
};

/// One clear line: the file, the field, the found value, the expected value.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  [[nodiscard]] int exit_code() const noexcept { return static_cast<int>(kind_); }

 private:
  ErrorKind kind_;
};

}  // namespace kwsd
