#include <array>
#include <string>
#include <string_view>

#include "app/web/api_request.h"
#include "app/web/gate.h"
#include "engine/model/limits.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace kwsd::fuzz {

namespace {

const std::string secret(32, '1');

void check_gate(const RequestHead& head) {
  static const Gate gate({"127.0.0.1:2780"}, {secret, secret, secret});
  const bool passes = !gate.refusal(head, Access::change);
  expect(!passes || (head.cookie.find(secret) != std::string::npos && head.page_token == secret &&
                     head.origin.ends_with("://127.0.0.1:2780")),
         "a change that passes without the secrets or the origin");
  expect(!gate.logs_in(head.target) || head.target == "/?token=" + secret, "a login without the token");
}

void check_request(const ApiRequest& request) {
  expect(request.word.find('/') == std::string::npos, "a word with a '/'");
  for (const std::string* name : {&request.name, &request.by}) {
    expect(name->empty() || is_name(*name), "a model whose name is none");
  }
  expect(request.id.find_first_not_of("0123456789abcdef") == std::string::npos, "an id that is none");
  expect(request.value >= 0 && request.value <= 1, "a threshold out of its range");
  expect(request.count >= 0 && request.count <= 100, "a count out of its range");
  expect(request.sound.size() % 2 == 0 && request.sound.size() <= most_sound_bytes, "a part of a sample");
}

}  // namespace

void web(std::span<const std::byte> bytes) {
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::array<std::string, 6> lines;
  for (std::string& line : lines) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  RequestHead head;
  head.method = lines[0];
  head.target = lines[1];
  head.host = "127.0.0.1:2780";
  head.origin = lines[2];
  head.cookie = lines[3];
  head.content_type = lines[4];
  head.page_token = lines[5];
  check_gate(head);
  expect(most_body_bytes(head.target) <= most_sound_bytes, "a body without a limit");
  if (!refused(
          ErrorKind::usage, [&] { check_request(parse_api_request(head.method, head.target, rest)); },
          ErrorKind::no_input)) {
    expect(is_api(head.target), "a request outside of the API");
  }
}

}  // namespace kwsd::fuzz
