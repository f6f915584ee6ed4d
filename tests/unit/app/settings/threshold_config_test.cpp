#include "app/settings/threshold_config.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "engine/model/error.h"
#include "tests/support/temporary_folder.h"

using namespace kwsd;

namespace {

std::string changed(const std::string& text, std::initializer_list<NamedThreshold> thresholds) {
  return with_thresholds(text, std::span(thresholds.begin(), thresholds.size()), "x.toml");
}

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("thresholds are changed in place, and the rest stays byte for byte") {
  REQUIRE(changed("# mine\nthreshold = [\"0.8\", \"stop=0.9\"] # höher ist strenger\nbranch = \"half\"",
                  {{"stop", 0.75F}}) ==
          "# mine\nthreshold = [\"0.8\", \"stop=0.75\"] # höher ist strenger\nbranch = \"half\"");
  REQUIRE(changed("input = 'é' \nthreshold = \"0.8\"\r\nhop-ms=0\r\n", {{"go", 0.5F}, {"no", 1.0F}}) ==
          "input = 'é' \nthreshold = [\"0.8\", \"go=0.5\", \"no=1.0\"]\r\nhop-ms=0\r\n");
  REQUIRE(changed("threshold = 0.85", {{"go", 0.501F}}) == "threshold = [\"0.85\", \"go=0.501\"]");
  REQUIRE(changed("threshold = [\n  \"stop=0.1\", # low\n  \"go=0.2\",\n]\n", {{"stop", 0.3F}}) ==
          "threshold = [\"go=0.2\", \"stop=0.3\"]\n");
}

TEST_CASE("without the key a line is added at the end") {
  REQUIRE(changed("", {{"go", 0.5F}}) == "threshold = [\"go=0.5\"]\n");
  REQUIRE(changed("# threshold = [\"0.8\"]\nbranch = \"full\"", {{"go", 0.5F}}) ==
          "# threshold = [\"0.8\"]\nbranch = \"full\"\nthreshold = [\"go=0.5\"]\n");
}

TEST_CASE("a byte-order mark in front stays, and moves nothing") {
  REQUIRE(changed("\xEF\xBB\xBFthreshold = [\"stop=0.9\"] # mine\n", {{"stop", 0.75F}}) ==
          "\xEF\xBB\xBFthreshold = [\"stop=0.75\"] # mine\n");
  REQUIRE(changed("\xEF\xBB\xBF", {{"go", 0.5F}}) == "\xEF\xBB\xBFthreshold = [\"go=0.5\"]\n");
}

TEST_CASE("a new file takes over the thresholds of the weaker one that it hides") {
  const test::TemporaryFolder folder;
  const auto weaker = folder.write("system.toml", "threshold = [\"0.7\", \"stop=0.9\"]\n");
  const std::vector<NamedThreshold> stop{{"stop", 0.5F}};
  write_thresholds(folder.path() / "a/kwsd.toml", stop, weaker);
  REQUIRE(content(folder.path() / "a/kwsd.toml") == "threshold = [\"0.7\", \"stop=0.5\"]\n");
  const auto own = folder.write("own.toml", "threshold = [\"go=0.6\"]\n");
  write_thresholds(own, stop, weaker);
  REQUIRE(content(own) == "threshold = [\"go=0.6\", \"stop=0.5\"]\n");
}

TEST_CASE("a keyword's name is quoted") {
  const std::string once = changed("", {{"say \"hi\" = \\", 0.5F}});
  REQUIRE(changed(once, {{"say \"hi\" = \\", 0.6F}}).find("0.5") == std::string::npos);
}

TEST_CASE("a file that is no configuration is refused, and left as it is") {
  const test::TemporaryFolder folder;
  const auto file = folder.write("kwsd.toml", "threshold = [\n");
  const std::vector<NamedThreshold> go{{"go", 0.5F}};
  REQUIRE_THROWS_WITH(write_thresholds(file, go), Catch::Contains("kwsd.toml:"));
  REQUIRE(content(file) == "threshold = [\n");
}

TEST_CASE("the file keeps its permissions and stays behind its link") {
  namespace fs = std::filesystem;
  const test::TemporaryFolder folder;
  const auto real = folder.write("real/kwsd.toml", "branch = \"half\"\n");
  fs::permissions(real, fs::perms::owner_read | fs::perms::owner_write);
  const fs::path link = folder.path() / "kwsd.toml";
  fs::create_symlink(real, link);
  const std::vector<NamedThreshold> go{{"go", 0.5F}};
  write_thresholds(link, go);
  REQUIRE(fs::is_symlink(link));
  REQUIRE(content(real) == "branch = \"half\"\nthreshold = [\"go=0.5\"]\n");
  REQUIRE(fs::status(real).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  write_thresholds(folder.path() / "new/kwsd.toml", go);
  REQUIRE(content(folder.path() / "new/kwsd.toml") == "threshold = [\"go=0.5\"]\n");
}
