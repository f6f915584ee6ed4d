#include "app/settings/threshold_config.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <vector>

#include "app/base/atomic_file.h"
#include "app/base/file_text.h"
#include "app/settings/config.h"
#include "app/settings/toml.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

namespace fs = std::filesystem;

/// Byte offset of a position that toml++ gives as line and code point, from 1.
std::size_t offset_of(std::string_view text, toml::source_position place) {
  std::size_t at = 0;
  for (toml::source_index line = 1; line < place.line && at < text.size(); ++line) {
    at = std::min(text.find('\n', at), text.size() - 1) + 1;
  }
  for (toml::source_index column = 1; column < place.column && at < text.size(); ++column) {
    do {
      ++at;
    } while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U);
  }
  return at;
}

/// "0.80", as short as a user would write it.
std::string short_number(float value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.4f", static_cast<double>(value));
  std::string out = digits;
  out.erase(out.find_last_not_of('0') + 1);
  return out.back() == '.' ? out + "0" : out;
}

std::string word_of(std::string_view entry) {
  const std::size_t equals = entry.rfind('=');
  return std::string(equals == std::string_view::npos ? "" : entry.substr(0, equals));
}

/// A basic string of TOML.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04X", static_cast<unsigned>(c));
      out += code;
    } else {
      out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    }
  }
  return out + "\"";
}

std::string array_of(const std::vector<std::string>& entries) {
  std::string text = "[";
  for (const std::string& entry : entries) {
    text += (text.size() > 1 ? ", " : "") + quoted(entry);
  }
  return text + "]";
}

/// The strings of the value: "0.8", ["0.8", "stop=0.9"], or a number.
std::vector<std::string> entries_of(const toml::node* node) {
  std::vector<std::string> entries;
  const auto add = [&](const toml::node& value) {
    if (const auto text = value.value_exact<std::string>()) {
      entries.push_back(*text);
    } else if (const auto number = value.value<double>()) {
      entries.push_back(short_number(static_cast<float>(*number)));
    }
  };
  if (node != nullptr && node->is_array()) {
    for (const toml::node& value : *node->as_array()) {
      add(value);
    }
  } else if (node != nullptr) {
    add(*node);
  }
  return entries;
}

std::string read_text(const fs::path& file) {
  std::optional<std::string> text = file_text(file);
  if (!text) {
    throw Error(ErrorKind::config, file.string() + ": cannot be read");
  }
  return *std::move(text);
}

/// `text` with the thresholds of a weaker file, if it has none. An invalid file has none.
std::string with_inherited(std::string text, const std::string& weaker) try {
  const std::vector<std::string> entries = entries_of(toml::parse(weaker).get("threshold"));
  if (!entries.empty() && toml::parse(text).get("threshold") == nullptr) {
    text += (text.empty() || text.back() == '\n' ? "" : "\n") + ("threshold = " + array_of(entries)) + "\n";
  }
  return text;
} catch (const toml::parse_error&) {
  return text;
}

}  // namespace

std::string threshold_entry(const NamedThreshold& threshold) {
  return threshold.first + "=" + short_number(threshold.second);
}

std::string with_thresholds(std::string_view text, std::span<const NamedThreshold> thresholds,
                            std::string_view file) try {
  constexpr std::string_view mark = "\xEF\xBB\xBF";  // of UTF-8, which toml++ does not count
  if (text.starts_with(mark)) {
    return std::string(mark) + with_thresholds(text.substr(mark.size()), thresholds, file);
  }
  const toml::table table = toml::parse(text);
  const toml::node* node = table.get("threshold");
  std::vector<std::string> entries = entries_of(node);
  for (const NamedThreshold& wanted : thresholds) {
    std::erase_if(entries, [&](const std::string& entry) { return word_of(entry) == wanted.first; });
    entries.push_back(threshold_entry(wanted));
  }
  std::string out(text);
  if (node != nullptr) {
    const std::size_t begin = offset_of(text, node->source().begin);
    const std::size_t end = offset_of(text, node->source().end);
    out.replace(begin, end - begin, array_of(entries));
  } else {
    out += (out.empty() || out.back() == '\n' ? "" : "\n") + ("threshold = " + array_of(entries)) + "\n";
  }
  if (entries_of(toml::parse(out).get("threshold")) != entries) {
    throw Error(ErrorKind::config, std::string(file) + ": its key 'threshold' cannot be changed in place");
  }
  return out;
} catch (const toml::parse_error& error) {
  throw Error(ErrorKind::config, std::string(file) + ":" + std::to_string(error.source().begin.line) + ": " +
                                     std::string(error.description()));
} catch (const std::logic_error& error) {
  throw Error(ErrorKind::config, std::string(file) + ": " + error.what());
}

void write_thresholds(const fs::path& file, std::span<const NamedThreshold> thresholds,
                      const fs::path& inherited) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(file, error);
  const fs::path target = error ? file : real;
  const bool exists = fs::exists(target, error);
  std::string text = exists ? read_text(target) : "";
  if (!inherited.empty()) {
    text = with_inherited(std::move(text), read_text(inherited));
  }
  text = with_thresholds(text, thresholds, target.string());
  AtomicFile out(target);
  out.write(text.data(), text.size());
  if (exists) {
    fs::permissions(out.temporary(), fs::status(target).permissions(), error);
  }
  out.commit();
}

fs::path keep_thresholds(const std::string& explicit_file, std::span<const NamedThreshold> thresholds) {
  const fs::path file = preferred_config_file(explicit_file);
  const std::vector<fs::path> files = config_files(explicit_file);
  const bool hides = !files.empty() && files.back() != file;
  write_thresholds(file, thresholds, hides ? files.back() : fs::path());
  return file;
}

}  // namespace kwsd
