#include "app/audio/scan.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <sstream>

#include "app/audio/file_reader.h"
#include "app/audio/sound_kind.h"
#include "app/base/descriptor.h"
#include "app/base/log.h"
#include "app/base/text_lines.h"
#include "app/base/words.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_transcript_bytes = 1U << 20U;

/// Whether the first bytes are those of sound or video that libsndfile does not read.
bool begins_unreadable(const fs::path& file) {
  const Descriptor descriptor(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<unsigned char, sound_kind_bytes> begin{};
  const ssize_t got = descriptor.get() < 0 ? 0 : read(descriptor.get(), begin.data(), begin.size());
  return !unreadable_kind(std::span(begin).first(static_cast<std::size_t>(std::max<ssize_t>(got, 0))))
              .empty();
}

bool is_sound(const fs::path& file, UnreadableFiles& unreadable) {
  const NameKind name = kind_of_name(file);
  if (name == NameKind::no_sound || name == NameKind::sound) {
    return name == NameKind::sound;
  }
  if (is_sound_file(file)) {
    return true;
  }
  if (name == NameKind::unreadable || begins_unreadable(file)) {
    unreadable.add(file);
  }
  return false;
}

[[noreturn]] void fail(const fs::path& folder, const std::error_code& error) {
  throw Error(ErrorKind::no_input,
              folder.string() + ": " +
                  (error ? error.message() : "not a folder; a folder of recordings was expected"));
}

void require_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    fail(folder, error);
  }
}

/// The folder and its parents, with links resolved. A link to one of them leads back up.
std::vector<fs::path> with_parents(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> all;
  for (fs::path at = fs::canonical(folder, ignored); !at.empty(); at = at.parent_path()) {
    all.push_back(at);
    if (at == at.root_path()) {
      break;
    }
  }
  return all;
}

/// Calls visit(path) for every regular file below a folder, except in housekeeping folders. Links to folders
/// are followed, but not back to a folder on the current path or above it; unreadable folders are skipped.
template <class Visit>
void for_each_file(const fs::path& folder, Visit visit) {
  constexpr auto options =
      fs::directory_options::follow_directory_symlink | fs::directory_options::skip_permission_denied;
  std::error_code error, ignored;
  std::vector<fs::path> above = with_parents(folder);
  const std::size_t start = above.size();
  fs::recursive_directory_iterator at(folder, options, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const bool housekeeping = is_housekeeping(at->path().filename().string());
    if (at->is_directory(ignored)) {
      above.resize(start + static_cast<std::size_t>(at.depth()));
      above.push_back(fs::canonical(at->path(), ignored));
      if (housekeeping || std::find(above.begin(), above.end() - 1, above.back()) != above.end() - 1) {
        at.disable_recursion_pending();
      }
    } else if (!housekeeping && at->is_regular_file(ignored)) {
      visit(at->path());
    }
  }
  if (error) {
    fail(folder, error);
  }
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// Groups of English homophones among the likely keywords.
const std::vector<std::vector<std::string>>& homophones() {
  static const std::vector<std::vector<std::string>> groups{
      {"no", "know"},          {"right", "write", "wright", "rite"},
      {"two", "to", "too"},    {"four", "for", "fore"},
      {"one", "won"},          {"eight", "ate"},
      {"bye", "by", "buy"},    {"hi", "high"},
      {"forward", "foreword"}, {"read", "red"}};
  return groups;
}

}  // namespace

bool is_housekeeping(std::string_view name) {
  static const std::set<std::string_view> known{
      "lost+found", "__MACOSX", "__pycache__", "System Volume Information", "Thumbs.db", "desktop.ini"};
  return name.empty() || std::string_view(".@#$~").find(name.front()) != std::string_view::npos ||
         known.contains(name);
}

void UnreadableFiles::add(const fs::path& file) {
  if (count_++ == 0) {
    first_ = file;
  }
  const std::string extension = file.extension().string();
  ++by_extension_[extension.empty() ? "no extension" : extension];
}

void UnreadableFiles::warn() const {
  if (count_ == 0) {
    return;
  }
  std::string kinds;
  for (const auto& [extension, count] : by_extension_) {
    kinds += (kinds.empty() ? "" : ", ") + extension +
             (by_extension_.size() > 1 ? " " + std::to_string(count) : "");
  }
  spdlog::warn("{}: {} file{} of kinds that are not supported ({}), left out; convert: {}", first_.string(),
               count_, count_ == 1 ? "" : "s, this the first,", kinds, conversion_of(first_));
}

std::vector<fs::path> sound_files(const fs::path& folder, UnreadableFiles& unreadable) {
  std::error_code error;
  if (fs::is_regular_file(folder, error)) {
    return {folder};
  }
  require_folder(folder);
  std::vector<fs::path> files;
  for_each_file(folder, [&](const fs::path& file) {
    if (is_sound(file, unreadable)) {
      files.push_back(file);
    }
  });
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<fs::path> word_folders(const fs::path& folder) {
  require_folder(folder);
  const std::vector<fs::path> above = with_parents(folder);
  std::vector<fs::path> folders;
  std::error_code error, ignored;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const std::string name = at->path().filename().string();
    const bool special = is_housekeeping(name) || name == "_background_noise_";
    if (!special && at->is_directory(ignored) &&
        std::find(above.begin(), above.end(), fs::canonical(at->path(), ignored)) == above.end()) {
      folders.push_back(at->path());
    }
  }
  if (error) {
    fail(folder, error);
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::string speaker_of(std::string_view stem) {
  if (const auto at = stem.find("_nohash_"); at != std::string_view::npos && at > 0) {
    return std::string(stem.substr(0, at));
  }
  if (const auto at = stem.find('_');
      at != std::string_view::npos && at >= 4 && all_digits(stem.substr(0, at))) {
    return std::string(stem.substr(0, at));
  }
  const auto first = stem.find('-');
  const auto second = first == std::string_view::npos ? first : stem.find('-', first + 1);
  if (second != std::string_view::npos && all_digits(stem.substr(0, first)) &&
      all_digits(stem.substr(first + 1, second - first - 1)) && all_digits(stem.substr(second + 1))) {
    return std::string(stem.substr(0, first));
  }
  if (stem.size() == 9 && all_digits(stem)) {
    return std::string(stem.substr(0, 5));
  }
  return std::string(stem);
}

std::map<std::string, std::string> read_transcripts(const fs::path& folder) {
  std::map<std::string, std::string> transcripts;
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    return transcripts;
  }
  for_each_file(folder, [&transcripts](const fs::path& file) {
    if (!file.filename().string().ends_with(".trans.txt")) {
      return;
    }
    for_each_line(file, longest_transcript_bytes, [&transcripts](int, std::string_view line) {
      const auto space = line.find(' ');
      if (space != std::string_view::npos) {
        transcripts[std::string(line.substr(0, space))] = trimmed(line.substr(space + 1));
      }
    });
  });
  return transcripts;
}

bool says_any(std::string_view transcript, const std::vector<std::string>& words) {
  std::set<std::string> wanted;
  for (const std::string& word : words) {
    const std::string key = word_key(word);
    wanted.insert(key);
    for (const std::vector<std::string>& group : homophones()) {
      if (std::find(group.begin(), group.end(), key) != group.end()) {
        wanted.insert(group.begin(), group.end());
      }
    }
  }
  std::istringstream in{word_key(transcript)};
  std::string said = " ";
  for (std::string word; in >> word;) {
    std::erase_if(word, [](unsigned char c) { return std::ispunct(c) != 0 && c != '\''; });
    said += word + ' ';
  }
  return std::any_of(wanted.begin(), wanted.end(),
                     [&said](const std::string& word) { return said.find(' ' + word + ' ') != said.npos; });
}

}  // namespace kwsd
