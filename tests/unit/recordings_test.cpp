// Folders of recordings: what is found in them, and files that appear whole.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "app/recordings/atomic_file.h"
#include "app/recordings/scan.h"
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
