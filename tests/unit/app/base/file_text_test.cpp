// A file as text, and what is none.
#include "app/base/file_text.h"

#include <catch2/catch.hpp>

#include "tests/support/temporary_folder.h"

using namespace kwsd;
using kwsd::test::TemporaryFolder;

TEST_CASE("the text of a file is all its bytes, a folder and an absent file have none") {
  const TemporaryFolder folder;
  const std::string bytes("a\0\r\n\xff", 5);
  CHECK(file_text(folder.write("x", bytes)) == bytes);
  CHECK(file_text(folder.write("empty")) == "");
  CHECK(file_text(folder.path() / "absent") == std::nullopt);
  CHECK(file_text(folder.path()) == std::nullopt);
}
