// toml++ for text that may be hostile. Include this, not toml++ itself: it asserts what some wrong texts
// break
// ("[#": version 3.3.0), and where assertions are off it goes on regardless. Here that is an exception,
// always.
#pragma once

#include <stdexcept>

namespace kwsd {

constexpr void expect_toml(bool valid) {
  if (!valid) {
    throw std::logic_error("not valid TOML");
  }
}

}  // namespace kwsd

#undef NDEBUG
#define TOML_ASSERT(expression) ::kwsd::expect_toml(static_cast<bool>(expression))
#include <toml++/toml.h>
