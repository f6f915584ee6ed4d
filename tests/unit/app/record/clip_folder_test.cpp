#include "app/record/clip_folder.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "app/audio/scan.h"
#include "engine/model/error.h"
#include "tests/support/temporary_folder.h"

using namespace kwsd;
namespace fs = std::filesystem;

TEST_CASE("clips get the next free number, and nothing is overwritten") {
  const test::TemporaryFolder folder;
  const fs::path taken = folder.write("stop/ann_nohash_0.wav", "not to be lost");
  fs::create_symlink("/nonexistent/x", folder.path() / "stop/ann_nohash_1.wav");
  const ClipFolder clips(folder.path(), "ann");
  const std::vector<float> samples(16000, 0.25F);
  REQUIRE(clips.save("stop", samples) == folder.path() / "stop/ann_nohash_2.wav");
  REQUIRE(clips.save("stop", samples) == folder.path() / "stop/ann_nohash_3.wav");
  REQUIRE(clips.save("go", samples) == folder.path() / "go/ann_nohash_0.wav");
  REQUIRE(fs::file_size(taken) == 14);
  REQUIRE(fs::file_size(folder.path() / "go/ann_nohash_0.wav") == 44 + 32000);
}

TEST_CASE("a speaker without a name is the same each time, and anonymous") {
  const test::TemporaryFolder folder;
  const std::vector<float> samples(100);
  const fs::path one = ClipFolder(folder.path(), "").save("a", samples);
  const fs::path two = ClipFolder(folder.path(), "").save("a", samples);
  REQUIRE(one != two);
  REQUIRE(speaker_of(one.stem().string()) == speaker_of(two.stem().string()));
  REQUIRE(speaker_of(one.stem().string()).size() == 8);
}

TEST_CASE("words and speakers that are no file names are refused") {
  const test::TemporaryFolder folder;
  for (const char* word : {"", "a/b", "..", "_silence_", ".x", "a\nb", "\xff"}) {
    CAPTURE(word);
    REQUIRE_THROWS_AS(ClipFolder(folder.path(), "a").save(word, {}), Error);
  }
  REQUIRE_THROWS_WITH(ClipFolder(folder.path(), "a/b"), Catch::Contains("--speaker"));
  REQUIRE_THROWS_WITH(ClipFolder("/dev/null/x", "a").save("go", {}), Catch::Contains("cannot be made"));
}
