#include "app/web/sound_shelf.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "app/base/random.h"
#include "app/base/words.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

namespace fs = std::filesystem;
using Mark = ApiRequest::Mark;

std::string id_of(const fs::path& path) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx",
                static_cast<unsigned long long>(stable_hash(path.string())));
  return digits.data();
}

double seconds_of(fs::file_time_type time) {
  return std::chrono::duration<double>(std::chrono::file_clock::to_sys(time).time_since_epoch()).count();
}

/// The keyword of "000012_stop.wav" and "000012_stop-2.wav"; empty: another file.
std::string clip_word(const std::string& stem) {
  const std::size_t digits = std::min(stem.find_first_not_of("0123456789"), stem.size());
  if (digits < 6 || digits == stem.size() || stem[digits] != '_') {
    return "";
  }
  std::string word = stem.substr(digits + 1);
  const std::size_t run = word.find_last_not_of("0123456789");
  if (run != std::string::npos && run + 1 < word.size() && run > 0 && word[run] == '-') {
    word.resize(run);
  }
  return word;
}

bool is_keyword(const std::string& word) {
  try {
    check_keyword(word, "");
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

SoundShelf::SoundShelf(fs::path data, fs::path clips, fs::path near_misses)
    : data_(std::move(data)), clips_(std::move(clips)), near_misses_(std::move(near_misses)) {}

fs::file_time_type SoundShelf::near_misses_changed() const {
  std::error_code ignored;
  return fs::last_write_time(near_misses_, ignored);
}

void SoundShelf::add(std::vector<ShelfSound>& to, ShelfSound::Kind kind, const fs::path& path,
                     const std::string& word) const {
  std::error_code error;
  if (path.extension() != ".wav" || !fs::is_regular_file(fs::symlink_status(path, error)) ||
      !is_keyword(word)) {
    return;
  }
  ShelfSound sound{kind, path, id_of(path), word, seconds_of(fs::last_write_time(path, error)), Mark::none};
  for (const Mark mark : {Mark::missed, Mark::false_accept}) {
    if (fs::exists(copy_of(sound, mark), error)) {
      sound.mark = mark;
    }
  }
  to.push_back(std::move(sound));
}

std::vector<ShelfSound> SoundShelf::list(ShelfSound::Kind kind) const {
  std::vector<ShelfSound> sounds;
  std::error_code error;
  if (kind == ShelfSound::Kind::clip || kind == ShelfSound::Kind::near_miss) {
    if (const fs::path& folder = kind == ShelfSound::Kind::clip ? clips_ : near_misses_; !folder.empty()) {
      for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
        add(sounds, kind, entry.path(), clip_word(entry.path().stem().string()));
      }
    }
  } else {
    const fs::path top = kind == ShelfSound::Kind::recording ? recordings() : dropped();
    for (const fs::directory_entry& folder : fs::directory_iterator(top, error)) {
      const std::string word = folder.path().filename().string();
      if (folder.is_directory(error)) {
        for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
          add(sounds, kind, entry.path(), word);
        }
      }
    }
  }
  std::sort(sounds.begin(), sounds.end(), [](const ShelfSound& a, const ShelfSound& b) {
    return a.time != b.time ? a.time > b.time : a.path > b.path;
  });
  sounds.resize(std::min(sounds.size(), most_sounds));
  return sounds;
}

ShelfSound SoundShelf::find(const std::string& id) const {
  for (const ShelfSound::Kind kind : {ShelfSound::Kind::recording, ShelfSound::Kind::dropped,
                                      ShelfSound::Kind::clip, ShelfSound::Kind::near_miss}) {
    for (ShelfSound& sound : list(kind)) {
      if (sound.id == id) {
        return std::move(sound);
      }
    }
  }
  throw Error(ErrorKind::no_input, "this sound is no longer there");
}

std::string SoundShelf::read(const std::string& id) const {
  const ShelfSound sound = find(id);
  std::error_code error;
  std::ifstream file(sound.path, std::ios::binary);
  if (const std::uintmax_t bytes = fs::file_size(sound.path, error); error || !file || bytes > most_bytes) {
    throw Error(ErrorKind::no_input, "this sound cannot be read");
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Clips of several runs have the same name: the time tells them apart. So may a clip and a near miss.
fs::path SoundShelf::copy_of(const ShelfSound& sound, Mark mark) const {
  const std::string folder = (mark == Mark::missed ? "" : "not_") + sound.word;
  const char* kind = sound.kind == ShelfSound::Kind::near_miss ? "_nearly_" : "_";
  return mistakes() / folder /
         (std::to_string(static_cast<long long>(sound.time)) + kind + sound.path.filename().string());
}

void SoundShelf::mark(const std::string& id, Mark mark) const {
  const ShelfSound sound = find(id);
  std::error_code error;
  for (const Mark old : {Mark::missed, Mark::false_accept}) {
    if (old != mark) {
      fs::remove(copy_of(sound, old), error);
    }
  }
  if (mark == Mark::none) {
    return;
  }
  const fs::path copy = copy_of(sound, mark);
  fs::create_directories(copy.parent_path(), error);
  if (!error) {
    fs::copy_file(sound.path, copy, fs::copy_options::overwrite_existing, error);
  }
  if (error) {
    throw Error(ErrorKind::io, copy.string() + ": cannot be written: " + error.message());
  }
}

void SoundShelf::remove(const std::string& id) const {
  const ShelfSound sound = find(id);
  if (sound.kind != ShelfSound::Kind::recording) {
    throw Error(ErrorKind::usage, "id: found another sound, expected a recording that is kept");
  }
  mark(id, Mark::none);
  std::error_code error;
  if (!fs::remove(sound.path, error)) {
    throw Error(ErrorKind::io, sound.path.string() + ": cannot be removed: " + error.message());
  }
}

}  // namespace kwsd
