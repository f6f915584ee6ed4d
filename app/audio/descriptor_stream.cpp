#include "app/audio/descriptor_stream.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "engine/model/error.h"

namespace kwsd {

DescriptorStream::DescriptorStream(int descriptor) : descriptor_(descriptor), wake_(eventfd(0, EFD_CLOEXEC)) {
  if (isatty(descriptor) == 1) {
    throw Error(ErrorKind::usage, "standard input: found a terminal, expected sound from a pipe or a file");
  }
}

std::span<const unsigned char> DescriptorStream::peek(std::size_t wanted) {
  while (peeked_.size() < wanted) {
    const std::size_t before = peeked_.size();
    peeked_.resize(wanted);
    const std::size_t got = fill(std::span(peeked_).subspan(before));
    peeked_.resize(before + got);
    if (got == 0) {
      break;
    }
  }
  return peeked_;
}

std::size_t DescriptorStream::read(std::span<unsigned char> out) {
  if (peeked_.empty()) {
    return fill(out);
  }
  const std::size_t count = std::min(out.size(), peeked_.size());
  std::copy_n(peeked_.begin(), count, out.begin());
  peeked_.erase(peeked_.begin(), peeked_.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

std::size_t DescriptorStream::read_all(std::span<unsigned char> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const std::size_t got = read(out.subspan(done));
    if (got == 0) {
      break;
    }
    done += got;
  }
  return done;
}

void DescriptorStream::interrupt() noexcept {
  interrupted_ = true;
  const std::uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof one);
}

std::size_t DescriptorStream::fill(std::span<unsigned char> out) {
  for (;;) {
    pollfd waits[2] = {{descriptor_, POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (poll(waits, 2, -1) < 0 && errno != EINTR) {
      throw Error(ErrorKind::no_input, std::string("standard input: ") + std::strerror(errno));
    }
    if (interrupted_) {
      return 0;
    }
    const ssize_t got = ::read(descriptor_, out.data(), out.size());
    if (got >= 0) {
      return static_cast<std::size_t>(got);
    }
    if (errno != EINTR && errno != EAGAIN) {
      throw Error(ErrorKind::no_input, std::string("standard input: ") + std::strerror(errno));
    }
  }
}

}  // namespace kwsd
