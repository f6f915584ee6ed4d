#include "app/bench/many_streams.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "app/bench/cpu_name.h"
#include "app/streams/stream_pool.h"
#include "engine/spotter/spotter_stream.h"

namespace kwsd {
namespace {

constexpr std::size_t block_samples = 1536;  // 96 ms
constexpr std::size_t sound_samples = 10 * 16000;

/// Ten seconds of sound, at another position for each stream: noise under tones that come and go.
std::vector<float> made_up_sound() {
  std::vector<float> sound(sound_samples);
  std::uint32_t random = 1;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    random = random * 1664525U + 1013904223U;
    const float noise = static_cast<float>(random >> 8U) / 16777216.0F - 0.5F;
    const float t = static_cast<float>(i) / 16000.0F;
    const float swell = std::max(0.0F, std::sin(7.0F * t));
    sound[i] = 0.02F * noise + swell * (0.2F * std::sin(900.0F * t) + 0.1F * std::sin(7100.0F * t));
  }
  return sound;
}

struct BenchStream {
  std::unique_ptr<SpotterStream> stream;
  std::size_t position = 0;  // in the sound
};

void push_block(BenchStream& stream, std::span<const float> sound) {
  const std::size_t count = std::min(block_samples, sound.size() - stream.position);
  stream.stream->push(sound.subspan(stream.position, count), [](const Spotting& /*word*/) {});
  stream.position = (stream.position + count) % sound.size();
}

/// Posts `rounds` blocks for each stream, and waits for them.
void run_rounds(StreamPool& pool, std::vector<BenchStream>& streams, std::span<const float> sound,
                int rounds) {
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t s = 0; s < streams.size(); ++s) {
      pool.post(s, [stream = &streams[s], &sound] { push_block(*stream, sound); });
    }
  }
  pool.wait();
}

std::vector<BenchStream> make_streams(const std::shared_ptr<const Spotter>& spotter, int count) {
  std::vector<BenchStream> streams(static_cast<std::size_t>(count));
  for (std::size_t s = 0; s < streams.size(); ++s) {
    streams[s] = {std::make_unique<SpotterStream>(spotter), s * 7919 % sound_samples};
  }
  return streams;
}

std::int64_t second_stage_windows(const std::vector<BenchStream>& streams) {
  std::int64_t sum = 0;
  for (const BenchStream& stream : streams) {
    sum += stream.stream->second_stage().windows;
  }
  return sum;
}

}  // namespace

ManyStreamsReport run_many_streams(const std::shared_ptr<const Spotter>& spotter,
                                   const ManyStreamsOptions& options) {
  const std::vector<float> sound = made_up_sound();
  const auto heap_before =
      static_cast<double>(mallinfo2().uordblks) + static_cast<double>(mallinfo2().hblkhd);
  std::vector<BenchStream> streams = make_streams(spotter, options.streams);
  const auto heap = static_cast<double>(mallinfo2().uordblks) + static_cast<double>(mallinfo2().hblkhd);
  StreamPool pool(std::min(options.threads, options.streams));
  run_rounds(pool, streams, sound, 1);  // caches, pages, the first frame
  const std::vector<double> before = pool.cpu_seconds();
  const std::int64_t windows_before = second_stage_windows(streams);
  const int rounds = static_cast<int>(std::ceil(options.sound_seconds * 16000.0 / block_samples));
  run_rounds(pool, streams, sound, rounds);
  const std::vector<double> after = pool.cpu_seconds();
  ManyStreamsReport report{
      .options = options, .cpu = cpu_name(), .kernels = std::string(spotter->kernels().name)};
  report.bytes_per_stream = (heap - heap_before) / options.streams;
  const double sound_seconds = static_cast<double>(options.streams) * rounds * block_samples / 16000.0;
  report.second_stage_windows_per_second =
      static_cast<double>(second_stage_windows(streams) - windows_before) / sound_seconds;
  for (std::size_t lane = 0; lane < pool.threads(); ++lane) {
    const std::size_t of_lane = (streams.size() - lane - 1) / pool.threads() + 1;
    const double heard = static_cast<double>(of_lane) * rounds * block_samples / 16000.0;
    const double cpu_seconds = after[lane] - before[lane];
    report.cpu_seconds += cpu_seconds;
    report.real_time_streams += options.load * heard / std::max(cpu_seconds, 1e-9);
  }
  return report;
}

nlohmann::ordered_json many_streams_json(const ManyStreamsReport& report) {
  return {{"streams", report.options.streams},
          {"threads", report.options.threads},
          {"sound_seconds", report.options.sound_seconds},
          {"load", report.options.load},
          {"cpu", report.cpu},
          {"kernels", report.kernels},
          {"cpu_seconds", report.cpu_seconds},
          {"real_time_streams", std::floor(report.real_time_streams)},
          {"bytes_per_stream", std::round(report.bytes_per_stream)},
          {"second_stage_windows_per_second", report.second_stage_windows_per_second}};
}

std::string many_streams_text(const ManyStreamsReport& report) {
  const ManyStreamsOptions& o = report.options;
  return fmt::format(
      "{} streams of {:g} s on {} threads, kernel set {}: {:.3f} s of CPU time\n"
      "real time  {:.0f} streams at a load of {:g} % of {} cores\n"
      "memory     {:.1f} kB a stream\n"
      "second     stage computed {:.2f} times in a second of sound\n"
      "CPU        {}\n",
      o.streams, o.sound_seconds, o.threads, report.kernels, report.cpu_seconds,
      std::floor(report.real_time_streams), 100 * o.load, o.threads, report.bytes_per_stream / 1000,
      report.second_stage_windows_per_second, report.cpu);
}

}  // namespace kwsd
