#include "app/record/record_lines.h"

#include <cstdio>

namespace kwsd {

namespace {

const char* advice(WordFault fault) {
  switch (fault) {
    case WordFault::too_quiet:
      return "too quiet: closer to the microphone, or raise its level";
    case WordFault::clipping:
      return "clipping: further from the microphone, or lower its level";
    case WordFault::too_short:
      return "too short for a word";
    case WordFault::too_long:
      return "too long: one word, then a pause";
    case WordFault::none:
      break;
  }
  return "";
}

}  // namespace

std::string prompt_line(int kept, int count, const std::string& word) {
  return std::to_string(kept + 1) + "/" + std::to_string(count) + "  say \"" + word + "\"";
}

std::string word_line(const CutWord& word, const std::string& path) {
  char text[64];
  std::snprintf(text, sizeof text, "     %.2f s, peak %.0f dB: ", word.word_seconds, word.peak_db);
  return text + (word.fault == WordFault::none ? path : advice(word.fault));
}

}  // namespace kwsd
