// Which of several rooms answers.
#include "app/network/room_arbiter.h"

#include <catch2/catch.hpp>

using namespace kwsd;

namespace {

struct Rooms {
  RoomArbiter arbiter;

  explicit Rooms(std::uint64_t streams) {
    for (std::uint64_t stream = 1; stream <= streams; ++stream) {
      arbiter.hear(stream, 0);
    }
  }
  void claim(std::uint64_t stream, double snr, double now, const std::string& word = "stop") {
    arbiter.claim({stream, word, snr, "yes", "no"}, now);
  }
  /// "1yes 2no"
  std::string decided(double now) {
    std::string text;
    for (const RoomArbiter::Verdict& verdict : arbiter.decided(now)) {
      text += (text.empty() ? "" : " ") + std::to_string(verdict.stream) + verdict.text;
    }
    return text;
  }
};

}  // namespace

TEST_CASE("a stream that is alone answers at once") {
  Rooms rooms(1);
  rooms.claim(1, 10, 1);
  CHECK(rooms.arbiter.due() <= 1);
  CHECK(rooms.decided(1) == "1yes");
  rooms.claim(1, 10, 1.5);  // said again
  CHECK(rooms.decided(1.5) == "1yes");
}

TEST_CASE("streams without sound for 2 s do not count") {
  Rooms rooms(2);
  rooms.arbiter.hear(1, 2);
  rooms.claim(1, 10, 2);
  CHECK(rooms.decided(2) == "1yes");
}

TEST_CASE("the best SNR within 300 ms wins") {
  Rooms rooms(3);
  rooms.claim(1, 10, 1);
  rooms.claim(2, 20, 1.1);
  rooms.claim(3, 5, 1.29);
  CHECK(rooms.arbiter.due() == Approx(1.3));
  CHECK(rooms.decided(1.299).empty());
  CHECK(rooms.decided(1.3) == "1no 2yes 3no");
  CHECK(rooms.arbiter.due() > 1e9);
}

TEST_CASE("of equal SNRs the first wins") {
  Rooms rooms(2);
  rooms.claim(2, 10, 1);
  rooms.claim(1, 10, 1.1);
  CHECK(rooms.decided(2) == "2yes 1no");
}

TEST_CASE("stragglers within 1 s lose, later words are new") {
  Rooms rooms(2);
  rooms.claim(1, 10, 1);
  CHECK(rooms.decided(1.3) == "1yes");
  rooms.claim(2, 40, 1.31);
  rooms.claim(2, 40, 1.999);
  CHECK(rooms.decided(1.999) == "2no 2no");
  rooms.arbiter.hear(1, 2);
  rooms.claim(2, 40, 2.0);
  CHECK(rooms.decided(2.0).empty());
  CHECK(rooms.decided(2.3) == "2yes");
}

TEST_CASE("a claim after the window, before the decision was asked for, is a straggler") {
  Rooms rooms(2);
  rooms.claim(1, 10, 1);
  rooms.claim(2, 40, 1.35);
  CHECK(rooms.decided(1.35) == "2no 1yes");
}

TEST_CASE("words do not compete with each other") {
  Rooms rooms(2);
  rooms.claim(1, 10, 1, "stop");
  rooms.claim(2, 5, 1, "go");
  CHECK(rooms.decided(1.3) == "1yes 2yes");
}

TEST_CASE("a stream that ends loses to the others") {
  Rooms rooms(3);
  rooms.claim(1, 10, 1);
  rooms.claim(2, 5, 1);
  rooms.arbiter.forget(1);
  CHECK(rooms.decided(1.3) == "2yes");
  rooms.claim(3, 1, 1.4);
  rooms.arbiter.forget(3);
  CHECK(rooms.decided(1.4).empty());
}
