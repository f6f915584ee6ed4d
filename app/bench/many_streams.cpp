#include "app/bench/many_streams.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <thread>

#include "app/bench/stopwatch.h"
#include "engine/spotter/spotter_stream.h"

namespace kwsd {
namespace {

constexpr std::size_t block_samples = 1536;  // 96 ms
constexpr std::size_t sound_samples = 10 * 16000;

/// Ten seconds that no two streams hear at the same time: noise under tones that come and go.
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

/// One thread's streams.
struct Share {
  std::vector<std::unique_ptr<SpotterStream>> streams;
  std::vector<std::size_t> positions;  // in the sound, of each stream
  double cpu_seconds = 0;
};

void push_block(Share& share, std::size_t stream, std::span<const float> sound) {
  std::size_t& position = share.positions[stream];
  const std::size_t count = std::min(block_samples, sound.size() - position);
  share.streams[stream]->push(sound.subspan(position, count), [](const Spotting& /*word*/) {});
  position = (position + count) % sound.size();
}

void work(Share& share, std::span<const float> sound, double seconds) {
  const auto rounds = static_cast<int>(std::ceil(seconds * 16000.0 / block_samples));
  for (std::size_t s = 0; s < share.streams.size(); ++s) {
    push_block(share, s, sound);  // caches, pages, the first frame
  }
  const double start = thread_cpu_seconds();
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t s = 0; s < share.streams.size(); ++s) {
      push_block(share, s, sound);
    }
  }
  share.cpu_seconds = thread_cpu_seconds() - start;
}

std::vector<Share> make_shares(const std::shared_ptr<const Spotter>& spotter,
                               const ManyStreamsOptions& options) {
  std::vector<Share> shares(static_cast<std::size_t>(std::min(options.threads, options.streams)));
  for (int s = 0; s < options.streams; ++s) {
    Share& share = shares[static_cast<std::size_t>(s) % shares.size()];
    share.streams.push_back(std::make_unique<SpotterStream>(spotter));
    share.positions.push_back(static_cast<std::size_t>(s) * 7919 % sound_samples);
  }
  return shares;
}

}  // namespace

ManyStreamsReport run_many_streams(const std::shared_ptr<const Spotter>& spotter,
                                   const ManyStreamsOptions& options) {
  const std::vector<float> sound = made_up_sound();
  const auto heap_before =
      static_cast<double>(mallinfo2().uordblks) + static_cast<double>(mallinfo2().hblkhd);
  std::vector<Share> shares = make_shares(spotter, options);
  const auto heap = static_cast<double>(mallinfo2().uordblks) + static_cast<double>(mallinfo2().hblkhd);
  {
    std::vector<std::jthread> pool;
    for (Share& share : shares) {
      pool.emplace_back([&] { work(share, sound, options.sound_seconds); });
    }
  }
  ManyStreamsReport report{.options = options, .kernels = std::string(spotter->kernels().name)};
  report.bytes_per_stream = (heap - heap_before) / options.streams;
  const double rounds = std::ceil(options.sound_seconds * 16000.0 / block_samples);
  for (const Share& share : shares) {
    const double heard = static_cast<double>(share.streams.size()) * rounds * block_samples / 16000.0;
    report.cpu_seconds += share.cpu_seconds;
    report.real_time_streams += options.load * heard / std::max(share.cpu_seconds, 1e-9);
  }
  return report;
}

nlohmann::ordered_json many_streams_json(const ManyStreamsReport& report) {
  return {{"streams", report.options.streams},
          {"threads", report.options.threads},
          {"sound_seconds", report.options.sound_seconds},
          {"load", report.options.load},
          {"kernels", report.kernels},
          {"cpu_seconds", report.cpu_seconds},
          {"real_time_streams", std::floor(report.real_time_streams)},
          {"bytes_per_stream", std::round(report.bytes_per_stream)}};
}

std::string many_streams_text(const ManyStreamsReport& report) {
  const ManyStreamsOptions& o = report.options;
  return fmt::format(
      "{} streams of {:g} s on {} threads, kernel set {}: {:.3f} s of CPU time\n"
      "real time  {:.0f} streams at a load of {:g} % of {} cores\n"
      "memory     {:.1f} kB a stream\n",
      o.streams, o.sound_seconds, o.threads, report.kernels, report.cpu_seconds,
      std::floor(report.real_time_streams), 100 * o.load, o.threads, report.bytes_per_stream / 1000);
}

}  // namespace kwsd
