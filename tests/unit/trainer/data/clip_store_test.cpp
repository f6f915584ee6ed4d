#include "models/trainer/data/clip_store.h"

#include <sndfile.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "engine/model/error.h"
#include "tests/unit/trainer/data/recordings.h"

using namespace kwsd;
using namespace kwsd::train;
using namespace kwsd::train::test;
namespace fs = std::filesystem;

namespace {

void write_as(const fs::path& path, int format, int rate, int channels) {
  SF_INFO info{};
  info.format = format;
  info.samplerate = rate;
  info.channels = channels;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  REQUIRE(file != nullptr);
  std::vector<float> frames;
  for (int i = 0; i < rate; ++i) {
    for (int c = 0; c < channels; ++c) {
      frames.push_back(0.5F * static_cast<float>(std::sin(2 * std::numbers::pi * 1000 * i / rate)));
    }
  }
  REQUIRE(sf_writef_float(file, frames.data(), rate) == rate);
  sf_close(file);
}

std::vector<SourceFile> sources(const std::vector<fs::path>& paths) {
  std::vector<SourceFile> files;
  for (const fs::path& path : paths) {
    files.push_back(source_file(path));
  }
  return files;
}

/// Writing more than this to a file fails, as on a full disk, while the object lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*before_handler_)(int) = nullptr;
};

}  // namespace

TEST_CASE("files of any format, rate and channel count become 16 kHz mono") {
  const TemporaryFolder folder;
  struct Case {
    const char* name;
    int format, rate, channels;
  };
  const Case cases[] = {{"a.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1},
                        {"b.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000, 1},
                        {"c.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 44100, 2},
                        {"d.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 96000, 6},
                        {"e.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 48000, 2},
                        {"f.opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 16000, 1},
                        {"g.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 22050, 1}};
  for (const Case& c : cases) {
    CAPTURE(c.name);
    write_as(folder.path() / c.name, c.format, c.rate, c.channels);
    const std::vector<std::int16_t> samples = load_recording_pcm16(folder.path() / c.name, {1, 10});
    REQUIRE(samples.size() == Approx(16000).margin(40));
    double energy = 0;
    for (std::size_t i = 4000; i < 12000; ++i) {
      energy += static_cast<double>(samples[i]) * samples[i];
    }
    REQUIRE(std::sqrt(energy / 8000) == Approx(0.5 * 32768 / std::sqrt(2.0)).epsilon(0.05));  // lossy codecs
  }
  REQUIRE_THROWS_WITH(load_recording_pcm16(folder.path() / "a.wav", {1, 0.25}),
                      Catch::Contains("longer than 0.25 s"));
}

TEST_CASE("what is not sound is named") {
  const TemporaryFolder folder;
  write_text(folder.path() / "text.wav", "this is no sound");
  write_text(folder.path() / "empty.flac", "");
  for (const char* name : {"text.wav", "empty.flac", "missing.wav"}) {
    try {
      static_cast<void>(load_recording_pcm16(folder.path() / name, {1, 10}));
      FAIL("no error for " << name);
    } catch (const Error& e) {
      REQUIRE_THAT(e.what(), Catch::Contains(name));
    }
  }
}

TEST_CASE("clips are decoded once and again when they change") {
  const TemporaryFolder folder;
  const fs::path a = folder.path() / "a.wav";
  const fs::path b = folder.path() / "b.wav";
  const fs::path bad = folder.path() / "bad.wav";
  const fs::path cache = folder.path() / "cache" / "x.clips";
  write_clip(a, tone(1, 500, 0.2, 0.5));
  write_clip(b, tone(0.5, 700, 0.1, 0.3));
  write_text(bad, "RIFF....");
  const auto open = [&] { return ClipStore(cache, sources({a, bad, b}), 1, 2); };
  const ClipStore first = open();
  REQUIRE(first.decoded() == 3);
  REQUIRE(first.clips()[0].samples.size() == 16000);
  REQUIRE_THAT(first.clips()[1].error, Catch::Contains("bad.wav"));
  REQUIRE(first.clips()[1].samples.empty());
  REQUIRE(open().decoded() == 0);

  write_clip(b, tone(0.7, 700, 0.1, 0.3));
  const ClipStore changed = open();
  REQUIRE(changed.decoded() == 1);
  REQUIRE(changed.clips()[2].samples.size() == 11200);
  REQUIRE(std::equal(first.clips()[0].samples.begin(), first.clips()[0].samples.end(),
                     changed.clips()[0].samples.begin()));
}

TEST_CASE("a file that could not be read is tried again") {
  const TemporaryFolder folder;
  const fs::path clip = folder.path() / "a.wav";
  const fs::path cache = folder.path() / "x.clips";
  write_clip(clip, tone(1, 500, 0.2, 0.5));
  const auto open = [&] { return ClipStore(cache, sources({clip}), 1, 1); };
  {
    const int next = dup(0);  // a descriptor for the cache, none for the clip
    close(next);
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const rlimit limit{static_cast<rlim_t>(next + 1), before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &limit);
    const ClipStore store = open();
    setrlimit(RLIMIT_NOFILE, &before);
    REQUIRE_THAT(store.clips()[0].error, Catch::Contains("a.wav"));
  }
  REQUIRE(open().clips()[0].samples.size() == 16000);
  REQUIRE(open().decoded() == 0);
}

TEST_CASE("a damaged cache is made anew") {
  const TemporaryFolder folder;
  const fs::path clip = folder.path() / "a.wav";
  const fs::path cache = folder.path() / "x.clips";
  write_clip(clip, tone(1, 500, 0.2, 0.5));
  const ClipStore made(cache, sources({clip}), 1, 1);
  std::string bytes(
      (std::istreambuf_iterator<char>(*std::make_unique<std::ifstream>(cache, std::ios::binary))), {});
  const std::size_t size = bytes.size();
  for (std::size_t cut : {std::size_t{0}, std::size_t{5}, std::size_t{24}, size / 2, size - 1}) {
    write_text(cache, bytes.substr(0, cut));
    CAPTURE(cut);
    REQUIRE(ClipStore(cache, sources({clip}), 1, 1).clips()[0].samples.size() == 16000);
  }
  for (std::size_t at = size - 60; at < size; ++at) {  // the index
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x40);
    write_text(cache, flipped);
    REQUIRE(ClipStore(cache, sources({clip}), 1, 1).decoded() == 1);
  }
}

TEST_CASE("a full disk while the cache is written is one clear error and leaves nothing behind") {
  const TemporaryFolder folder;
  const fs::path a = folder.path() / "a.wav";
  const fs::path b = folder.path() / "b.wav";
  const fs::path cache = folder.path() / "x.clips";
  write_clip(a, tone(1, 500, 0.2, 0.5));
  write_clip(b, tone(1, 700, 0.2, 0.5));
  REQUIRE(ClipStore(cache, sources({a}), 1, 1).decoded() == 1);
  {
    const FileSizeLimit limit(40000);  // the old cache fits, the new one does not
    try {
      const ClipStore store(cache, sources({a, b}), 1, 1);
      FAIL("no error");
    } catch (const Error& e) {
      REQUIRE(e.kind() == ErrorKind::io);
      REQUIRE_THAT(e.what(), Catch::Contains("x.clips") && Catch::Contains("File too large"));
    }
  }
  REQUIRE(ClipStore(cache, sources({a}), 1, 1).decoded() == 0);
  REQUIRE(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 3);
}
