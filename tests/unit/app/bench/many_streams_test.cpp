// Many streams of one spotter on a few threads.
#include "app/bench/many_streams.h"

#include <catch2/catch.hpp>

#include "tests/support/random_model.h"

using namespace kwsd;

// The allocators of sanitizers do not say what is in use.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool counts_memory = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool counts_memory = false;
#else
constexpr bool counts_memory = true;
#endif
#else
constexpr bool counts_memory = true;
#endif

TEST_CASE("64 streams of one spotter run on two threads, and are counted") {
  test::RandomModelOptions o = test::streaming_options();
  o.conv_channels[0] = o.conv_channels[1] = 4;
  o.memory_size = 32;
  o.hidden_size = 40;
  o.blocks = 3;
  o.second = true;
  o.gate = 0;  // always open
  const auto model = std::make_shared<const Model>(test::random_model(70, o));
  const auto spotter = std::make_shared<const Spotter>(std::vector{model}, select_kernels("auto"));
  const ManyStreamsReport report =
      run_many_streams(spotter, {.streams = 64, .threads = 2, .sound_seconds = 0.3, .load = 0.5});
  CHECK(report.cpu_seconds > 0);
  CHECK(report.real_time_streams > 0);
  CHECK(report.second_stage_windows_per_second > 5);
  if (counts_memory) {
    CHECK(report.bytes_per_stream > 1000);
  }
  const auto json = many_streams_json(report);
  CHECK(json["streams"] == 64);
  CHECK(json["threads"] == 2);
  CHECK(json["load"] == 0.5);
  const std::string text = many_streams_text(report);
  CHECK(text.find("64 streams of 0.3 s on 2 threads") == 0);
  CHECK(text.find("at a load of 50 % of 2 cores") != std::string::npos);
}
