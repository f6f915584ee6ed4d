// Sound on standard input: raw PCM of every format, and files with a header.
#include "app/audio/stream_reader.h"

#include <fcntl.h>
#include <sndfile.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <thread>

#include "app/audio/file_reader.h"
#include "app/base/descriptor.h"
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
    const auto reader = open_stream(descriptor, options);
    reader->open();
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
  CHECK_THROWS_WITH(read_all("xx", options), Catch::Contains("--channel: found 2, expected 1 to 1"));
}

TEST_CASE("a read that is interrupted ends, and is no empty input") {
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  {
    const auto reader = open_stream(ends[0], InputOptions{});
    std::vector<float> block(8);
    reader->interrupt();
    reader->open();
    CHECK(reader->read(block) == 0);
  }
  close(ends[0]);
  close(ends[1]);
}

namespace {

std::string le(std::uint32_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) {
    out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  }
  return out;
}

/// A header of 16-bit WAV, with a chunk of notes that has an odd size before the samples.
std::string wav_header(std::uint32_t rate, std::uint32_t channels, std::uint32_t riff_size,
                       std::uint32_t data_size) {
  return "RIFF" + le(riff_size, 4) + "WAVEfmt " + le(16, 4) + le(1, 2) + le(channels, 2) + le(rate, 4) +
         le(rate * channels * 2, 4) + le(channels * 2, 2) + le(16, 2) + "note" + le(3, 4) + "abc" + '\0' +
         "data" + le(data_size, 4);
}

struct PipeEnds {
  Descriptor read, write;
};

PipeEnds make_pipe() {
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

void put(const Descriptor& to, const std::string& bytes) {
  REQUIRE(write(to.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

/// The bytes of a sound file as libsndfile writes it: 0, 1000, 2000 ... of 16 bits.
std::string file_of(int format, int channels, int frames) {
  const test::TemporaryFolder folder;
  SF_INFO info{};
  info.samplerate = 48000;
  info.channels = channels;
  info.format = format;
  SNDFILE* file = sf_open((folder.path() / "x").c_str(), SFM_WRITE, &info);
  std::vector<short> samples(static_cast<std::size_t>(frames * channels));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<short>(1000 * (i % 30));
  }
  REQUIRE(sf_writef_short(file, samples.data(), frames) == frames);
  sf_close(file);
  return folder.read("x");
}

}  // namespace

TEST_CASE("WAV that comes through a pipe is read to its end, whatever length it claims") {
  const std::string samples = bytes_of({0, 0x40, 0, 0x60, 0, 0xc0, 0, 0xe0});  // left, right, left, right
  InputOptions options;
  options.channel = 2;
  for (const std::uint32_t size : {8U, 0U, 0xFFFFFFFFU, 0x7FFFF000U, 0x80000000U, 0x7FFFFFDAU}) {
    for (const std::uint32_t riff : {0U, 8U, size + 48U, 0xFFFFFFFFU}) {
      CAPTURE(size, riff);
      CHECK(read_all(wav_header(48000, 2, riff, size) + samples, options) ==
            std::vector<float>{0.75F, -0.25F});
    }
  }
  CHECK(read_all(wav_header(48000, 2, 52, 4) + samples + "LIST", options) == std::vector<float>{0.75F});
}

TEST_CASE("sound files of other kinds come through a pipe, too, at the rate of their header") {
  for (const int format : {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
                           SF_FORMAT_AIFF | SF_FORMAT_PCM_16, SF_FORMAT_AU | SF_FORMAT_PCM_16,
                           SF_FORMAT_W64 | SF_FORMAT_PCM_16, SF_FORMAT_RF64 | SF_FORMAT_PCM_16}) {
    CAPTURE(format);
    InputOptions options;
    options.channel = 2;
    const std::vector<float> read = read_all(file_of(format, 3, 3000), options);
    REQUIRE(read.size() == 3000);
    CHECK(read[0] == 1000 / 32768.0F);
    CHECK(read[2999] == 28000 / 32768.0F);
  }
  CHECK(read_all(file_of(SF_FORMAT_OGG | SF_FORMAT_VORBIS, 1, 48000), InputOptions{}).size() == 48000);
  const PipeEnds pipe = make_pipe();
  put(pipe.write, wav_header(44100, 2, 0, 0));
  const auto reader = open_stream(pipe.read.get(), InputOptions{});
  reader->open();
  CHECK(reader->rate_hz() == 44100);
  CHECK(reader->channels() == 2);
}

TEST_CASE("a live pipe with a header is heard as it comes, and can be interrupted") {
  PipeEnds pipe = make_pipe();
  const auto reader = open_stream(pipe.read.get(), InputOptions{});
  put(pipe.write, wav_header(16000, 1, 0xFFFFFFFFU, 0xFFFFFFFFU) + std::string(640, '\1'));
  reader->open();
  std::vector<float> block(1024);
  CHECK(reader->read(block) == 320);  // 20 ms, although more may come
  put(pipe.write, std::string(640, '\2'));
  CHECK(reader->read(block) == 320);
  std::thread waits([&] {
    while (reader->read(block) != 0) {
    }
  });
  reader->interrupt();
  waits.join();
}

TEST_CASE("an input with a header that stops in the middle of it can be interrupted") {
  for (const std::string& begin :
       {std::string("fLaC"), std::string("RIFF"), std::string("OggS"),
        wav_header(16000, 1, 0, 0).substr(0, 20), std::string("fLaC") + std::string(99, '\0')}) {
    const PipeEnds pipe = make_pipe();
    put(pipe.write, begin);
    const auto reader = open_stream(pipe.read.get(), InputOptions{});
    std::thread waits([&] { reader->open(); });
    reader->interrupt();
    waits.join();
    std::vector<float> block(8);
    CHECK(reader->read(block) == 0);
  }
}

TEST_CASE("what is no sound that can be read is named, with how to convert it") {
  for (const std::string& begin : {std::string("\0\0\0\x20"
                                               "ftypM4A \0\0\0\0",
                                               16),
                                   std::string("\x1a\x45\xdf\xa3") + std::string(20, 'x')}) {
    CHECK_THROWS_WITH(read_all(begin, InputOptions{}),
                      Catch::Contains("not supported; convert it: ffmpeg -i INPUT"));
  }
  CHECK_THROWS_WITH(read_all("fLaC" + std::string(5000, 'x'), InputOptions{}),
                    Catch::StartsWith("standard input: "));
  CHECK_THROWS_WITH(read_all("RIFF1234WAVE", InputOptions{}), Catch::StartsWith("standard input: "));
  InputOptions options;
  options.channel = 3;
  CHECK_THROWS_WITH(read_all(wav_header(16000, 2, 0, 0) + "12345678", options),
                    Catch::Contains("--channel: found 3, expected 1 to 2"));
}

TEST_CASE("the bytes of a file tell what it is, whatever its name: libsndfile has not closed it") {
  const test::TemporaryFolder folder;
  const auto path = folder.write("song.wav", std::string("\0\0\0\x20"
                                                         "ftypM4A ",
                                                         12) +
                                                 std::string(400, 'x'));
  CHECK_THROWS_WITH(open_sound_file(path, 0),
                    Catch::Contains("song.wav: found ") && Catch::Contains("convert it"));
}
