// The threads that recognize for the clients of a server.
#include "app/network/recognition_threads.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <map>
#include <stdexcept>
#include <thread>

using namespace kwsd;

namespace {

constexpr auto limit = std::chrono::seconds(60);  // that only a defect reaches

/// Serves the network until `done` holds, at most `limit`.
template <typename Done>
bool serve_until(boost::asio::io_context& network, const Done& done) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done() && std::chrono::steady_clock::now() < end) {
    network.restart();
    network.run_one_for(std::chrono::milliseconds(10));
  }
  return done();
}

}  // namespace

TEST_CASE("the work of a client runs in order off the network thread, and ends on it") {
  boost::asio::io_context network;
  RecognitionThreads threads(network, 2);
  const auto here = std::this_thread::get_id();
  constexpr std::size_t clients = 64;
  constexpr int pieces = 50;
  std::vector<RecognitionThreads::Seat> seats;
  std::vector<std::vector<int>> worked(clients), finished(clients);
  std::vector<std::thread::id> where(clients);
  std::size_t elsewhere = 0;
  int ended = 0;
  for (std::size_t c = 0; c < clients; ++c) {
    seats.push_back(threads.seat());
  }
  for (int i = 0; i < pieces; ++i) {
    for (std::size_t c = 0; c < clients; ++c) {
      seats[c].run(
          [&, c, i] {
            worked[c].push_back(i);
            where[c] = std::this_thread::get_id();
          },
          [&, c, i] {
            finished[c].push_back(i);
            elsewhere += where[c] != here && std::this_thread::get_id() == here ? 1U : 0U;
            ++ended;
          });
    }
  }
  REQUIRE(serve_until(network, [&] { return ended == pieces * static_cast<int>(clients); }));
  CHECK(elsewhere == clients * pieces);
  for (std::size_t c = 0; c < clients; ++c) {
    CAPTURE(c);
    CHECK(worked[c].size() == pieces);
    CHECK(std::is_sorted(worked[c].begin(), worked[c].end()));
    CHECK(finished[c] == worked[c]);
  }
}

TEST_CASE("seats spread over the threads, and a seat that is given up is taken next") {
  boost::asio::io_context network;
  RecognitionThreads threads(network, 3);
  std::vector<RecognitionThreads::Seat> seats;
  std::map<std::size_t, int> clients;
  for (int i = 0; i < 9; ++i) {
    seats.push_back(threads.seat());
    ++clients[seats.back().thread()];
  }
  CHECK(clients == std::map<std::size_t, int>{{0, 3}, {1, 3}, {2, 3}});
  const std::size_t freed = seats[4].thread();
  seats.erase(seats.begin() + 4);
  CHECK(threads.seat().thread() == freed);
}

TEST_CASE("work that does not end delays no client of another thread, and the wait shows") {
  boost::asio::io_context network;
  RecognitionThreads threads(network, 2);
  auto stalled = threads.seat(), behind = stalled, other = threads.seat();
  REQUIRE(stalled.thread() != other.thread());
  std::promise<void> release;
  std::vector<std::string> ended;
  stalled.run([&] { release.get_future().wait_for(limit); }, [&] { ended.emplace_back("stalled"); });
  behind.run([] {}, [&] { ended.emplace_back("behind"); });
  for (int i = 0; i < 3; ++i) {
    other.run([] {}, [&] { ended.emplace_back("other"); });
  }
  REQUIRE(serve_until(network, [&] { return ended.size() == 3; }));
  CHECK(ended == std::vector<std::string>(3, "other"));
  (void)threads.longest_wait();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  release.set_value();
  REQUIRE(serve_until(network, [&] { return ended.size() == 5; }));
  CHECK(ended.back() == "behind");
  CHECK(threads.longest_wait() >= 0.02);
  CHECK(threads.longest_wait() == 0);
}

TEST_CASE("an exception of the work arrives on the network thread") {
  boost::asio::io_context network;
  RecognitionThreads threads(network, 1);
  bool ended = false;
  threads.seat().run([] { throw std::runtime_error("no memory"); }, [&] { ended = true; });
  REQUIRE_THROWS_WITH(serve_until(network, [&] { return ended; }), "no memory");
  CHECK_FALSE(ended);
}

TEST_CASE("a client whose work waits when the server ends is destroyed on the network thread") {
  std::weak_ptr<int> client;
  std::thread::id destroyed_by;
  {
    boost::asio::io_context network;
    {
      RecognitionThreads threads(network, 1);
      auto owner = std::shared_ptr<int>(new int, [&](const int* p) {
        destroyed_by = std::this_thread::get_id();
        delete p;
      });
      client = owner;
      auto seat = threads.seat();
      for (int i = 0; i < 100; ++i) {
        seat.run([owner] {}, [owner] {});
      }
    }
    CHECK_FALSE(client.expired());
  }
  CHECK(client.expired());
  CHECK(destroyed_by == std::this_thread::get_id());
}

TEST_CASE("a server leaves a core to others, where there are several") {
  const int threads = default_recognition_threads();
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  CHECK(threads >= 1);
  CHECK((cores < 2 || threads < cores));
}
