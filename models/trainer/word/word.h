// Makes a model of one word from the available data: recordings, or the text alone. Thread: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kwsd::train {

struct WordOptions {
  std::string word;                            ///< a word or a phrase
  std::vector<std::filesystem::path> folders;  ///< of its recordings; folders that hold a folder of its name
  std::vector<std::filesystem::path> data;     ///< other words, speech and noise, recognized by their layout
  std::filesystem::path mistakes;              ///< clips that an earlier model got wrong, or empty
  std::filesystem::path negatives;             ///< features of negatives; empty: those next to the models
  std::filesystem::path base;                  ///< checkpoint to start from; empty: base.pt of the models
  std::filesystem::path output = ".";          ///< folder for the model, its card, its report and the state
  std::string name;                            ///< of the model; empty: from the word
  std::string language = "en";                 ///< of the voices, as espeak-ng names it
  std::size_t voices = 0;                      ///< 0: as many as needed
  int epochs = 0;                              ///< 0: as many as needed
  bool quick = false;                          ///< few voices and epochs: a trial, not a usable model
  /// Of the windows of other words: out of `negatives`. Less than 0: 0.75; without recordings 0, since a net
  /// that knows the word from synthetic voices alone and other talk from people learns to tell these two
  /// apart.
  double negative_share = -1;
  std::uint64_t seed = 1;  ///< of the training
  double per_hour = 1;     ///< wanted false accepts an hour
  unsigned threads = 0;    ///< 0: those of the machine, at most 4
  std::string install;     ///< "user", "system" or empty
};

/// Leaves NAME.kwsm, NAME.md (its card) and NAME.html (a report with the recordings in it) in the output
/// folder, and NAME.training, from which the same command resumes after an interruption, with the same result
/// as an uninterrupted run. Throws Error: usage (no such word), no_input (a folder, the base), unavailable
/// (no voices), bad_data, io.
void make_word(const WordOptions& options);

}  // namespace kwsd::train
