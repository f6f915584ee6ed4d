#include "app/eval/labelled_words.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "app/base/text_lines.h"
#include "app/base/words.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

constexpr double longest_seconds = 1e7;
constexpr std::size_t longest_line_bytes = 4096;

class LineParser {
 public:
  LineParser(const std::filesystem::path& file, int line, std::string_view text)
      : file_(file), line_(line), rest_(text) {}

  [[nodiscard]] LabelledWord parse() {
    LabelledWord word;
    word.start_seconds = seconds("start");
    word.end_seconds = seconds("end");
    word.word = std::string(trimmed(field()));
    if (!can_be_label(word.word)) {
      fail("word", word.word, "1 to 64 bytes of UTF-8");
    }
    if (word.end_seconds <= word.start_seconds) {
      fail("end", std::to_string(word.end_seconds), "a time after start");
    }
    return word;
  }

 private:
  std::string_view field() {
    const std::size_t tab = std::min(rest_.find('\t'), rest_.size());
    const std::string_view text = rest_.substr(0, tab);
    rest_.remove_prefix(std::min(tab + 1, rest_.size()));
    return text;
  }

  double seconds(const char* name) {
    const std::string_view text = field();
    std::string digits(text);
    if (const auto comma = digits.find(',');
        comma != std::string::npos && digits.find('.') == std::string::npos) {
      digits[comma] = '.';  // a decimal comma, as some programs write it in some locales
    }
    double value = 0;
    const char* last = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data(), last, value);
    if (error != std::errc{} || end != last || !(value >= 0 && value <= longest_seconds)) {
      fail(name, text, "seconds, tab");
    }
    return value;
  }

  [[noreturn]] void fail(const char* name, std::string_view found, const char* expected) const {
    throw Error(ErrorKind::bad_data, file_.string() + ":" + std::to_string(line_) + ": " + name +
                                         ": found '" + printable(found) + "', expected " + expected);
  }

  const std::filesystem::path& file_;
  int line_;
  std::string_view rest_;
};

}  // namespace

bool can_be_label(std::string_view word) noexcept {
  return !word.empty() && word.size() <= limits::name_bytes && is_utf8(word) &&
         std::none_of(word.begin(), word.end(), [](unsigned char c) { return c < ' '; });
}

std::vector<LabelledWord> read_labels(const std::filesystem::path& file) {
  std::vector<LabelledWord> words;
  for_each_line(file, longest_line_bytes, [&](int number, std::string_view line) {
    const bool frequencies =
        line.starts_with('\\');  // of the label before, from Audacity's spectral selection
    const bool header = number == 1 && word_key(line) == "start end word";
    if (!trimmed(line).empty() && !line.starts_with('#') && !header && !frequencies) {
      words.push_back(LineParser(file, number, line).parse());
    }
  });
  std::stable_sort(words.begin(), words.end(), [](const LabelledWord& a, const LabelledWord& b) {
    return a.start_seconds < b.start_seconds;
  });
  return words;
}

std::string format_label(const LabelledWord& word) {
  char times[64];
  std::snprintf(times, sizeof times, "%.3f\t%.3f\t", word.start_seconds, word.end_seconds);
  return times + word.word + '\n';
}

}  // namespace kwsd
