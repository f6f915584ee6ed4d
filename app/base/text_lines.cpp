#include "app/base/text_lines.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "engine/model/error.h"

namespace kwsd {
namespace {

class LineSplitter {
 public:
  LineSplitter(const std::filesystem::path& file, std::size_t most_bytes,
               const std::function<void(int, std::string_view)>& visit)
      : file_(file), most_bytes_(most_bytes), visit_(visit) {}

  void push(std::string_view text) {
    for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
      append(text.substr(0, end));
      flush();
      text.remove_prefix(end + 1);
    }
    append(text);
  }
  void finish() {
    if (!line_.empty()) {
      flush();
    }
  }

 private:
  void append(std::string_view part) {
    line_ += part;
    if (line_.size() > most_bytes_) {
      throw Error(ErrorKind::bad_data, where() + "found a line of over " + std::to_string(most_bytes_) +
                                           " bytes, expected shorter ones");
    }
  }
  void flush() {
    std::string_view line = line_;
    if (number_ == 0) {
      if (line.starts_with("\xFF\xFE") || line.starts_with("\xFE\xFF")) {
        throw Error(ErrorKind::bad_data, where() + "found UTF-16, expected UTF-8");
      }
      line.remove_prefix(line.starts_with("\xEF\xBB\xBF") ? 3 : 0);
    }
    line.remove_suffix(line.ends_with('\r') ? 1 : 0);
    visit_(++number_, line);
    line_.clear();
  }
  [[nodiscard]] std::string where() const {
    return file_.string() + ":" + std::to_string(number_ + 1) + ": ";
  }

  const std::filesystem::path& file_;
  std::size_t most_bytes_;
  const std::function<void(int, std::string_view)>& visit_;
  std::string line_;
  int number_ = 0;
};

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

}  // namespace

void for_each_line(const std::filesystem::path& path, std::size_t most_bytes,
                   const std::function<void(int, std::string_view)>& visit) {
  const auto fail = [&path](int error) {
    throw Error(ErrorKind::no_input, path.string() + ": cannot be read: " + std::strerror(error));
  };
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rbe"));
  if (!file) {
    fail(errno);
  }
  LineSplitter lines(path, most_bytes, visit);
  std::array<char, 65536> block;
  while (const std::size_t got = std::fread(block.data(), 1, block.size(), file.get())) {
    lines.push({block.data(), got});
  }
  if (std::ferror(file.get()) != 0) {
    fail(errno);
  }
  lines.finish();
}

}  // namespace kwsd
