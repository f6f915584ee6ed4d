#include "app/enroll/clips.h"

#include <spdlog/spdlog.h>

#include "app/audio/scan.h"
#include "app/audio/sound_16k.h"
#include "app/base/words.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

constexpr double longest_seconds = 10;

void add_clips(const std::filesystem::path& path, SkippedClips skipped, std::vector<EnrollClip>& to) {
  UnreadableFiles unreadable;
  for (const std::filesystem::path& file : sound_files(path, unreadable)) {
    try {
      to.push_back({file.string(), load_recording(file, {1, longest_seconds, false})});
    } catch (const Error& error) {
      spdlog::log(skipped == SkippedClips::warn ? spdlog::level::warn : spdlog::level::debug, "skipped: {}",
                  error.what());
    }
  }
  if (skipped == SkippedClips::warn) {
    unreadable.warn();
  }
}

}  // namespace

std::vector<EnrollClip> read_clips(const std::filesystem::path& path, SkippedClips skipped) {
  std::vector<EnrollClip> clips;
  add_clips(path, skipped, clips);
  return clips;
}

Mistakes read_mistakes(const std::filesystem::path& folder, const std::string& word, SkippedClips skipped) {
  Mistakes mistakes;
  if (!folder.empty()) {
    for (const std::filesystem::path& of_word : word_folders(folder)) {
      add_clips(of_word, skipped,
                same_word(of_word.filename().string(), word) ? mistakes.missed : mistakes.wrong);
    }
  }
  return mistakes;
}

}  // namespace kwsd
