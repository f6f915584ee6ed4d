// Messages that wait for a broker, and when to look for it again.
#include "app/network/outbox.h"

#include <catch2/catch.hpp>
#include <vector>

#include "app/network/backoff.h"
#include "app/network/mqtt_client.h"

using namespace kwsd;

namespace {

MqttMessage event_of(const std::string& payload, double expires = 1000) {
  return {"detection", payload, false, expires};
}

/// Sends all that waits; ids count on from `id`.
std::vector<std::string> send_all(Outbox& outbox, int& id, double now = 0) {
  std::vector<std::string> payloads;
  while (const MqttMessage* message = outbox.next(now)) {
    payloads.push_back(message->payload);
    outbox.sent(++id);
  }
  return payloads;
}

using Payloads = std::vector<std::string>;

}  // namespace

TEST_CASE("a full outbox keeps the newest detections, in their order, and counts the others") {
  Outbox outbox(3);
  for (const char* payload : {"1", "2", "3", "4", "5"}) {
    outbox.push(event_of(payload));
  }
  CHECK(outbox.dropped() == 2);
  CHECK(outbox.waiting() == 3);
  int id = 0;
  CHECK(send_all(outbox, id) == Payloads{"3", "4", "5"});
  CHECK(outbox.in_flight() == 3);
  CHECK(outbox.waiting() == 0);
}

TEST_CASE("a message stays until it is acknowledged") {
  Outbox outbox(2);
  outbox.push(event_of("1"));
  outbox.push(event_of("2"));
  int id = 0;
  CHECK(send_all(outbox, id) == Payloads{"1", "2"});
  outbox.acknowledged(1);
  outbox.acknowledged(99);  // of another connection
  outbox.connection_lost();
  outbox.push(event_of("3"));
  CHECK(send_all(outbox, id) == Payloads{"2", "3"});
  outbox.acknowledged(3);
  outbox.acknowledged(4);
  CHECK(outbox.delivered() == 3);
  CHECK(outbox.in_flight() == 0);
  CHECK(outbox.dropped() == 0);
}

TEST_CASE("what is on its way is not dropped to make room") {
  Outbox outbox(1);
  outbox.push(event_of("1"));
  int id = 0;
  CHECK(send_all(outbox, id) == Payloads{"1"});
  outbox.push(event_of("2"));
  CHECK(outbox.dropped() == 0);
  outbox.push(event_of("3"));
  CHECK(outbox.dropped() == 1);
  CHECK(send_all(outbox, id) == Payloads{"3"});
}

TEST_CASE("an expired detection is not sent, brokers count whole seconds") {
  Outbox outbox(5);
  outbox.push(event_of("old", 10));
  outbox.push(event_of("new", 20));
  CHECK(outbox.next(9)->payload == "old");
  CHECK(outbox.next(9.1)->payload == "new");
  CHECK(outbox.expired() == 1);
  outbox.sent(1);
  CHECK_FALSE(outbox.overdue(19.9));
  CHECK(outbox.overdue(20));
  outbox.connection_lost();
  CHECK(outbox.next(20) == nullptr);
  CHECK(outbox.expired() == 2);
}

TEST_CASE("detections that expire earlier than older ones are not sent either") {
  Outbox outbox(5);
  outbox.push(event_of("1", 20));
  outbox.push(event_of("2", 10));
  outbox.push(event_of("3", 30));
  int id = 0;
  CHECK(send_all(outbox, id, 15) == Payloads{"1", "3"});
  CHECK(outbox.expired() == 1);
  outbox.acknowledged(2);  // in any order
  outbox.acknowledged(1);
  CHECK(outbox.delivered() == 2);
  CHECK(outbox.waiting() + outbox.in_flight() == 0);
}

TEST_CASE("the newest state of each topic goes before the detections") {
  Outbox outbox(1);
  outbox.push(event_of("1"));
  outbox.push({"availability", "offline", true});
  outbox.push({"listen", "ON", true});
  outbox.push({"availability", "online", true});
  int id = 0;
  CHECK(send_all(outbox, id) == Payloads{"ON", "online", "1"});
  outbox.push({"listen", "OFF", true});  // the earlier one is on its way
  CHECK(send_all(outbox, id) == Payloads{"OFF"});
}

TEST_CASE("waits are random, grow with the outage, and stay between 1 s and 120 s") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Backoff backoff(2, seed);
    CHECK(backoff.first() < 2);
    double now = 1000, longest = 0;
    for (int attempt = 0; attempt < 200; ++attempt) {
      const double wait = backoff.lost(now);
      CHECK(wait >= 1);
      CHECK(wait <= std::max(2.0, (now - 1000) / 4));
      CHECK(wait <= 120);
      longest = std::max(longest, wait);
      now += wait;
    }
    CHECK(longest > 90);
    backoff.connected(now);
    CHECK(backoff.lost(now + 1) > 0);  // it did not hold: the outage goes on
    backoff.connected(now + 100);
    CHECK(backoff.lost(now + 100 + Backoff::steady_seconds) <= 2);
  }
}

TEST_CASE("by default no detection expires in an outage of up to a minute") {
  CHECK(default_expiry(1) == 90);
  CHECK(default_expiry(120) == 195);
  for (const double spread : {1, 2, 15, 40, 120, 1000}) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      const double outage = 60 - static_cast<double>(seed % 60);
      Backoff backoff(spread, seed);
      double now = 0;  // a detection comes as the broker goes
      do {
        now += backoff.lost(now);
      } while (now < outage);
      CHECK(now + 15 <= default_expiry(spread));  // 15 s for the attempt
    }
  }
}

TEST_CASE("a spread of more than 120 s holds") {
  double longest = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    longest = std::max(longest, Backoff(1000, seed).lost(0));
  }
  CHECK(longest > 900);
  CHECK(longest <= 1000);
}

TEST_CASE("a thousand clients that spread over 120 s never make 30 connections in one second") {
  std::vector<int> connections(130);
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Backoff backoff(120, seed);
    backoff.connected(0);
    ++connections.at(static_cast<std::size_t>(backoff.lost(100)));
  }
  CHECK(*std::max_element(connections.begin(), connections.end()) < 25);
  CHECK(connections.at(121) == 0);
}
