// libkwsd in the hands of programs that make every mistake.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "app/library/kwsd.h"
#include "tests/support/allocations.h"
#include "tests/support/test_sound.h"

namespace {

std::string model_path(const char* name) {
  return std::string(KWSD_SOURCE) + "/models/" + name + ".kwsm";
}

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

kwsd_spotter* open_spotter(const char* name) {
  const std::string path = model_path(name);
  const char* const model = path.c_str();
  kwsd_spotter* spotter = nullptr;
  REQUIRE(kwsd_spotter_open(&model, 1, &spotter) == KWSD_OK);
  return spotter;
}

int open_bytes(const std::string& bytes, kwsd_spotter** spotter) {
  const void* const data = bytes.data();
  const std::size_t size = bytes.size();
  return kwsd_spotter_open_bytes(&data, &size, 1, spotter);
}

}  // namespace

TEST_CASE("libkwsd: null and closed handles are errors with a text") {
  kwsd_spotter* spotter = open_spotter("commands");
  kwsd_stream* stream = nullptr;
  REQUIRE(kwsd_stream_open(spotter, &stream) == KWSD_OK);
  std::array<std::int16_t, 4> samples{};
  kwsd_detection found{};
  float threshold = 0;
  CHECK(kwsd_spotter_open(nullptr, 1, &spotter) == KWSD_BAD_ARGUMENT);
  const char* none = nullptr;
  kwsd_spotter* other = nullptr;
  CHECK(kwsd_spotter_open(&none, 1, &other) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_spotter_open(&none, 0, &other) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_spotter_open(&none, 1, nullptr) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_stream_open(nullptr, &stream) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_stream_open(spotter, nullptr) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_stream_push_int16(stream, nullptr, 4, &found, 1) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_stream_push_int16(stream, samples.data(), 4, nullptr, 1) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_stream_push_int16(stream, samples.data(), KWSD_MAX_SAMPLES + 1, &found, 1) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_stream_push_int16(stream, nullptr, 0, nullptr, 0) == 0);
  CHECK(kwsd_stream_set_branch(stream, 3) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_stream_set_branch(stream, KWSD_ALL_BRANCHES) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_stream_threshold(stream, nullptr, KWSD_FULL, &threshold) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_stream_threshold(stream, "stop", KWSD_FULL, nullptr) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_stream_set_threshold(stream, "xyzzy\n\x1b", KWSD_FULL, 0.5F) == KWSD_BAD_ARGUMENT);
  CHECK(std::string(kwsd_error()).find("xyzzy??") != std::string::npos);
  CHECK(kwsd_spotter_keyword(spotter, 1000) == nullptr);
  CHECK(kwsd_spotter_close(spotter) == KWSD_OK);
  CHECK(kwsd_spotter_close(spotter) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_spotter_keyword_count(spotter) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_stream_push_int16(stream, samples.data(), 4, &found, 1) == 0);  // keeps what it needs
  CHECK(kwsd_stream_close(stream) == KWSD_OK);
  CHECK(kwsd_stream_close(stream) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_stream_push_int16(stream, samples.data(), 4, &found, 1) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_stream_close(nullptr) == KWSD_BAD_ARGUMENT);
  CHECK(kwsd_spotter_close(reinterpret_cast<kwsd_spotter*>(0x1234)) == KWSD_BAD_ARGUMENT);
  CHECK(std::string(kwsd_error()).find("no open spotter") != std::string::npos);
}

TEST_CASE("libkwsd: models that are missing or damaged are errors") {
  kwsd_spotter* spotter = nullptr;
  const char* const missing = "/nonexistent/model.kwsm";
  CHECK(kwsd_spotter_open(&missing, 1, &spotter) == KWSD_NOT_FOUND);
  const char* const folder = "/";
  CHECK(kwsd_spotter_open(&folder, 1, &spotter) < 0);
  const std::string whole = read_all(model_path("commands-small"));
  for (std::size_t size = 0; size < whole.size(); size += 1 + size / 3) {
    CHECK(open_bytes(whole.substr(0, size), &spotter) == KWSD_BAD_MODEL);
  }
  std::mt19937 random(3);
  for (int i = 0; i < 50; ++i) {
    std::string damaged = whole;
    damaged[random() % damaged.size()] ^= static_cast<char>(1 + random() % 255);
    CHECK(open_bytes(damaged, &spotter) == KWSD_BAD_MODEL);
  }
  CHECK(spotter == nullptr);
  CHECK(open_bytes(whole, &spotter) == KWSD_OK);
  CHECK(kwsd_spotter_close(spotter) == KWSD_OK);
}

TEST_CASE(
    "libkwsd: a push allocates nothing, whatever the samples are, detections wait for who does not fetch") {
  const std::vector<std::int16_t> sound =
      kwsd::test::read_test_sound(std::string(KWSD_SOURCE) + "/tests/data/demo.wav");
  kwsd_spotter* spotter = open_spotter("commands");
  kwsd_stream* stream = nullptr;
  kwsd_stream* roomy = nullptr;
  REQUIRE(kwsd_stream_open(spotter, &stream) == KWSD_OK);
  REQUIRE(kwsd_stream_open(spotter, &roomy) == KWSD_OK);
  std::vector<float> wild(4096, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < wild.size(); i += 3) wild[i] = i % 2 == 0 ? 1e30F : -INFINITY;
  std::array<kwsd_detection, 64> found{};
  const kwsd::test::AllocationCounter counter;
  const int wild_found = kwsd_stream_push_float(stream, wild.data(), wild.size(), found.data(), found.size());
  const int at_once = kwsd_stream_push_int16(stream, sound.data(), sound.size(), found.data(), 3);
  const int rest = kwsd_stream_push_int16(stream, nullptr, 0, found.data() + 3, 61);
  CHECK(counter.so_far().count == 0);
  CHECK(wild_found == 0);
  CHECK(at_once == 3);
  kwsd_stream_push_float(roomy, wild.data(), wild.size(), nullptr, 0);
  std::array<kwsd_detection, 64> all{};
  CHECK(at_once + rest == kwsd_stream_push_int16(roomy, sound.data(), sound.size(), all.data(), all.size()));
  CHECK(rest >= 4);  // of eight words, one of them at the edge of its threshold
  CHECK(kwsd_stream_close(roomy) == KWSD_OK);
  for (int i = 1; i < at_once + rest; ++i) {
    CHECK(found[static_cast<std::size_t>(i)].end > found[static_cast<std::size_t>(i - 1)].end);
  }
  CHECK(kwsd_stream_close(stream) == KWSD_OK);
  CHECK(kwsd_spotter_close(spotter) == KWSD_OK);
}

TEST_CASE("libkwsd: a thousand streams on one spotter take at most 135 kB each") {
  kwsd_spotter* spotter = open_spotter("commands");
  std::vector<kwsd_stream*> streams(1000);
  std::vector<std::int16_t> samples(640, 1000);
  const kwsd::test::AllocationCounter counter;
  for (kwsd_stream*& stream : streams) {
    if (kwsd_stream_open(spotter, &stream) != KWSD_OK ||
        kwsd_stream_push_int16(stream, samples.data(), samples.size(), nullptr, 0) != 0) {
      FAIL(kwsd_error());
    }
  }
  CHECK(counter.so_far().bytes <= streams.size() * 135'000);
  for (kwsd_stream* stream : streams) {
    if (kwsd_stream_close(stream) != KWSD_OK) FAIL(kwsd_error());
  }
  CHECK(kwsd_spotter_close(spotter) == KWSD_OK);
}

TEST_CASE("libkwsd: threads push to streams of their own, two on one stream are told") {
  kwsd_spotter* spotter = open_spotter("commands-paper");
  kwsd_stream* common = nullptr;
  REQUIRE(kwsd_stream_open(spotter, &common) == KWSD_OK);
  std::vector<std::thread> threads;
  std::vector<int> wrong(64);
  for (int& bad : wrong) {
    threads.emplace_back([&bad, spotter, common] {
      kwsd_stream* own = nullptr;
      bad += kwsd_stream_open(spotter, &own) != KWSD_OK;
      const std::vector<std::int16_t> samples(700, 99);
      for (int i = 0; i < 20; ++i) {
        bad += kwsd_stream_push_int16(own, samples.data(), samples.size(), nullptr, 0) != 0;
        const int status = kwsd_stream_push_int16(common, samples.data(), samples.size(), nullptr, 0);
        bad += status != 0 && status != KWSD_BUSY;
      }
      bad += kwsd_stream_close(own) != KWSD_OK;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int bad : wrong) CHECK(bad == 0);
  CHECK(kwsd_stream_close(common) == KWSD_OK);
  CHECK(kwsd_spotter_close(spotter) == KWSD_OK);
}

TEST_CASE("libkwsd: calls in any order never crash") {
  std::mt19937 random(7);
  const std::string whole = read_all(model_path("commands-paper"));
  std::vector<kwsd_spotter*> spotters{nullptr, reinterpret_cast<kwsd_spotter*>(16)};
  std::vector<kwsd_stream*> streams{nullptr, reinterpret_cast<kwsd_stream*>(16)};
  std::array<std::int16_t, 64> samples{};
  std::array<float, 64> floats{};
  std::array<kwsd_detection, 2> found{};
  const auto any_of = [&random](auto& all) { return all[random() % all.size()]; };
  const char* const words[] = {"stop", "yes", "", "xyzzy", nullptr};
  const float values[] = {0, 1, 0.5F, -1, 2, std::numeric_limits<float>::quiet_NaN()};
  int calls = 0;
  for (; calls < KWSD_RANDOM_CALLS; ++calls) {
    kwsd_stream* const stream = any_of(streams);
    for (std::int16_t& sample : samples) sample = static_cast<std::int16_t>(random());
    std::memcpy(floats.data(), samples.data(), sizeof samples);  // any bits
    float value = 0;
    switch (random() % 12) {
      case 0:
        if (random() % 64 == 0 && spotters.size() < 20) {
          kwsd_spotter* opened = nullptr;
          (void)open_bytes(whole.substr(0, random() % 2 == 0 ? whole.size() : random() % whole.size()),
                           &opened);
          spotters.push_back(opened);
        }
        break;
      case 1:
        if (kwsd_stream* opened = nullptr; random() % 8 == 0) {
          (void)kwsd_stream_open(any_of(spotters), &opened);
          streams.push_back(opened);
        }
        break;
      case 2:
        if (random() % 64 == 0) (void)kwsd_spotter_close(any_of(spotters));
        break;
      case 3:
        if (random() % 8 == 0) (void)kwsd_stream_close(stream);
        break;
      case 4:
        (void)kwsd_stream_set_threshold(stream, words[random() % 5], static_cast<int>(random() % 7) - 3,
                                        values[random() % 6]);
        break;
      case 5:
        (void)kwsd_stream_threshold(stream, words[random() % 5], static_cast<int>(random() % 7) - 3, &value);
        break;
      case 6:
        (void)kwsd_stream_set_branch(stream, static_cast<int>(random() % 7) - 3);
        break;
      case 7:
        (void)kwsd_stream_set_muted(stream, static_cast<int>(random() % 3));
        break;
      case 8:
        (void)kwsd_stream_reset(stream);
        break;
      case 9:
        (void)kwsd_stream_push_float(stream, floats.data(), random() % 65, found.data(), random() % 3);
        break;
      case 10:
        (void)kwsd_spotter_keyword(any_of(spotters), random() % 40);
        break;
      default:
        (void)kwsd_stream_push_int16(stream, samples.data(), random() % 65, found.data(), random() % 3);
    }
  }
  for (kwsd_stream* stream : streams) (void)kwsd_stream_close(stream);
  for (kwsd_spotter* spotter : spotters) (void)kwsd_spotter_close(spotter);
  CHECK(calls == KWSD_RANDOM_CALLS);
}
