// Catch2 3 with the header and the names of Catch2 2, which Debian 12 has.
#pragma once

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <catch2/matchers/catch_matchers_vector.hpp>

namespace Catch {

namespace Matchers {

inline StringContainsMatcher Contains(const std::string& text,
                                      CaseSensitive case_sensitive = CaseSensitive::Yes) {
  return ContainsSubstring(text, case_sensitive);
}

}  // namespace Matchers

using namespace Matchers;

}  // namespace Catch

using Catch::Approx;
