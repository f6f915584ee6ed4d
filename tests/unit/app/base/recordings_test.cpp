// Folders of recordings: what is found in them, and files that appear whole.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "app/audio/scan.h"
#include "app/base/atomic_file.h"
#include "engine/model/error.h"
#include "tests/support/temporary_folder.h"

using namespace kwsd;
using kwsd::test::TemporaryFolder;
namespace fs = std::filesystem;

TEST_CASE("a folder whose links lead back to it is walked once") {
  const TemporaryFolder folder;
  folder.write("a/b/x.wav");
  folder.write("a/b/x.trans.txt", "x SAID\n");
  fs::create_directory_symlink("..", folder.path() / "a/b/up");
  fs::create_directory_symlink("../..", folder.path() / "a/b/top");
  fs::create_directory_symlink("itself", folder.path() / "a/itself");
  fs::create_directory_symlink("a", folder.path() / "other");  // no way back: another name for the same
  const fs::path root = folder.path();
  CHECK(sound_files(root) == std::vector<fs::path>{root / "a/b/x.wav", root / "other/b/x.wav"});
  CHECK(sound_files(root / "a") == std::vector<fs::path>{root / "a/b/x.wav"});
  CHECK(read_transcripts(root).size() == 1);
  CHECK(subfolders(root) == std::vector<fs::path>{root / "a", root / "other"});
  CHECK(subfolders(root / "a") == std::vector<fs::path>{root / "a/b"});
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
  CHECK(sound_files(folder.path()).size() == 1);
  CHECK(read_transcripts(folder.path()).empty());
  CHECK_THROWS_AS(subfolders(folder.path() / "secret"), Error);
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
