// Reading a model from disk.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "engine/model/error.h"
#include "engine/model/model_file.h"

namespace kwsd {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

}  // namespace

Model load_model(const std::filesystem::path& path) {
  const std::string name = path.string();
  std::error_code error;
  if (const auto type = std::filesystem::status(path, error).type();
      type != std::filesystem::file_type::regular && type != std::filesystem::file_type::not_found) {
    const bool folder = type == std::filesystem::file_type::directory;
    throw Error(ErrorKind::no_input,
                name + ": found a " + (folder ? "directory" : "special file") + ", expected a model file");
  }
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(name.c_str(), "rb"));
  if (!file) {
    throw Error(ErrorKind::no_input, name + ": cannot be opened: " + std::strerror(errno));
  }
  std::vector<std::byte> bytes;
  std::byte block[16384];
  std::size_t got = 0;
  while (bytes.size() <= max_model_bytes && (got = std::fread(block, 1, sizeof block, file.get())) > 0) {
    bytes.insert(bytes.end(), block, block + got);
  }
  if (std::ferror(file.get()) != 0) {
    throw Error(ErrorKind::no_input, name + ": cannot be read: " + std::strerror(errno));
  }
  return parse_model(bytes, name);
}

}  // namespace kwsd
