// Recordings, clips and mistakes, by ids.
#include "app/web/sound_shelf.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "engine/model/error.h"
#include "tests/support/temporary_folder.h"

using namespace kwsd;
namespace fs = std::filesystem;

namespace {

void put(const fs::path& path) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << path.filename().string();
}

}  // namespace

TEST_CASE("sounds have ids, and other files have none") {
  const test::TemporaryFolder folder;
  const fs::path data = folder.path() / "data", clips = folder.path() / "clips",
                 near = folder.path() / "near";
  put(near / "000001_stop.wav");
  put(data / "recordings/hey marmalade/a_nohash_0.wav");
  put(data / "recordings/stop/a_nohash_0.wav");
  put(data / "recordings/stop/notes.txt");
  put(data / "dropped/stop/a_nohash_0.wav");
  put(data / "recordings/.hidden/a.wav");
  put(clips / "000001_stop.wav");
  put(clips / "000001_stop-2.wav");
  put(clips / "1000000_hey marmalade.wav");
  put(clips / "holiday.wav");
  put(clips / "000002_...wav");
  put(clips / "00001_stop.wav");
  put(folder.path() / "secret.wav");
  fs::create_symlink(folder.path() / "secret.wav", clips / "000009_stop.wav");
  const SoundShelf shelf(data, clips, near);
  const auto recordings = shelf.list(ShelfSound::Kind::recording);
  const auto kept = shelf.list(ShelfSound::Kind::clip);
  REQUIRE(recordings.size() == 2);
  REQUIRE(kept.size() == 3);
  const auto dropped = shelf.list(ShelfSound::Kind::dropped);
  REQUIRE(dropped.size() == 1);
  CHECK(shelf.read(dropped[0].id) == "a_nohash_0.wav");
  CHECK_THROWS_AS(shelf.remove(dropped[0].id), Error);  // the next recording does
  for (const ShelfSound& sound : kept) {
    CHECK(sound.id.size() == 16);
    CHECK(shelf.read(sound.id) == sound.path.filename().string());
    CHECK(sound.word == (sound.path.filename().string().starts_with("1000000") ? "hey marmalade" : "stop"));
  }
  CHECK_THROWS_AS(shelf.read("0123456789abcdef"), Error);
  const auto near_misses = shelf.list(ShelfSound::Kind::near_miss);
  REQUIRE(near_misses.size() == 1);
  CHECK(shelf.find(near_misses[0].id).path == near / "000001_stop.wav");
  CHECK(SoundShelf(data, {}, near).list(ShelfSound::Kind::clip).empty());
  CHECK(SoundShelf(data, clips, {}).list(ShelfSound::Kind::near_miss).empty());
  CHECK(SoundShelf(folder.path() / "nosuch", {}, {}).list(ShelfSound::Kind::recording).empty());
}

TEST_CASE("a mark copies a sound to the mistakes of its word, and another mark takes the copy away") {
  const test::TemporaryFolder folder;
  const fs::path data = folder.path() / "data", clips = folder.path() / "clips";
  put(clips / "000001_stop.wav");
  put(data / "recordings/stop/a_nohash_0.wav");
  put(folder.path() / "near/000001_stop.wav");
  const SoundShelf shelf(data, clips, folder.path() / "near");
  const auto files = [&](const char* name) {
    std::error_code error;
    return std::distance(fs::directory_iterator(data / "mistakes" / name, error), fs::directory_iterator());
  };
  const std::string id = shelf.list(ShelfSound::Kind::clip)[0].id;
  shelf.mark(id, ApiRequest::Mark::false_accept);
  CHECK(files("not_stop") == 1);
  CHECK(shelf.find(id).mark == ApiRequest::Mark::false_accept);
  shelf.mark(id, ApiRequest::Mark::missed);
  CHECK(files("not_stop") == 0);
  CHECK(files("stop") == 1);
  shelf.mark(id, ApiRequest::Mark::none);
  CHECK(files("stop") == 0);
  CHECK_THROWS_AS(shelf.remove(id), Error);  // kwsd's
  const auto before = shelf.near_misses_changed();
  const ShelfSound near = shelf.list(ShelfSound::Kind::near_miss)[0];
  shelf.mark(near.id, ApiRequest::Mark::missed);
  CHECK(files("stop") == 1);
  CHECK_THROWS_AS(shelf.remove(near.id), Error);
  CHECK(shelf.near_misses_changed() == before);
  fs::remove(near.path);  // as kwsd does with old ones: the mistake stays
  CHECK(files("stop") == 1);
  CHECK(shelf.near_misses_changed() != before);
  fs::remove_all(data / "mistakes");
  const std::string own = shelf.list(ShelfSound::Kind::recording)[0].id;
  shelf.mark(own, ApiRequest::Mark::missed);
  shelf.remove(own);
  CHECK(files("stop") == 0);
  CHECK(shelf.list(ShelfSound::Kind::recording).empty());
  CHECK(shelf.list(ShelfSound::Kind::clip).size() == 1);
}
