// As spot.c, in C++: handles close themselves.   c++ -std=c++17 spot.cpp $(pkg-config --cflags --libs kwsd) -o spot
#include <kwsd.h>

#include <array>
#include <cstdio>
#include <memory>

int main(int argc, char** argv) {
  const char* model = argc > 1 ? argv[1] : "commands";
  kwsd_spotter* spotter = nullptr;
  kwsd_stream* stream = nullptr;
  if (kwsd_spotter_open(&model, 1, &spotter) != KWSD_OK || kwsd_stream_open(spotter, &stream) != KWSD_OK) {
    std::fprintf(stderr, "spot: %s\n", kwsd_error());
    return 1;
  }
  const std::unique_ptr<kwsd_spotter, decltype(&kwsd_spotter_close)> spotter_owner(spotter, kwsd_spotter_close);
  const std::unique_ptr<kwsd_stream, decltype(&kwsd_stream_close)> stream_owner(stream, kwsd_stream_close);
  std::array<int16_t, 512> samples{};
  std::array<kwsd_detection, 4> found{};
  while (const std::size_t count = std::fread(samples.data(), 2, samples.size(), stdin)) {
    const int n = kwsd_stream_push_int16(stream, samples.data(), count, found.data(), found.size());
    for (int i = 0; i < n; ++i) {
      const kwsd_detection& word = found[static_cast<std::size_t>(i)];
      std::printf("%s %.3f %.3f %.2f\n", word.keyword, word.start, word.end, static_cast<double>(word.score));
      std::fflush(stdout);
    }
  }
  return 0;
}
