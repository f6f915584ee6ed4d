// How the fuzz targets say that something is wrong: the process aborts.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "engine/model/error.h"

namespace kwsd::fuzz {

inline void expect(bool right, const char* what) {
  if (!right) {
    std::fprintf(stderr, "fuzz: found %s\n", what);
    std::abort();
  }
}

/// Whether `call` throws Error. It must then be of the given kind (or the other one), in one line; another
/// exception is a find.
template <class Call>
[[nodiscard]] bool refused(ErrorKind kind, Call&& call, std::optional<ErrorKind> other = std::nullopt) {
  try {
    call();
    return false;
  } catch (const Error& error) {
    expect(error.kind() == kind || error.kind() == other, error.what());
    expect(std::string(error.what()).find('\n') == std::string::npos, "an error of several lines");
    return true;
  }
}

}  // namespace kwsd::fuzz
