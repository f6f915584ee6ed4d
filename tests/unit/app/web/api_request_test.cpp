// Requests of the page, to the letter.
#include "app/web/api_request.h"

#include <catch2/catch.hpp>

#include "engine/model/error.h"

using namespace kwsd;

namespace {

std::string refusal(std::string_view method, std::string_view target, std::string_view body = "") {
  try {
    (void)parse_api_request(method, target, body);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("each request is read with its members") {
  const auto parse = [](std::string_view target, std::string_view body) {
    return parse_api_request("POST", target, body);
  };
  using Kind = ApiRequest::Kind;
  CHECK(parse_api_request("GET", "/api/state", "").kind == Kind::state);
  CHECK(parse_api_request("GET", "/api/events", "").kind == Kind::events);
  CHECK(parse_api_request("GET", "/api/sound/0123456789abcdef", "").id == "0123456789abcdef");
  CHECK(parse_api_request("GET", "/api/curve/commands", "").name == "commands");
  CHECK(parse_api_request("GET", "/api/curve/caf%C3%A9", "").name == "caf\xC3\xA9");
  const ApiRequest threshold = parse("/api/threshold", R"({"word":"hey marmalade","value":0.25})");
  CHECK(threshold.kind == Kind::threshold);
  CHECK(threshold.word == "hey marmalade");
  CHECK(threshold.value == 0.25);
  CHECK(parse("/api/threshold", R"({"value":1})").word.empty());
  CHECK(parse("/api/mute", R"({"muted":true})").muted);
  CHECK(parse("/api/model/replace", R"({"name":"a","by":"b"})").by == "b");
  CHECK(parse("/api/take", R"({"word":"a","count":5,"rate":44100})").rate_hz == 44100);
  CHECK(parse("/api/train", R"({"word":"a","quick":true})").quick);
  CHECK(parse("/api/mark", R"({"id":"0123456789abcdef","as":"missed"})").mark == ApiRequest::Mark::missed);
  CHECK(parse("/api/keep", "{}").kind == Kind::keep);
  CHECK(parse("/api/stop", "{}").kind == Kind::stop);
  const std::string sound(2000, 'x');
  CHECK(parse("/api/take/sound", sound).sound == sound);
}

TEST_CASE("what does not fit is refused with what was found and expected") {
  const std::tuple<const char*, const char*, std::string, const char*> refused[] = {
      {"GET", "/api/nosuch", "", "not found"},
      {"GET", "/api/", "", "not found"},
      {"GET", "/api/state/", "", "not found"},
      {"GET", "/api/sound/../../etc/passwd", "", "not found"},
      {"GET", "/api/sound/0123456789ABCDEF", "", "not found"},
      {"GET", "/api/sound/0123456789abcdef0", "", "not found"},
      {"GET", "/api/curve/..%2Fcommands", "", "not found"},
      {"GET", "/api/curve/", "", "not found"},
      {"GET", "/api/report/../x", "", "not found"},
      {"GET", "/api/curve/%", "", "not found"},
      {"GET", "/api/curve/a%00", "", "not found"},
      {"POST", "/api/state", "{}", "method: found POST, expected GET"},
      {"GET", "/api/mute", "", "method: found GET, expected POST"},
      {"DELETE", "/api/remove", "{}", "method: found DELETE, expected POST"},
      {"GET", "/api/state", "{}", "request: found a body, expected none"},
      {"POST", "/api/mute", "", "request: found no JSON, expected an object"},
      {"POST", "/api/mute", "[]", "request: found array, expected an object"},
      {"POST", "/api/mute", "{}", "muted: found nothing, expected a value"},
      {"POST", "/api/mute", R"({"muted":1})", "muted: found number, expected true or false"},
      {"POST", "/api/mute", R"({"muted":true,"word":"a"})",
       "request: found 2 members, expected those of mute"},
      {"GET", "/api/keep", "", "method: found GET, expected POST"},
      {"POST", "/api/keep", R"({"file":"/etc/kwsd/kwsd.toml"})",
       "request: found 1 members, expected those of keep"},
      {"POST", "/api/threshold", R"({"value":1.5})", "value: found 1.5, expected a number from 0 to 1"},
      {"POST", "/api/threshold", R"({"value":"1"})", "value: found string, expected a number from 0 to 1"},
      {"POST", "/api/record", R"({"word":"a","count":0})", "count: found 0, expected a number from 1 to 100"},
      {"POST", "/api/record", R"({"word":"a","count":1.5})", "count: found 1.5, expected a whole number"},
      {"POST", "/api/take", R"({"word":"a","count":1,"rate":1e9})",
       "rate: found 1000000000.0, expected a number from 8000 to 192000"},
      {"POST", "/api/mark", R"({"id":"../x","as":"missed"})", "id: found '../x', expected an id of the page"},
      {"POST", "/api/mark", R"({"id":"0123456789abcdef","as":"good"})",
       "as: found 'good', expected none, missed or false_accept"},
      {"POST", "/api/take/sound", "odd", "sound: found 3 bytes, expected an even number from 2 to 262144"},
      {"POST", "/api/stop", std::string(4097, ' '), "request: found 4097 bytes, expected at most 4096"},
  };
  for (const auto& [method, target, body, text] : refused) {
    INFO(method << " " << target << " " << body.substr(0, 80));
    CHECK(refusal(method, target, body) == text);
  }
  for (const char* word : {"", "../up", "a/b", "-x", "unknown", "a\\u0000b", "a  b"}) {
    INFO(word);
    CHECK(refusal("POST", "/api/enroll", std::string(R"({"word":")") + word + "\"}")
              .starts_with("word: found"));
  }
  for (const char* name : {"", "../up", "/etc/passwd", "a.kwsm", "a b"}) {
    INFO(name);
    CHECK(refusal("POST", "/api/model/add", std::string(R"({"name":")") + name + "\"}")
              .starts_with("name: found"));
  }
}

TEST_CASE("a change is what is no GET, data is below /api/, and sound alone may be long") {
  CHECK(access_of("GET", "/") == Access::page);
  CHECK(access_of("GET", "/app.js") == Access::page);
  CHECK(access_of("GET", "/api/state") == Access::read);
  CHECK(access_of("GET", "/api/mute") == Access::read);
  for (const char* method : {"POST", "PUT", "DELETE", "HEAD", "OPTIONS", "get", ""}) {
    CHECK(access_of(method, "/") == Access::change);
  }
  CHECK(most_body_bytes("/api/take/sound") == most_sound_bytes);
  CHECK(most_body_bytes("/api/take") == most_json_bytes);
  CHECK(most_body_bytes("/nosuch") == most_json_bytes);
}
