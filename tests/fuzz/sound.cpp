#include <cmath>
#include <memory>
#include <vector>

#include "app/audio/file_reader.h"
#include "app/audio/resampler.h"
#include "app/audio/stream_reader.h"
#include "app/settings/options.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/memory_file.h"
#include "tests/fuzz/targets.h"

namespace kwsd::fuzz {
namespace {

constexpr int formats = 5;
constexpr std::size_t most_samples = 200000;  // a file that says it is an hour of silence is no find

InputOptions pcm_options(unsigned choice) {
  InputOptions options;
  options.pcm_format = static_cast<PcmFormat>(choice % formats);
  options.channels = 1 + static_cast<int>(choice / formats % 4);
  options.channel = options.channels;
  options.rate_hz = choice / (4 * formats) % 2 == 0 ? 16000 : 44100;
  return options;
}

void read_all(SampleReader& reader) {
  reader.open();
  Resampler resampler(reader.rate_hz(), 16000, 1024);
  std::vector<float> block(1024);
  for (std::size_t all = 0, got = 1; got > 0 && all < most_samples; all += got) {
    got = reader.read(block);
    expect(got <= block.size(), "more samples than there is room for");
    for (const float sample : resampler.process(std::span(block).first(got), got == 0)) {
      expect(std::isfinite(sample), "a sample that is not finite");
    }
  }
}

}  // namespace

void sound(std::span<const std::byte> bytes) {
  if (bytes.empty()) {
    return;
  }
  const auto choice = std::to_integer<unsigned>(bytes.front());
  const MemoryFile file(bytes.subspan(1));
  const auto read = [&] {
    const bool raw = choice < 8 * formats;  // or a file with a header, as through a pipe
    const auto reader =
        raw ? open_stream(file.descriptor(), pcm_options(choice)) : open_sound_file(file.name(), 1);
    read_all(*reader);
  };
  (void)refused(ErrorKind::bad_data, read,
                ErrorKind::usage);  // usage: the header has fewer channels than --channel
}

}  // namespace kwsd::fuzz
