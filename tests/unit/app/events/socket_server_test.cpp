// A server of requests and events with clients that behave and clients that do not; limits to the byte.
#include "app/events/socket_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <thread>

#include "app/events/control_client.h"
#include "engine/model/error.h"
#include "tests/support/temporary_folder.h"

using namespace kwsd;
using namespace std::chrono_literals;

namespace {

/// "n" of {"n":BYTES}: how long the request was. A request that contains "subscribe" subscribes; one that
/// contains "long" gets the longest answer that a client reads, "longer" one of a byte more.
class EchoHandler final : public RequestHandler {
 public:
  Answer answer(std::string_view request, const Peer& peer) noexcept override {
    ++answered;
    peer_ = peer;
    std::string text = R"({"ok":true,"n":)" + std::to_string(request.size());
    if (request.find("long") != std::string_view::npos) {
      const bool longer = request.find("longer") != std::string_view::npos;
      text.append(ControlClient::most_line_bytes - 1 + (longer ? 1 : 0) - text.size(), ' ');
    }
    return {text + "}\n", request.find("subscribe") != std::string_view::npos};
  }
  void on_event(const Event&) noexcept override { ++events; }

  std::atomic<int> answered{0}, events{0};
  Peer peer_;
};

struct ServedSocket {
  ServedSocket() { restart(); }
  void restart() {
    server.reset();
    server = std::make_unique<SocketServer>(std::make_unique<UnixListener>(path, "--control"),
                                            EventFormat{false, false}, &handler);
  }

  test::TemporaryFolder folder;
  std::string path = (folder.path() / "control").string();
  EchoHandler handler;
  std::unique_ptr<SocketServer> server;
};

/// A client that sends what it likes.
class RawClient {
 public:
  explicit RawClient(const std::string& path) : socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    REQUIRE(connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  /// False once the server has hung up.
  bool send_all(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        return false;
      }
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// Bytes that the kernel takes while nobody reads answers.
  std::size_t flood(std::string_view line) {
    std::size_t sent = 0;
    while (sent < (std::size_t{64} << 20U)) {
      pollfd room{socket_.get(), POLLOUT, 0};
      if (poll(&room, 1, 300) <= 0) {
        return sent;
      }
      sent += static_cast<std::size_t>(
          std::max<ssize_t>(0, send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT)));
    }
    return sent;
  }
  void finish() { shutdown(socket_.get(), SHUT_WR); }
  /// The next line without line break; "" once the server has hung up.
  std::string line() {
    for (;;) {
      if (const std::size_t end = received_.find('\n'); end != std::string::npos) {
        std::string first = received_.substr(0, end);
        received_.erase(0, end + 1);
        return first;
      }
      char bytes[65536];
      const ssize_t got = recv(socket_.get(), bytes, sizeof bytes, 0);
      if (got <= 0) {
        return "";
      }
      received_.append(bytes, static_cast<std::size_t>(got));
    }
  }

 private:
  Descriptor socket_;
  std::string received_;
};

template <class Condition>
void reached(Condition&& holds) {
  while (!holds()) {
    std::this_thread::sleep_for(1ms);
  }
}

}  // namespace

TEST_CASE("a request of the longest length is answered, one of a byte more ends the connection") {
  ServedSocket served;
  constexpr std::size_t most = SocketClient::most_request_bytes;
  RawClient client(served.path);
  REQUIRE(client.send_all(std::string(most, 'a') + "\nb\n"));
  CHECK(client.line() == R"({"ok":true,"n":4096})");
  CHECK(client.line() == R"({"ok":true,"n":1})");
  const std::string refusal =
      R"({"error":"found a line of more than 4096 bytes, expected at most 4096","code":2})";
  REQUIRE(client.send_all(std::string(most + 1, 'a') + "\nb\n"));
  CHECK(client.line() == refusal);
  CHECK(client.line().empty());
  RawClient endless(served.path);
  (void)endless.send_all(std::string(most + 1, 'a'));  // no line break at all
  CHECK(endless.line() == refusal);
  CHECK(endless.line().empty());
  CHECK(served.handler.answered == 2);
}

TEST_CASE("requests may come in pieces, many at once, and without a last line break") {
  ServedSocket served;
  RawClient client(served.path);
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    all += std::string(static_cast<std::size_t>(i % 50), 'x') + '\n';
  }
  std::thread sender([&] {
    for (std::size_t at = 0; at < all.size(); at += 777) {
      (void)client.send_all(std::string_view(all).substr(at, 777));
    }
    (void)client.send_all("last");
    client.finish();
  });
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(client.line() == R"({"ok":true,"n":)" + std::to_string(i % 50) + "}");
  }
  CHECK(client.line() == R"({"ok":true,"n":4})");
  CHECK(client.line().empty());
  sender.join();
  CHECK(served.handler.peer_.pid == getpid());
  CHECK(served.handler.peer_.uid == getuid());
}

TEST_CASE("a program that sends and does not read is not read from any more, and blocks nobody") {
  ServedSocket served;
  RawClient lazy(served.path), good(served.path);
  REQUIRE(lazy.send_all("long\n"));
  const std::size_t taken = lazy.flood("request\n");
  CHECK(taken < std::size_t{8} << 20U);  // what the kernel holds; kwsd takes nothing
  CHECK(served.handler.answered == 1);
  REQUIRE(good.send_all("x\n"));
  CHECK(good.line() == R"({"ok":true,"n":1})");
  CHECK(lazy.line().size() == ControlClient::most_line_bytes);  // it reads after all
  CHECK(lazy.line() == R"({"ok":true,"n":7})");
}

TEST_CASE("a program that hangs up after a request is obeyed") {
  ServedSocket served;
  { REQUIRE(RawClient(served.path).send_all("mute\n")); }
  reached([&] { return served.handler.answered == 1 && served.server->clients() == 0; });
}

TEST_CASE("one client too many is told so") {
  ServedSocket served;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::size_t i = 0; i < SocketServer::most_clients; ++i) {
    clients.push_back(std::make_unique<RawClient>(served.path));
    REQUIRE(clients.back()->send_all("x\n"));
    REQUIRE(clients.back()->line() == R"({"ok":true,"n":1})");
  }
  CHECK(served.server->clients() == SocketServer::most_clients);
  RawClient one_more(served.path);
  CHECK(one_more.line() ==
        R"({"error":"256 programs are connected; further connections are rejected","code":69})");
  CHECK(one_more.line().empty());
}

TEST_CASE("events come to those who subscribed, with the greeting once, in between answers") {
  ServedSocket served;
  ControlClient client(served.path), other(served.path);
  (void)served.server->inbox().post({ReadyEvent{"mic", 16000, {"commands"}, BranchId::full, "portable"}, {}});
  reached([&] { return served.handler.events == 1; });
  client.subscribe();
  CHECK(client.request("subscribe again") == R"({"ok":true,"n":15})");
  (void)served.server->inbox().post({MutedEvent{16000, true}, {}});
  reached([&] { return served.handler.events == 2; });
  CHECK(client.request("ab") == R"({"ok":true,"n":2})");
  CHECK(client.next_event(10s)->starts_with(R"({"event":"ready")"));
  CHECK(client.next_event(10s) == R"({"event":"muted","seconds":1.0})");
  CHECK_FALSE(client.next_event(1ms));
  CHECK(other.request("abc") == R"({"ok":true,"n":3})");
}

TEST_CASE("a subscriber that does not read loses events and is told how many") {
  ServedSocket served;
  RawClient lazy(served.path);
  REQUIRE(lazy.send_all("subscribe\n"));
  CHECK(lazy.line() == R"({"ok":true,"n":9})");
  constexpr int posted = 20000;
  for (int i = 0; i < posted; ++i) {
    (void)served.server->inbox().post({MutedEvent{i, true}, {}});
    if (i % 100 == 99) {
      reached([&] { return served.handler.events > i - 100; });
    }
  }
  int got = 0;
  std::string line;
  while ((line = lazy.line()).starts_with(R"({"event":"muted")")) {
    ++got;
  }
  CHECK(got < posted);
  CHECK(line.starts_with(R"({"event":"dropped","events":)"));
}

TEST_CASE("a subscription outlives the server") {
  ServedSocket served;
  ControlClient client(served.path);
  client.subscribe();
  served.server.reset();
  CHECK_FALSE(client.next_event(1ms));
  CHECK_FALSE(client.connected());
  CHECK_THROWS_WITH(client.request("x"), Catch::Contains("no kwsd listens there"));
  served.restart();
  (void)served.server->inbox().post({ReadyEvent{"mic", 16000, {"commands"}, BranchId::full, "portable"}, {}});
  CHECK(client.next_event(60s)->starts_with(R"({"event":"ready")"));
  CHECK(client.connected());
}

TEST_CASE("a client reads answers up to its limit, and no further") {
  ServedSocket served;
  ControlClient client(served.path);
  CHECK(client.request("long").size() == ControlClient::most_line_bytes);
  CHECK(client.request("a") == R"({"ok":true,"n":1})");
  CHECK_THROWS_WITH(client.request("longer"), Catch::Contains("found a line of more than 1048576 bytes"));
  CHECK_FALSE(client.connected());
  CHECK(client.request("long").size() == ControlClient::most_line_bytes);
}

TEST_CASE("a client does not wait for a server that is stuck") {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path() / "control").string();
  const UnixListener stuck(path, "--control");
  ControlClient client(path);
  CHECK_THROWS_WITH(client.request("x", 20ms), Catch::Contains("kwsd does not answer"));
  CHECK_FALSE(client.connected());
  CHECK_THROWS_AS(ControlClient(std::string(200, 'x')), Error);
}
