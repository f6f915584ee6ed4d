// The lines that `kwsd record` prints, without line breaks. Thread: any, pure.
#pragma once

#include <string>

#include "app/record/word_cutter.h"

namespace kwsd {

/// "3/30  say "stop"", once `kept` recordings of `count` are kept.
[[nodiscard]] std::string prompt_line(int kept, int count, const std::string& word);
/// What is wrong with a word, or where it is kept: `path` is empty for a word with a fault.
[[nodiscard]] std::string word_line(const CutWord& word, const std::string& path);

}  // namespace kwsd
