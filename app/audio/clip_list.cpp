#include "app/audio/clip_list.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "app/audio/sound_kind.h"
#include "app/base/text_lines.h"
#include "app/base/words.h"

namespace kwsd {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_entry_bytes = 4096;

/// "word/name" in the form in which entries and clips are compared.
std::string key_of(const fs::path& entry) {
  if (entry.empty()) {
    return "";
  }
  auto part = entry.begin();
  std::string key = word_key(part->string());
  for (++part; part != entry.end(); ++part) {
    key += '/' + normal_form(part->string());
  }
  return key;
}

fs::path tail(const fs::path& path, std::ptrdiff_t first) {
  fs::path out;
  for (auto part = std::next(path.begin(), first); part != path.end(); ++part) {
    out /= *part;
  }
  return out;
}

/// The path below the folder that an entry may mean.
std::vector<fs::path> readings_of(const fs::path& entry, const fs::path& folder) {
  std::vector<fs::path> readings{entry};
  const auto parts = std::distance(entry.begin(), entry.end());
  const std::string own_name = word_key(folder.filename().string());
  std::ptrdiff_t at = 0;
  for (auto part = entry.begin(); at + 1 < parts; ++part, ++at) {
    if (word_key(part->string()) == own_name) {
      readings.push_back(tail(entry, at + 1));
    }
  }
  if (entry.is_absolute() && parts > 2) {  // a path of another machine
    readings.push_back(tail(entry, parts - 2));
  }
  return readings;
}

fs::path without_sound_extension(fs::path path) {
  const NameKind kind = kind_of_name(path);
  return kind == NameKind::sound || kind == NameKind::unreadable ? path.replace_extension() : path;
}

}  // namespace

ClipList::ClipList(fs::path file, fs::path folder)
    : file_(std::move(file)), folder_(fs::absolute(folder).lexically_normal()) {
  if (!folder_.has_filename()) {
    folder_ = folder_.parent_path();
  }
  std::error_code ignored;
  if (!file_.empty() && fs::exists(fs::symlink_status(file_, ignored))) {
    for_each_line(file_, longest_entry_bytes, [this](int, std::string_view line) { add(line); });
  }
}

void ClipList::add(std::string_view line) {
  line = trimmed(line);
  if (line.empty()) {
    return;
  }
  std::string slashes(line);
  std::replace(slashes.begin(), slashes.end(), '\\', '/');
  const fs::path entry = fs::path(slashes).lexically_normal();
  if (by_key_.contains(key_of(without_sound_extension(entry)))) {
    return;  // the entry is listed twice
  }
  for (const fs::path& reading : readings_of(entry, folder_)) {
    by_key_.emplace(key_of(reading), entries_.size());
    by_key_.emplace(key_of(without_sound_extension(reading)), entries_.size());
  }
  entries_.push_back({std::string(line)});
}

bool ClipList::contains(const fs::path& clip) {
  const fs::path below = fs::absolute(clip).lexically_normal().lexically_relative(folder_);
  auto found = by_key_.find(key_of(below));
  if (found == by_key_.end()) {
    found = by_key_.find(key_of(fs::path(below).replace_extension()));
  }
  if (found == by_key_.end()) {
    return false;
  }
  entries_[found->second].found = true;
  return true;
}

std::vector<std::string> ClipList::missing() const {
  std::vector<std::string> lines;
  for (const Entry& entry : entries_) {
    if (!entry.found) {
      lines.push_back(entry.line);
    }
  }
  return lines;
}

}  // namespace kwsd
