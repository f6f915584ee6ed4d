// Records a word repeatedly: for `kwsd record`, and for commands that ask for recordings. Thread: main.
#pragma once

#include <string>

#include "app/settings/options.h"

namespace kwsd {

struct RecordOptions {
  std::string word, dir = ".", speaker;
  std::string dropped;    ///< folder for words that are not kept; empty: none
  std::string from_file;  ///< a recording that the words are cut out of; empty: the microphone
  int count = 30;
  InputOptions input;
};

/// Prompts for a word on standard output until there are `count` recordings, the input ends, or a signal
/// stops it. Throws Error.
void record_words(const RecordOptions& options);

}  // namespace kwsd
