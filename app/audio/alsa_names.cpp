#include "app/audio/alsa_names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace kwsd {

namespace {

constexpr std::array prefixes{"hw:", "plughw:", "sysdefault:", "front:", "dsnoop:", "default:"};

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0 ? std::optional(value)
                                                                                : std::nullopt;
}

/// "2", or the name of a card: /proc/asound/NAME links to card2.
std::optional<int> card_number(const std::string& text, const std::filesystem::path& cards) {
  if (const auto value = number(text)) {
    return value;
  }
  std::error_code error;
  const bool name = !text.empty() && text.find('/') == std::string::npos;
  const std::string target = name ? std::filesystem::read_symlink(cards / text, error).string() : "";
  return target.starts_with("card") ? number(std::string_view(target).substr(4)) : std::nullopt;
}

/// The part of `text` before the first `at`; removes that part and `at` from `text`.
std::string_view cut(std::string_view& text, char at) {
  const std::size_t end = text.find(at);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

std::string_view without_key(std::string_view part, std::string_view key) {
  return part.starts_with(key) ? part.substr(key.size()) : part;
}

bool has_prefix(const std::string& text) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const char* prefix) { return text.starts_with(prefix); });
}

}  // namespace

std::optional<AlsaAddress> alsa_address(const std::string& text, const std::filesystem::path& cards) {
  if (!has_prefix(text)) {
    return std::nullopt;
  }
  std::string_view rest = std::string_view(text).substr(text.find(':') + 1);
  const auto card = card_number(std::string(without_key(cut(rest, ','), "CARD=")), cards);
  const std::string_view device_text = without_key(cut(rest, ','), "DEV=");
  const auto device = device_text.empty() ? std::optional(0) : number(device_text);
  return card && device ? std::optional(AlsaAddress{*card, *device}) : std::nullopt;
}

std::optional<AlsaAddress> portaudio_address(const std::string& name) {
  const std::size_t begin = name.rfind("(hw:");
  if (begin == std::string::npos || name.back() != ')') {
    return std::nullopt;
  }
  return alsa_address(name.substr(begin + 1, name.size() - begin - 2));
}

bool is_device_name(const std::string& text) {
  return has_prefix(text) || portaudio_address(text).has_value();
}

}  // namespace kwsd
