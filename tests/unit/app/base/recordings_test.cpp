// Folders of recordings: what is found in them, and files that appear whole.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "app/audio/clip_list.h"
#include "app/audio/scan.h"
#include "app/audio/sound_writer.h"
#include "app/base/atomic_file.h"
#include "engine/model/error.h"
#include "tests/support/temporary_folder.h"

using namespace kwsd;
using kwsd::test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

std::vector<fs::path> found_in(const fs::path& folder) {
  UnreadableFiles unreadable;
  return sound_files(folder, unreadable);
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::path& file : found_in(folder)) {
    names.push_back(file.lexically_relative(folder).string());
  }
  return names;
}

/// The bytes of a sound file.
std::string wav() {
  const TemporaryFolder folder;
  const std::vector<std::int16_t> samples(800, 5);
  write_sound(folder.path() / "x.wav", samples);
  return folder.read("x.wav");
}

}  // namespace

TEST_CASE("a folder whose links lead back to it is walked once") {
  const TemporaryFolder folder;
  folder.write("a/b/x.wav");
  folder.write("a/b/x.trans.txt", "x SAID\n");
  fs::create_directory_symlink("..", folder.path() / "a/b/up");
  fs::create_directory_symlink("../..", folder.path() / "a/b/top");
  fs::create_directory_symlink("itself", folder.path() / "a/itself");
  fs::create_directory_symlink("a", folder.path() / "other");  // no way back: another name for the same
  const fs::path root = folder.path();
  CHECK(found_in(root) == std::vector<fs::path>{root / "a/b/x.wav", root / "other/b/x.wav"});
  CHECK(found_in(root / "a") == std::vector<fs::path>{root / "a/b/x.wav"});
  CHECK(read_transcripts(root).size() == 1);
  CHECK(word_folders(root) == std::vector<fs::path>{root / "a", root / "other"});
  CHECK(word_folders(root / "a") == std::vector<fs::path>{root / "a/b"});
}

TEST_CASE("a link in a word's folder that leads above it brings in no other words") {
  const TemporaryFolder folder;
  folder.write("data/go/a.wav");
  folder.write("data/stop/b.wav");
  fs::create_directory_symlink("..", folder.path() / "data/go/up");
  fs::create_directory_symlink(folder.path(), folder.path() / "data/go/root");
  fs::create_directory_symlink(".", folder.path() / "data/self");
  fs::create_directory_symlink("../data", folder.path() / "data/again");
  const fs::path data = folder.path() / "data";
  CHECK(found_in(data / "go") == std::vector<fs::path>{data / "go/a.wav"});
  CHECK(word_folders(data) == std::vector<fs::path>{data / "go", data / "stop"});
}

TEST_CASE("what programs keep for themselves holds no words and no clips") {
  const TemporaryFolder folder;
  folder.write("go/a.wav");
  for (const char* name : {".ipynb_checkpoints", ".Trash-1000", "@eaDir", "#recycle", "lost+found",
                           "$RECYCLE.BIN", "__MACOSX", "System Volume Information"}) {
    folder.write(fs::path(name) / "b.wav");
    folder.write(fs::path("go") / name / "c.wav");
  }
  folder.write("go/._a.wav");
  folder.write("go/Thumbs.db");
  CHECK(names_in(folder.path()) == std::vector<std::string>{"go/a.wav"});
  CHECK(word_folders(folder.path()) == std::vector<fs::path>{folder.path() / "go"});
}

TEST_CASE("sound is found whatever its extension, other kinds are counted and named once") {
  const TemporaryFolder folder;
  for (const char* name : {"a.wave", "b.aifc", "c.sph", "d.snd", "e", "f.mp4", "g.xyz", "h.WAV"}) {
    folder.write(name, wav());
  }
  folder.write("text.txt", wav());
  folder.write("notes", "no sound");
  folder.write("i.m4a", "anything");
  folder.write("j.webm", "anything");
  folder.write("k.wma", "");
  folder.write("l", std::string("\0\0\0 ftypM4A ", 12));
  folder.write("sub/m.AAC", "anything");
  UnreadableFiles unreadable;
  CHECK(sound_files(folder.path(), unreadable).size() == 8);
  CHECK(unreadable.count() == 5);
}

TEST_CASE("an entry of a list is found however it is written") {
  const TemporaryFolder folder;
  const fs::path data = folder.path() / "words";
  const fs::path clip = data / "stop" / "a_nohash_0.wav";
  for (const std::string& line :
       {std::string("stop/a_nohash_0.wav"), std::string("\xEF\xBB\xBFstop/a_nohash_0.wav\r"),
        std::string("./stop/a_nohash_0.wav"), std::string("stop/a_nohash_0"),
        std::string("stop/a_nohash_0.flac"), std::string("stop\\a_nohash_0.wav"),
        std::string("words/stop/a_nohash_0.wav"), clip.string(), std::string("../words/stop/a_nohash_0.wav"),
        std::string("/home/me/words/stop/a_nohash_0.wav"), std::string("/elsewhere/stop/a_nohash_0.wav"),
        std::string("Stop/a_nohash_0.wav"), std::string("  stop/a_nohash_0.wav  ")}) {
    CAPTURE(line);
    ClipList list(folder.write("list.txt", line + "\n"), data);
    CHECK_FALSE(list.contains(data / "stop" / "b_nohash_0.wav"));
    CHECK_FALSE(list.contains(data / "go" / "a_nohash_0.wav"));
    CHECK(list.missing().size() == 1);
    CHECK(list.contains(clip));
    CHECK(list.missing().empty());
  }
  ClipList letters(folder.write("list.txt", "u\314\210ber/e\314\201.wav\nu\314\210ber/e\314\201.wav\n"),
                   data);
  CHECK(letters.contains(data /
                         "\xC3\xBC"
                         "ber" /
                         "\xC3\xA9.wav"));
  CHECK(letters.missing().empty());
  ClipList stop(folder.write("list.txt", "stop/x.wav\n"), folder.path() / "stop/");
  CHECK(stop.contains(folder.path() / "stop" / "stop" / "x.wav"));
  CHECK(ClipList(folder.path() / "none.txt", data).empty());
  CHECK_THROWS_WITH(ClipList(folder.write("list.txt", "\377\376s"), data), Catch::Contains("UTF-16"));
}

TEST_CASE("folders that may not be read are passed over below, and named on top") {
  if (geteuid() == 0) {
    WARN("root may read every folder, not tested");
    return;
  }
  const TemporaryFolder folder;
  folder.write("a/x.wav");
  folder.write("secret/y.wav");
  fs::permissions(folder.path() / "secret", fs::perms::none);
  CHECK(found_in(folder.path()).size() == 1);
  CHECK(read_transcripts(folder.path()).empty());
  CHECK_THROWS_AS(word_folders(folder.path() / "secret"), Error);
  fs::permissions(folder.path() / "secret", fs::perms::owner_all);
}

TEST_CASE("a file is replaced, a link to it stays, and what is no file is written to") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("real/x.svg", "before");
  const fs::path link = folder.path() / "link.svg";
  fs::create_symlink("real/x.svg", link);
  { AtomicFile(link).write("lost", 4); }
  CHECK(folder.read("real/x.svg") == "before");
  write_file(link, "after");
  CHECK(fs::is_symlink(link));
  CHECK(folder.read("real/x.svg") == "after");
  write_file(folder.path() / "new/y.svg", "new");
  CHECK(folder.read("new/y.svg") == "new");

  const fs::path pipe = folder.path() / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  write_file(pipe, "through");
  std::array<char, 16> text{};
  CHECK(read(reader, text.data(), text.size()) == 7);
  CHECK(std::string(text.data()) == "through");
  close(reader);
  CHECK(fs::is_fifo(pipe));
  CHECK(std::distance(fs::recursive_directory_iterator(folder.path()), {}) == 6);
  CHECK_THROWS_AS(write_file(folder.path(), "x"), Error);
}
