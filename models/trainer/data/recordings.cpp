#include "models/trainer/data/recordings.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "app/audio/pcm16.h"
#include "app/base/random.h"
#include "models/trainer/data/rate.h"

namespace kwsd::train {
namespace {

namespace fs = std::filesystem;

fs::path default_cache() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return fs::path(cache) / "kwsd";
  }
  const char* home = std::getenv("HOME");
  return home != nullptr ? fs::path(home) / ".cache" / "kwsd" : fs::temp_directory_path() / "kwsd-cache";
}

double seconds_of(const StoredClip& clip) {
  return static_cast<double>(clip.samples.size()) / sample_rate_hz;
}

}  // namespace

Recordings::Recordings(RecordingOptions options) : options_(std::move(options)) {
  if (options_.cache.empty()) {
    options_.cache = default_cache();
  }
}

const std::vector<StoredClip>& Recordings::decode(const fs::path& folder,
                                                  const std::vector<fs::path>& files) {
  std::vector<SourceFile> sources;
  for (const fs::path& file : files) {
    sources.push_back(source_file(fs::absolute(file)));
  }
  const std::string where = fs::absolute(folder).lexically_normal().string();
  const std::string of = options_.channel == 1 ? where : where + fmt::format(" {}", options_.channel);
  const fs::path cache_file = options_.cache / fmt::format("{:016x}.clips", stable_hash(of));
  const ClipStore& store = stores_.emplace_back(cache_file, sources, options_.channel, options_.threads);
  for (const StoredClip& clip : store.clips()) {
    if (!clip.error.empty()) {
      spdlog::warn("skipped: {}", clip.error);
      ++counts_.damaged;
    }
  }
  return store.clips();
}

/// Whether a clip was decoded and is more than a dead channel.
bool Recordings::sounds(const StoredClip& clip, const fs::path& file) {
  if (clip.error.empty() && !has_signal(clip.samples)) {
    spdlog::warn("skipped: {}: found digital silence alone in channel {}", file.string(), options_.channel);
    ++counts_.damaged;
  }
  return clip.error.empty() && has_signal(clip.samples);
}

bool Recordings::is_word(const StoredClip& clip, const fs::path& file) {
  const bool may_be_silent = std::find(file.begin(), file.end(), silence_folder) != file.end();
  if (may_be_silent ? !clip.error.empty() : !sounds(clip, file)) {
    return false;
  }
  const double seconds = seconds_of(clip);
  if (seconds < options_.shortest_word_seconds) {
    spdlog::warn("skipped: {}: {:.3f} s, expected at least {} s", file.string(), seconds,
                 options_.shortest_word_seconds);
    ++counts_.too_short;
    return false;
  }
  if (seconds > options_.longest_word_seconds) {
    spdlog::warn("skipped: {}: {:.1f} s, expected one word of at most {} s", file.string(), seconds,
                 options_.longest_word_seconds);
    ++counts_.too_long;
    return false;
  }
  return true;
}

bool Recordings::is_stretch(const StoredClip& clip, const fs::path& file) {
  if (!sounds(clip, file)) {
    return false;
  }
  if (clip.samples.size() < sample_rate_hz) {
    spdlog::warn("skipped: {}: {:.3f} s, expected at least 1 s of speech or noise", file.string(),
                 seconds_of(clip));
    ++counts_.too_short;
    return false;
  }
  return true;
}

std::vector<Recording> Recordings::words(const fs::path& folder, const std::vector<fs::path>& files) {
  const std::vector<StoredClip>& clips = decode(folder, files);
  std::vector<Recording> found;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (is_word(clips[i], files[i])) {
      found.push_back({files[i], clips[i].samples, clips[i].word});
    }
  }
  return found;
}

std::vector<Recording> Recordings::stretches(const fs::path& folder) {
  const std::vector<fs::path> files = find(folder);
  const std::vector<StoredClip>& clips = decode(folder, files);
  std::vector<Recording> found;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (is_stretch(clips[i], files[i])) {
      found.push_back({files[i], clips[i].samples, clips[i].word});
    }
  }
  return found;
}

}  // namespace kwsd::train
