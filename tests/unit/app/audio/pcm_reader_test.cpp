// Raw PCM: every format, channels, and ends in the middle of a sample.
#include "app/audio/pcm_reader.h"

#include <fcntl.h>
#include <unistd.h>
#include <array>
#include <catch2/catch.hpp>
#include <cstring>

#include "app/settings/options.h"
#include "engine/model/error.h"
#include "tests/support/temporary_folder.h"

using namespace kwsd;

namespace {

std::vector<float> read_all(const std::string& bytes, const InputOptions& options) {
  const test::TemporaryFolder folder;
  const int descriptor = open(folder.write("pcm", bytes).c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(descriptor >= 0);
  std::vector<float> samples;
  {
    const auto reader = open_pcm(descriptor, options);
    std::vector<float> block(3);
    while (const std::size_t got = reader->read(block)) {
      samples.insert(samples.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(got));
    }
  }
  close(descriptor);
  return samples;
}

std::string bytes_of(std::initializer_list<int> bytes) {
  std::string out;
  for (const int byte : bytes) out.push_back(static_cast<char>(byte));
  return out;
}

}  // namespace

TEST_CASE("every format of raw PCM reads as full scale 1") {
  InputOptions options;
  const std::vector<float> expected{0.0F, 0.5F, -1.0F, -0.25F};
  SECTION("s16le") {
    CHECK(read_all(bytes_of({0, 0, 0, 0x40, 0, 0x80, 0, 0xe0}), options) == expected);
  }
  SECTION("s24le") {
    options.pcm_format = PcmFormat::s24le;
    CHECK(read_all(bytes_of({0, 0, 0, 0, 0, 0x40, 0, 0, 0x80, 0, 0, 0xe0}), options) == expected);
  }
  SECTION("s32le") {
    options.pcm_format = PcmFormat::s32le;
    CHECK(read_all(bytes_of({0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0x80, 0, 0, 0, 0xe0}), options) == expected);
  }
  SECTION("u8") {
    options.pcm_format = PcmFormat::u8;
    CHECK(read_all(bytes_of({128, 192, 0, 96}), options) == expected);
  }
  SECTION("f32le") {
    options.pcm_format = PcmFormat::f32le;
    std::string bytes(16, '\0');
    std::memcpy(bytes.data(), expected.data(), 16);
    CHECK(read_all(bytes, options) == expected);
  }
}

TEST_CASE("one channel of interleaved PCM is taken, and an incomplete frame at the end is dropped") {
  InputOptions options;
  options.channels = 3;
  options.channel = 2;
  const std::string frames = bytes_of({1, 1, 0, 0x40, 1, 1, 2, 2, 0, 0xc0, 2, 2});
  CHECK(read_all(frames, options) == std::vector<float>{0.5F, -0.5F});
  CHECK(read_all(frames + "abc", options) == std::vector<float>{0.5F, -0.5F});
}

TEST_CASE("raw PCM that is none is refused") {
  InputOptions options;
  CHECK_THROWS_WITH(read_all("", options), Catch::Contains("standard input: found no samples"));
  options.channel = 2;
  CHECK_THROWS_WITH(open_pcm(0, options), Catch::Contains("--channel: found 2, expected 1 to 1"));
}

TEST_CASE("a read that is interrupted ends, and is no empty input") {
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  {
    const auto reader = open_pcm(ends[0], InputOptions{});
    std::vector<float> block(8);
    reader->interrupt();
    CHECK(reader->read(block) == 0);
  }
  close(ends[0]);
  close(ends[1]);
}
