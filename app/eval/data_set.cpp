#include "app/eval/data_set.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "app/audio/clip_list.h"
#include "app/audio/scan.h"
#include "app/base/words.h"
#include "engine/model/error.h"

namespace kwsd {

namespace fs = std::filesystem;

namespace {

int first_of_kind(std::span<const Label> labels, LabelKind kind) {
  const auto found =
      std::find_if(labels.begin(), labels.end(), [kind](const Label& l) { return l.kind == kind; });
  return found == labels.end() ? -1 : static_cast<int>(found - labels.begin());
}

/// Index of the label for clips in a folder of this name; -1: no label fits.
int label_of(const std::string& word, std::span<const Label> labels) {
  if (word == "_silence_") {
    return first_of_kind(labels, LabelKind::silence);
  }
  const auto found =
      std::find_if(labels.begin(), labels.end(), [&](const Label& l) { return same_word(l.name, word); });
  return found == labels.end() ? first_of_kind(labels, LabelKind::unknown)
                               : static_cast<int>(found - labels.begin());
}

ClipList read_list(const fs::path& list, const fs::path& folder) {
  std::error_code error;
  if (!list.empty() && !fs::exists(list, error)) {
    throw Error(ErrorKind::no_input, list.string() + ": cannot be read: " + std::strerror(ENOENT));
  }
  ClipList clips(list, folder);
  if (!list.empty() && clips.empty()) {
    throw Error(ErrorKind::bad_data, list.string() + ": no entry, expected lines such as word/clip.wav");
  }
  return clips;
}

}  // namespace

DataSet find_clips(const fs::path& folder, const fs::path& list, std::span<const Label> labels) {
  ClipList wanted = read_list(list, folder);
  DataSet set;
  UnreadableFiles unreadable;
  for (const fs::path& word : word_folders(folder)) {
    const int label = label_of(word.filename().string(), labels);
    for (const fs::path& file : sound_files(word, unreadable)) {
      if (!wanted.empty() && !wanted.contains(file)) {
        continue;
      }
      if (label < 0) {
        ++set.left_out;
      } else {
        set.clips.push_back({file, label});
      }
    }
  }
  unreadable.warn();
  set.missing = wanted.missing();
  if (set.clips.empty()) {
    throw Error(ErrorKind::bad_data, folder.string() + ": found no clip" +
                                         (wanted.empty() ? "" : " that is on the list " + list.string()) +
                                         ", expected a folder of sound files per word");
  }
  return set;
}

}  // namespace kwsd
