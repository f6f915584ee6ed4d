// What main does around the commands.
#include "app/base/program.h"

#include <catch2/catch.hpp>

#include "app/base/help_format.h"

using namespace kwsd;

TEST_CASE("a misspelt command is told from an unknown one") {
  const std::vector<std::string> names{"run", "live", "eval", "record"};
  CHECK(closest_name("rnu", names) == "run");
  CHECK(closest_name("recrod", names) == "record");
  CHECK(closest_name("liv", names) == "live");
  CHECK(closest_name("x", names).empty());
  CHECK(closest_name("listen", names).empty());
  CHECK(closest_name("", names).empty());
}

TEST_CASE("text is broken at blanks, and a long word has a line of its own") {
  CHECK(wrapped("one two three", 7) == "one two\nthree");
  CHECK(wrapped("one two three", 80) == "one two three");
  CHECK(wrapped("a /very/long/path b", 6) == "a\n/very/long/path\nb");
  CHECK(wrapped("a b\nc d e", 3) == "a b\nc d\ne");
  CHECK(wrapped("", 10).empty());
}
