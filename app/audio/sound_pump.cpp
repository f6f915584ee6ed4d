#include "app/audio/sound_pump.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string_view>

#include "engine/model/error.h"

namespace kwsd {
namespace {

constexpr std::size_t block_bytes = 16384;

/// ffmpeg writes 0xFFFFFFFF, sox 0x7FFFF000, arecord slightly less than 0x80000000: none of them knows the
/// length.
constexpr std::uint32_t least_unknown_bytes = 0x7FFF0000;

std::uint32_t load_32(std::span<const unsigned char> b) noexcept {
  return b[0] | std::uint32_t{b[1]} << 8U | std::uint32_t{b[2]} << 16U | std::uint32_t{b[3]} << 24U;
}

bool is(std::span<const unsigned char> bytes, std::string_view text) noexcept {
  return bytes.size() >= text.size() && std::equal(text.begin(), text.end(), bytes.begin());
}

}  // namespace

SoundPump::SoundPump(DescriptorStream& bytes) : bytes_(bytes) {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Error(ErrorKind::unavailable, "standard input: no descriptor is left for a pipe");
  }
  output_ = Descriptor(ends[0]);
  input_ = Descriptor(ends[1]);
  thread_ = std::thread([this] { run(); });
}

SoundPump::~SoundPump() {
  bytes_.interrupt();
  output_ = Descriptor();
  thread_.join();
}

void SoundPump::rethrow_failure() const {
  if (ended_ && failure_) {
    std::rethrow_exception(failure_);
  }
}

void SoundPump::run() noexcept {
  sigset_t broken_pipe;  // the reader may have closed its end: then the write reports it
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  try {
    copy();
  } catch (...) {
    failure_ = std::current_exception();
  }
  ended_ = true;
  input_ = Descriptor();  // the reader's end of file
}

void SoundPump::copy() {
  const auto begin = bytes_.peek(12);
  const bool wav = is(begin, "RIFF") || is(begin, "RF64");
  if (wav && !copy_wav_header()) {
    return;
  }
  std::array<unsigned char, block_bytes> block;
  while (const std::size_t got = bytes_.read(block)) {
    if (!put(std::span(block).first(got))) {
      return;
    }
  }
}

/// Copies the header up to the samples. An unknown length becomes 0 in a RIFF of 8 bytes: libsndfile reads
/// such a file to its end, whatever its length. False if the input or the reader ended.
bool SoundPump::copy_wav_header() {
  std::array<unsigned char, 12> riff{};
  if (bytes_.read_all(riff) != riff.size()) {
    return false;
  }
  constexpr std::string_view endless("RIFF\x08\0\0\0", 8);
  std::copy(endless.begin(), endless.end(), riff.begin());
  if (!put(riff)) {
    return false;
  }
  for (;;) {
    std::array<unsigned char, 8> chunk{};
    if (bytes_.read_all(chunk) != chunk.size()) {
      return false;
    }
    const std::uint32_t size = load_32(std::span(chunk).subspan(4));
    const bool samples = is(chunk, "data");
    if (samples && size >= least_unknown_bytes) {
      std::fill_n(chunk.begin() + 4, 4, static_cast<unsigned char>(0));
    }
    if (!put(chunk)) {
      return false;
    }
    if (samples) {
      return true;
    }
    std::array<unsigned char, block_bytes> block;
    for (std::uint64_t left = std::uint64_t{size} + size % 2; left > 0;) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, block.size()));
      const std::size_t got = bytes_.read(std::span(block).first(wanted));
      if (got == 0 || !put(std::span(block).first(got))) {
        return false;
      }
      left -= got;
    }
  }
}

bool SoundPump::put(std::span<const unsigned char> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(input_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  return true;
}

}  // namespace kwsd
