#include "app/eval/data_set.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "app/audio/scan.h"
#include "engine/model/error.h"

namespace kwsd {

namespace fs = std::filesystem;

namespace {

int first_of_kind(std::span<const Label> labels, LabelKind kind) {
  const auto found =
      std::find_if(labels.begin(), labels.end(), [kind](const Label& l) { return l.kind == kind; });
  return found == labels.end() ? -1 : static_cast<int>(found - labels.begin());
}

/// Index of the label that clips in the folder `word` have; -1: none fits.
int label_of(const std::string& word, std::span<const Label> labels) {
  if (word == "_silence_") {
    return first_of_kind(labels, LabelKind::silence);
  }
  const auto found =
      std::find_if(labels.begin(), labels.end(), [&](const Label& l) { return l.name == word; });
  return found == labels.end() ? first_of_kind(labels, LabelKind::unknown)
                               : static_cast<int>(found - labels.begin());
}

std::set<std::string> wanted_entries(const fs::path& list) {
  if (list.empty()) {
    return {};
  }
  std::error_code ignored;
  if (fs::is_directory(list, ignored) || !std::ifstream(list)) {
    throw Error(ErrorKind::no_input, list.string() + ": cannot be read; a list of clips was expected");
  }
  std::set<std::string> entries = read_list(list);
  if (entries.empty()) {
    throw Error(ErrorKind::bad_data, list.string() + ": no entry, expected lines such as word/clip.wav");
  }
  return entries;
}

}  // namespace

DataSet find_clips(const fs::path& folder, const fs::path& list, std::span<const Label> labels) {
  const std::set<std::string> wanted = wanted_entries(list);
  std::set<std::string> missing = wanted;
  DataSet set;
  for (const fs::path& word : subfolders(folder)) {
    const std::string name = word.filename().string();
    if (name.starts_with('.') || name == "_background_noise_") {
      continue;
    }
    const int label = label_of(name, labels);
    for (const fs::path& file : sound_files(word)) {
      const std::string entry = name + '/' + file.stem().string();
      if (!wanted.empty() && !wanted.contains(entry)) {
        continue;
      }
      missing.erase(entry);
      if (label < 0) {
        ++set.left_out;
      } else {
        set.clips.push_back({file, label});
      }
    }
  }
  set.missing.assign(missing.begin(), missing.end());
  if (set.clips.empty()) {
    throw Error(ErrorKind::bad_data, folder.string() + ": found no clip" +
                                         (wanted.empty() ? "" : " that is on the list " + list.string()) +
                                         ", expected a folder of sound files per word");
  }
  return set;
}

}  // namespace kwsd
