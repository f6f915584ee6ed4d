// Times of the words in a recording: lines "start<TAB>end<TAB>word", seconds. Thread: any.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kwsd {

struct LabelledWord {
  double start_seconds = 0;
  double end_seconds = 0;
  std::string word;

  bool operator==(const LabelledWord&) const = default;
};

/// Whether the word is valid in labels: 1 to 64 bytes of UTF-8 without control characters.
[[nodiscard]] bool can_be_label(std::string_view word) noexcept;

/// Reads a file of labels, sorted by start: ours, or what Audacity exports. Empty lines, lines that begin
/// with '#' or with '\' (Audacity's frequencies) and a first line "start<TAB>end<TAB>word" are passed over.
/// Throws Error: no_input when it cannot be read, bad_data naming line and field.
[[nodiscard]] std::vector<LabelledWord> read_labels(const std::filesystem::path& file);

/// One line with its line break, times to the millisecond.
[[nodiscard]] std::string format_label(const LabelledWord& word);

}  // namespace kwsd
