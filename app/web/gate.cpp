#include "app/web/gate.h"

#include <sys/random.h>

#include <algorithm>
#include <array>

#include "engine/model/error.h"

namespace kwsd {

namespace {

constexpr std::string_view login_target = "/?token=";

std::string random_hex() {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw Error(ErrorKind::unavailable, "the kernel has no random numbers for the token of the page");
  }
  std::string hex;
  for (const unsigned byte : bytes) {
    hex += "0123456789abcdef"[byte >> 4U];
    hex += "0123456789abcdef"[byte & 15U];
  }
  return hex;
}

/// Takes the same time wherever the texts differ.
bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned>(a[i] ^ b[i]);
  }
  return difference == 0;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

/// The type without its parameters.
bool is_content_type(std::string_view found, std::string_view type) {
  return lower(std::string(found.substr(0, found.find(';')))) == type;
}

}  // namespace

WebSecrets WebSecrets::random() {
  return {random_hex(), random_hex(), random_hex()};
}

Gate::Gate(std::vector<std::string> hosts, WebSecrets secrets)
    : hosts_(std::move(hosts)), secrets_(std::move(secrets)) {
  std::transform(hosts_.begin(), hosts_.end(), hosts_.begin(), lower);
  // Browsers send the cookies of all ports of a machine to each of them: the name tells servers apart.
  cookie_name_ = "kwsd-" + secrets_.session.substr(0, 8);
}

std::optional<Refusal> Gate::refusal(const RequestHead& head, Access access) const {
  const std::string host = lower(head.host);
  if (std::find(hosts_.begin(), hosts_.end(), host) == hosts_.end()) {
    return Refusal{421, "the page has another name: kwsd web --host NAME\n"};
  }
  if (access == Access::page) {
    return std::nullopt;
  }
  if (!head.fetch_site.empty() && head.fetch_site != "same-origin" &&
      !(head.fetch_site == "none" && access == Access::read)) {
    return Refusal{403, "the request comes from another site\n"};
  }
  if (!has_cookie(head.cookie)) {
    return Refusal{401, "open the address that kwsd web printed\n"};
  }
  if (access == Access::read) {
    return std::nullopt;
  }
  if (const std::string origin = lower(head.origin);
      origin != "http://" + host && origin != "https://" + host) {
    return Refusal{403, "the request comes from another site\n"};
  }
  if (!same_secret(head.page_token, secrets_.page)) {
    return Refusal{403, "the token of the page is missing or of an earlier run: load the page again\n"};
  }
  if (!is_content_type(head.content_type, "application/json") &&
      !is_content_type(head.content_type, "application/octet-stream")) {
    return Refusal{415, "expected application/json\n"};
  }
  return std::nullopt;
}

bool Gate::logs_in(std::string_view target) const {
  return target.starts_with(login_target) && same_secret(target.substr(login_target.size()), secrets_.login);
}

std::string Gate::cookie() const {
  return cookie_name_ + "=" + secrets_.session + "; Path=/; HttpOnly; SameSite=Strict";
}

bool Gate::has_cookie(std::string_view cookies) const {
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    std::string_view pair = cookies.substr(0, end);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.starts_with(cookie_name_ + "=") &&
        same_secret(pair.substr(cookie_name_.size() + 1), secrets_.session)) {
      return true;
    }
  }
  return false;
}

}  // namespace kwsd
