#include "app/base/atomic_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/model/error.h"

namespace kwsd {

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)), target_(path_) {
  std::error_code error, ignored;
  const auto status = std::filesystem::status(path_, ignored);
  replaces_ = !std::filesystem::exists(status) || std::filesystem::is_regular_file(status);
  if (std::filesystem::is_regular_file(status)) {
    target_ = std::filesystem::canonical(path_, ignored);
  }
  temporary_ = target_;
  if (replaces_) {
    temporary_ += "." + std::to_string(getpid()) + ".tmp";
  }
  if (target_.has_parent_path()) {
    std::filesystem::create_directories(target_.parent_path(), error);
  }
  file_ = std::fopen(temporary_.c_str(), "wb");
  if (file_ == nullptr) {
    fail(error ? error.value() : errno);  // the folder's error, if it could not be created
  }
}

AtomicFile::~AtomicFile() {
  if (file_ != nullptr) {
    std::fclose(file_);
    discard();
  }
}

void AtomicFile::write(const void* data, std::size_t bytes) {
  if (bytes != 0 && std::fwrite(data, 1, bytes, file_) != bytes) {
    fail(errno);
  }
  position_ += bytes;
}

void AtomicFile::write_at_start(const void* data, std::size_t bytes) {
  if (std::fseek(file_, 0, SEEK_SET) != 0 || std::fwrite(data, 1, bytes, file_) != bytes ||
      std::fseek(file_, 0, SEEK_END) != 0) {
    fail(errno);
  }
}

void AtomicFile::commit() {
  if (std::fflush(file_) != 0 || (replaces_ && fsync(fileno(file_)) != 0)) {
    fail(errno);
  }
  std::FILE* file = file_;
  file_ = nullptr;
  if (std::fclose(file) != 0 || (replaces_ && std::rename(temporary_.c_str(), target_.c_str()) != 0)) {
    const int error = errno;
    discard();
    fail(error);
  }
}

void AtomicFile::discard() noexcept {
  if (replaces_) {
    std::remove(temporary_.c_str());
  }
}

void AtomicFile::fail(int error) {
  throw Error(ErrorKind::io, path_.string() + ": cannot be written: " + std::strerror(error));
}

void write_file(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text.data(), text.size());
  file.commit();
}

}  // namespace kwsd
