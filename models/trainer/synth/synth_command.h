// `kwsd-train synth`: words, sentences or a whole scene, spoken by synthetic voices. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kwsd::train {

struct SynthOptions {
  std::filesystem::path output;
  std::string language = "en";
  std::size_t speakers = 80;
  std::size_t per_speaker = 3;  ///< recordings of each word by each speaker, at different paces
  std::uint64_t seed = 1;
  unsigned threads = 2;
};

/// Speaks each word into <output>/<word>/<speaker>_nohash_<n>.flac (the Speech Commands layout, ready for the
/// trainer) and lists the speakers in <output>/voices.tsv. Existing files are kept. `said`: the text to speak
/// for a word, if it is not the word itself ("zoom in" for zoom_in). Returns the number of clips.
std::size_t synthesize_words(const std::vector<std::pair<std::string, std::string>>& word_and_said,
                             const SynthOptions& options);

/// Speaks every line of `sentences` with a different speaker, in LibriSpeech's layout with transcripts:
/// negatives. Existing files are kept if the sentence is the same.
std::size_t synthesize_sentences(const std::vector<std::string>& sentences, const SynthOptions& options);

void add_synth_command(CLI::App& app);

}  // namespace kwsd::train
