// Who may use the page of `kwsd web`: its names, the login token, the session's cookie, and the page's own
// origin. Does not depend on a socket. Thread: any, pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kwsd {

/// The head of a request, as the browser sent it. Each text is empty if the field is missing or comes twice.
struct RequestHead {
  std::string method, target;
  std::string host, origin, cookie, content_type;
  std::string page_token;  ///< X-Kwsd-Token
  std::string fetch_site;  ///< Sec-Fetch-Site
};

/// 128 random bits each, as hex digits.
struct WebSecrets {
  std::string login;    ///< in the URL that `kwsd web` prints
  std::string session;  ///< in the cookie
  std::string page;     ///< that the page sends with each change
  /// Throws Error (unavailable) if the kernel has no random numbers.
  [[nodiscard]] static WebSecrets random();
};

/// What a request wants: a file of the page, data, or a change.
enum class Access : std::uint8_t { page, read, change };

struct Refusal {
  int status;  ///< of HTTP
  const char* text;
};

class Gate {
 public:
  /// `hosts`: the names and ports of the page as browsers send them, "127.0.0.1:2780", in any case.
  Gate(std::vector<std::string> hosts, WebSecrets secrets);

  /// Nothing: the request is allowed. A read needs the cookie; a change also the page's origin, the page's
  /// token, and a type of content that a form of another site cannot send.
  [[nodiscard]] std::optional<Refusal> refusal(const RequestHead& head, Access access) const;
  /// Whether the target is "/?token=" and the login token.
  [[nodiscard]] bool logs_in(std::string_view target) const;
  /// The value of Set-Cookie after that.
  [[nodiscard]] std::string cookie() const;
  [[nodiscard]] const WebSecrets& secrets() const noexcept { return secrets_; }

 private:
  [[nodiscard]] bool has_cookie(std::string_view cookies) const;

  std::vector<std::string> hosts_;
  WebSecrets secrets_;
  std::string cookie_name_;
};

}  // namespace kwsd
