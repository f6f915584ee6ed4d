// What a folder of recordings says about itself: words, speakers, lists, transcripts. Thread: any.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kwsd {

/// Sound files below a folder (by extension: wav, flac, ogg, opus, aiff, mp3 ...), sorted by path. A file
/// counts as a folder of one. Links to folders are followed, each file is found once where they lead back;
/// folders below that may not be read are passed over. Throws Error (no_input) when the folder is missing.
[[nodiscard]] std::vector<std::filesystem::path> sound_files(const std::filesystem::path& folder);

/// Folders directly below `folder`, sorted by name. Throws Error (no_input).
[[nodiscard]] std::vector<std::filesystem::path> subfolders(const std::filesystem::path& folder);

/// The lines of validation_list.txt or testing_list.txt without their extensions ("word/name"); empty
/// where there is no such file.
[[nodiscard]] std::set<std::string> read_list(const std::filesystem::path& file);

/// Who speaks, from the name of a file without its extension: `<speaker>_nohash_<n>` (Speech Commands),
/// `<digits>_...` (Arabic Speech Commands, synthetic voices), `<speaker>-<chapter>-<n>` (LibriSpeech); the
/// whole name where it does not tell.
[[nodiscard]] std::string speaker_of(std::string_view stem);

/// File name without extension -> transcript in capitals, from the *.trans.txt files in a folder tree
/// (LibriSpeech: "<name> WORDS ..." per line).
[[nodiscard]] std::map<std::string, std::string> read_transcripts(const std::filesystem::path& folder);

/// Letters of UTF-8 as capitals, as transcripts are compared; of what is no UTF-8 those of ASCII.
[[nodiscard]] std::string capitals(std::string_view text);

/// Whether a transcript contains one of `words` or a word that sounds the same (no, know; right, write); '_'
/// in them is a space.
[[nodiscard]] bool says_any(std::string_view transcript, const std::vector<std::string>& words);

}  // namespace kwsd
