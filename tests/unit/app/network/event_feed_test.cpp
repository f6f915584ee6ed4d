// The lines of an event socket, as they arrive.
#include "app/network/event_feed.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

#include "tests/support/temporary_folder.h"

using namespace kwsd;

namespace {

/// A feed and the other end of its connection.
struct FedSocket {
  FedSocket() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    REQUIRE(bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(listening.get(), 1) == 0);
    feed.connect(0);
    REQUIRE(feed.connected());
    end = Descriptor(accept(listening.get(), nullptr, nullptr));
  }
  /// Reads after each piece, so that the kernel's buffer has room. False: the feed has hung up.
  bool say(std::string_view text, std::size_t piece) {
    for (std::size_t at = 0; at < text.size(); at += piece) {
      const std::string_view part = text.substr(at, piece);
      REQUIRE(send(end.get(), part.data(), part.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(part.size()));
      if (!feed.read([this](std::string_view line) { lines.emplace_back(line); })) {
        return false;
      }
    }
    return true;
  }

  test::TemporaryFolder folder;
  std::string path = (folder.path() / "events").string();
  Descriptor listening{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)}, end;
  EventFeed feed{path};
  std::vector<std::string> lines;
};

}  // namespace

TEST_CASE("a feed reads lines up to its limit, and no further, however they arrive") {
  const std::string most(EventFeed::most_line_bytes, 'a');
  for (const std::size_t piece : {std::size_t{65536}, std::size_t{1000}}) {
    FedSocket whole;
    CHECK(whole.say(most + "\nb\n" + most + "\n", piece));
    CHECK(whole.lines == std::vector<std::string>{most, "b", most});
    FedSocket longer;
    CHECK_FALSE(longer.say("b\n" + most + "a\nc\n", piece));
    CHECK(longer.lines == std::vector<std::string>{"b"});
    CHECK_FALSE(longer.feed.connected());
    FedSocket endless;
    CHECK_FALSE(endless.say(most + "a", piece));
  }
}

TEST_CASE("a feed ends with its connection and has a reason while there is none") {
  FedSocket fed;
  fed.end = Descriptor();
  CHECK_FALSE(fed.feed.read([](std::string_view) {}));
  CHECK_FALSE(fed.feed.connected());
  fed.listening = Descriptor();
  fed.feed.connect(EventFeed::retry_seconds);
  CHECK_FALSE(fed.feed.connected());
  CHECK(fed.feed.reason() == "Connection refused");
}
