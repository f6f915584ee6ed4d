// Spoken words: which text can be a keyword, and when two names are the same word. Names come from folders,
// lists, labels, transcripts and command lines. Thread: any, pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kwsd {

/// UTF-8 in normal form C: the same letter has the same bytes, however a file system writes it. Invalid UTF-8
/// is left unchanged.
[[nodiscard]] std::string normal_form(std::string_view text);

/// The form in which words are compared: normal form C, without case; '_' and any white space between words
/// become one space, with none at the ends. In invalid UTF-8, only ASCII is folded.
[[nodiscard]] std::string word_key(std::string_view word);
[[nodiscard]] bool same_word(std::string_view a, std::string_view b);

/// Without white space at the ends.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;
/// The entries of a list "stop, go", each trimmed; empty ones are left out.
[[nodiscard]] std::vector<std::string> trimmed(const std::vector<std::string>& entries);

/// Throws Error (usage) unless the word can be a keyword: 1 to 64 bytes of UTF-8, words of letters, digits,
/// '-', '_' and apostrophes with a space between them, beginning with a letter or a digit; not "unknown" or
/// "silence". Such a word can be a folder, a label of a model, and an entry of a list. `where`: "--keywords",
/// for the message.
void check_keyword(std::string_view word, std::string_view where);

}  // namespace kwsd
