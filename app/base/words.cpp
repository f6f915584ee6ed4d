#include "app/base/words.h"

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {
namespace {

struct Free {
  void operator()(void* memory) const noexcept { std::free(memory); }
};
using Utf8 = std::unique_ptr<std::uint8_t, Free>;

const std::uint8_t* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

/// What libunistring returned, or the text where it returned nothing.
std::string text_of(const Utf8& result, std::size_t length, std::string_view otherwise) {
  return result ? std::string(reinterpret_cast<const char*>(result.get()), length) : std::string(otherwise);
}

/// Calls visit(code point, its bytes) for well-formed UTF-8.
template <class Visit>
void for_each_character(std::string_view text, Visit visit) {
  while (!text.empty()) {
    ucs4_t character = 0;
    const int length = u8_mbtouc(&character, bytes_of(text), text.size());
    visit(character, text.substr(0, static_cast<std::size_t>(length)));
    text.remove_prefix(static_cast<std::size_t>(length));
  }
}

/// No control character, no invisible or bidirectional mark, no space but ' '.
bool is_visible(ucs4_t c) {
  return c == ' ' || !(uc_is_property_white_space(c) || uc_is_general_category(c, UC_CONTROL) ||
                       uc_is_general_category(c, UC_FORMAT) || uc_is_general_category(c, UC_UNASSIGNED));
}

}  // namespace

std::string normal_form(std::string_view text) {
  if (!is_utf8(text)) {
    return std::string(text);
  }
  std::size_t length = 0;
  const Utf8 result(u8_normalize(UNINORM_NFC, bytes_of(text), text.size(), nullptr, &length));
  return text_of(result, length, text);
}

std::string word_key(std::string_view word) {
  std::string folded(word);
  if (is_utf8(word)) {
    std::size_t length = 0;
    const Utf8 result(u8_casefold(bytes_of(word), word.size(), nullptr, UNINORM_NFC, nullptr, &length));
    folded = text_of(result, length, word);
  } else {
    std::transform(folded.begin(), folded.end(), folded.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  }
  std::string key;
  bool space = false;
  for_each_character(folded, [&](ucs4_t character, std::string_view bytes) {
    if (character == '_' || uc_is_property_white_space(character)) {
      space = !key.empty();
      return;
    }
    key += (space ? " " : "");
    key += bytes;
    space = false;
  });
  return key;
}

bool same_word(std::string_view a, std::string_view b) {
  return a == b || word_key(a) == word_key(b);
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const std::size_t first = std::min(text.find_first_not_of(blanks), text.size());
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

std::vector<std::string> trimmed(const std::vector<std::string>& entries) {
  std::vector<std::string> out;
  for (const std::string& entry : entries) {
    if (const std::string_view text = trimmed(std::string_view(entry)); !text.empty()) {
      out.emplace_back(text);
    }
  }
  return out;
}

void check_keyword(std::string_view word, std::string_view where) {
  bool fine = is_label(word) && word.front() != '_' && word.front() != '-' && word.front() != '\'';
  if (fine) {
    for_each_character(word, [&fine](ucs4_t c, std::string_view) { fine = fine && is_visible(c); });
  }
  const std::string key = word_key(word);
  if (!fine || key == "unknown" || key == "silence") {
    throw Error(ErrorKind::usage, std::string(where) + ": found '" + printable(word) + "', expected " +
                                      std::string(label_expected) +
                                      ", beginning with a letter or digit; not 'unknown' or 'silence'");
  }
}

}  // namespace kwsd
