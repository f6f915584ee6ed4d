// Streams of one spotter on the threads of a pool, with a governor over them.
#include "app/streams/stream_pool.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>

#include "app/streams/stream_governor.h"
#include "engine/spotter/spotter_stream.h"
#include "tests/support/random_model.h"

using namespace kwsd;

namespace {

constexpr std::size_t streams = 64;
constexpr std::size_t blocks = 12;
constexpr std::size_t block_samples = 1024;
using Scores = std::vector<float>;

std::vector<float> sound(std::size_t stream) {
  std::vector<float> samples(blocks * block_samples);
  auto random = static_cast<std::uint32_t>(stream + 1);
  for (float& sample : samples) {
    random = random * 1664525U + 1013904223U;
    sample = static_cast<float>(random >> 8U) / 16777216.0F - 0.5F;
  }
  return samples;
}

/// What the detector of a stream saw at its end: all that came before went into the scores.
Scores scores_of(const SpotterStream& stream) {
  const auto scores = stream.scores(0);
  return {scores.begin(), scores.end()};
}

std::shared_ptr<const Spotter> spotter() {
  test::RandomModelOptions o = test::streaming_options();
  o.conv_channels[0] = o.conv_channels[1] = 4;
  o.memory_size = 32;
  o.hidden_size = 40;
  o.blocks = 3;
  return std::make_shared<const Spotter>(
      std::vector{std::make_shared<const Model>(test::random_model(71, o))}, select_kernels("auto"));
}

}  // namespace

TEST_CASE("work of one stream runs in order, and all of it before the pool goes") {
  std::vector<int> order;
  std::atomic<int> others{0};
  {
    StreamPool pool(2);
    REQUIRE(pool.threads() == 2);
    for (int i = 0; i < 1000; ++i) {
      pool.post(4, [&order, i] { order.push_back(i); });
      pool.post(5, [&others] { ++others; });
    }
  }
  REQUIRE(others == 1000);
  REQUIRE(order.size() == 1000);
  REQUIRE(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("wait returns when all is done, and the CPU time is counted") {
  StreamPool pool(3);
  pool.wait();
  std::atomic<int> done{0};
  for (std::size_t i = 0; i < 30; ++i) {
    pool.post(i, [&done] {
      volatile double sum = 0;
      for (int k = 0; k < 10000; ++k) sum = sum + std::sqrt(k);
      ++done;
    });
  }
  pool.wait();
  REQUIRE(done == 30);
  for (const double seconds : pool.cpu_seconds()) {
    REQUIRE(seconds > 0);
  }
}

TEST_CASE("64 streams on two threads compute what each computes alone") {
  const auto shared = spotter();
  std::vector<Scores> alone;
  for (std::size_t s = 0; s < streams; ++s) {
    SpotterStream stream(shared);
    stream.push(std::span<const float>(sound(s)), [](const Spotting&) {});
    alone.push_back(scores_of(stream));
  }
  REQUIRE(alone[0] != alone[1]);

  std::vector<std::unique_ptr<SpotterStream>> each;
  std::vector<std::vector<float>> sounds;
  for (std::size_t s = 0; s < streams; ++s) {
    each.push_back(std::make_unique<SpotterStream>(shared));
    sounds.push_back(sound(s));
  }
  StreamPool pool(2);
  for (std::size_t b = 0; b < blocks; ++b) {
    for (std::size_t s = 0; s < streams; ++s) {
      pool.post(s, [&, s, b] {
        each[s]->push(std::span<const float>(sounds[s]).subspan(b * block_samples, block_samples),
                      [](const Spotting&) {});
      });
    }
  }
  pool.wait();
  for (std::size_t s = 0; s < streams; ++s) {
    CAPTURE(s);
    REQUIRE(scores_of(*each[s]) == alone[s]);
  }
}

TEST_CASE("a governor thins streams while they run") {
  const auto shared = spotter();
  StreamGovernor governor;
  std::vector<std::unique_ptr<SpotterStream>> each;
  std::vector<std::shared_ptr<StreamGovernor::Member>> members;
  for (std::size_t s = 0; s < streams; ++s) {
    each.push_back(std::make_unique<SpotterStream>(shared));
    members.push_back(governor.join(std::to_string(s)));
  }
  StreamPool pool(2);
  const std::vector<float> samples = sound(0);
  std::size_t changes = 0;
  for (std::size_t b = 0; b < blocks; ++b) {
    for (std::size_t s = 0; s < streams; ++s) {
      pool.post(s, [&, s, b] {
        each[s]->set_branch(members[s]->branch());
        each[s]->push(std::span<const float>(samples).subspan(b * block_samples, block_samples),
                      [](const Spotting&) {});
        members[s]->spent(0.001);
      });
    }
    changes += governor.update(static_cast<double>(b), {0.99, std::nullopt}, 0).size();
  }
  pool.wait();
  REQUIRE(changes >= streams);
  REQUIRE(governor.governor().branch() == BranchId::quarter);
}
