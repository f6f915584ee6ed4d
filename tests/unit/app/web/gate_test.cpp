// Who may use the page: names, cookie, origin and tokens, to the letter.
#include "app/web/gate.h"

#include <catch2/catch.hpp>

using namespace kwsd;

namespace {

Gate gate() {
  return {{"127.0.0.1:2780", "localhost:2780", "Kwsd.example"},
          {"00000000000000000000000000000001", "00000000000000000000000000000002",
           "00000000000000000000000000000003"}};
}

/// A change that the page itself sends.
RequestHead change() {
  RequestHead head;
  head.method = "POST";
  head.target = "/api/mute";
  head.host = "127.0.0.1:2780";
  head.origin = "http://127.0.0.1:2780";
  head.cookie = "theme=dark; kwsd-00000000=00000000000000000000000000000002";
  head.content_type = "application/json; charset=utf-8";
  head.page_token = "00000000000000000000000000000003";
  head.fetch_site = "same-origin";
  return head;
}

int status(const RequestHead& head, Access access = Access::change) {
  const auto refusal = gate().refusal(head, access);
  return refusal ? refusal->status : 200;
}

}  // namespace

TEST_CASE("the page's own requests are allowed, under each of its names") {
  CHECK(status(change()) == 200);
  RequestHead head = change();
  head.fetch_site = "";  // of an old browser
  head.content_type = "application/octet-stream";
  CHECK(status(head) == 200);
  head.host = "kwsd.EXAMPLE";
  CHECK(status(head) == 403);
  head.origin = "https://kwsd.example";  // a proxy has the certificate
  CHECK(status(head) == 200);
}

TEST_CASE("requests under another name are refused, files of the page too") {
  for (const char* host : {"", "evil.example", "127.0.0.1", "127.0.0.1:2781", "127.0.0.1:2780.evil.example",
                           "127.0.0.1:2780 ", "localhost"}) {
    RequestHead head = change();
    head.host = host;
    head.origin = std::string("http://") + host;
    INFO(host);
    CHECK(status(head) == 421);
    CHECK(status(head, Access::read) == 421);
    CHECK(status(head, Access::page) == 421);
  }
}

TEST_CASE("requests of other sites are refused, with the cookie too") {
  for (const char* origin : {"", "null", "http://evil.example", "http://127.0.0.1", "http://127.0.0.1:2781",
                             "https://127.0.0.1:2780.evil.example", "http://localhost:2780"}) {
    RequestHead head = change();
    head.origin = origin;
    INFO(origin);
    CHECK(status(head) == 403);
  }
  for (const char* site : {"cross-site", "same-site", "none", "other"}) {
    RequestHead head = change();
    head.fetch_site = site;
    INFO(site);
    CHECK(status(head) == 403);
    CHECK(status(head, Access::read) == (std::string(site) == "none" ? 200 : 403));
    CHECK(status(head, Access::page) == 200);  // a link leads to the page
  }
}

TEST_CASE("data needs the cookie, a change also the token of the page and a type that no form has") {
  for (const char* cookie :
       {"", "kwsd-00000000=", "kwsd-00000000=00000000000000000000000000000003",
        "kwsd-00000000=000000000000000000000000000000022", "kwsd-0000000=00000000000000000000000000000002",
        "a=kwsd-00000000=00000000000000000000000000000002", ";;; ;=", "kwsd-00000000"}) {
    RequestHead head = change();
    head.cookie = cookie;
    INFO(cookie);
    CHECK(status(head) == 401);
    CHECK(status(head, Access::read) == 401);
    CHECK(status(head, Access::page) == 200);
  }
  for (const char* token :
       {"", "00000000000000000000000000000002", "3", "00000000000000000000000000000003 "}) {
    RequestHead head = change();
    head.page_token = token;
    CHECK(status(head) == 403);
    CHECK(status(head, Access::read) == 200);
  }
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                           "text/plain; application/json", "application/jsonp"}) {
    RequestHead head = change();
    head.content_type = type;
    CHECK(status(head) == 415);
  }
}

TEST_CASE("the address with the token logs in, and no other") {
  CHECK(gate().logs_in("/?token=00000000000000000000000000000001"));
  for (const char* target :
       {"/", "/?token=", "/?token=00000000000000000000000000000002",
        "/?token=00000000000000000000000000000001&x", "/api/?token=00000000000000000000000000000001"}) {
    CHECK_FALSE(gate().logs_in(target));
  }
  CHECK(gate().cookie() ==
        "kwsd-00000000=00000000000000000000000000000002; Path=/; HttpOnly; SameSite=Strict");
}

TEST_CASE("secrets have 128 bits each, and differ") {
  const WebSecrets a = WebSecrets::random();
  const WebSecrets b = WebSecrets::random();
  CHECK(a.login.size() == 32);
  CHECK(a.login.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(a.login != b.login);
  CHECK(a.login != a.session);
  CHECK(a.session != a.page);
}
