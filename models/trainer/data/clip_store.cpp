#include "models/trainer/data/clip_store.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "app/audio/sound_16k.h"
#include "app/base/atomic_file.h"
#include "app/base/parallel.h"
#include "app/base/progress.h"
#include "app/base/random.h"
#include "engine/model/error.h"
#include "models/trainer/data/rate.h"

namespace kwsd::train {
namespace {

constexpr std::string_view magic = "KWSDCLIP";
constexpr std::uint32_t version = 3;
constexpr std::size_t header_bytes = 24;
constexpr std::size_t longest_word_clip_samples = 10 * sample_rate_hz;

struct Entry {
  std::uint64_t offset = 0, samples = 0;
  std::int64_t bytes = 0, mtime_ns = 0;
  Extent word;
  std::string path, error;
};

/// Appends plain values.
class Packer {
 public:
  template <class T>
  void put(T value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put_text(const std::string& text) {
    const auto length = static_cast<std::uint16_t>(std::min<std::size_t>(text.size(), UINT16_MAX));
    put(length);
    text_.append(text, 0, length);
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

/// Reads them back; past the end values are 0 and ok() is false.
class Unpacker {
 public:
  explicit Unpacker(std::string_view text) noexcept : text_(text) {}
  template <class T>
  T get() noexcept {
    T value{};
    if (const std::string_view bytes = take(sizeof value); !bytes.empty()) {
      std::memcpy(&value, bytes.data(), sizeof value);
    }
    return value;
  }
  std::string get_text() { return std::string(take(get<std::uint16_t>())); }
  [[nodiscard]] bool ok() const noexcept { return ok_; }

 private:
  std::string_view take(std::size_t n) noexcept {
    ok_ = ok_ && n <= text_.size();
    const std::string_view taken = ok_ ? text_.substr(0, n) : std::string_view{};
    text_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view text_;
  bool ok_ = true;
};

std::string pack_index(const std::vector<Entry>& entries) {
  Packer out;
  for (const Entry& e : entries) {
    out.put(e.offset);
    out.put(e.samples);
    out.put(e.bytes);
    out.put(e.mtime_ns);
    out.put(e.word.begin);
    out.put(e.word.end);
    out.put_text(e.path);
    out.put_text(e.error);
  }
  out.put(stable_hash(out.text()));
  return out.text();
}

/// nullopt for a file that is not a whole cache of this version.
std::optional<std::vector<Entry>> unpack(std::string_view file) {
  Unpacker header(file.substr(0, std::min(header_bytes, file.size())));
  const auto found_magic = header.get<std::array<char, 8>>();
  const auto found_version = header.get<std::uint32_t>();
  const auto count = header.get<std::uint32_t>();
  const auto index_offset = header.get<std::uint64_t>();
  if (!header.ok() || std::string_view(found_magic.data(), 8) != magic || found_version != version ||
      index_offset < header_bytes || index_offset > file.size() || file.size() - index_offset < 8) {
    return std::nullopt;
  }
  const std::string_view index = file.substr(index_offset, file.size() - index_offset - 8);
  if (Unpacker(file.substr(file.size() - 8)).get<std::uint64_t>() != stable_hash(index)) {
    return std::nullopt;
  }
  Unpacker in(index);
  std::vector<Entry> entries;
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    Entry& e = entries.emplace_back();
    e.offset = in.get<std::uint64_t>();
    e.samples = in.get<std::uint64_t>();
    e.bytes = in.get<std::int64_t>();
    e.mtime_ns = in.get<std::int64_t>();
    e.word.begin = in.get<std::int32_t>();
    e.word.end = in.get<std::int32_t>();
    e.path = in.get_text();
    e.error = in.get_text();
    if (e.offset > index_offset || e.samples > (index_offset - e.offset) / 2) {
      return std::nullopt;
    }
  }
  return in.ok() ? std::optional(std::move(entries)) : std::nullopt;
}

struct Decoded {
  std::vector<std::int16_t> samples;
  Extent word;
  std::string error;
  bool again = false;  ///< it could not be read now, but possibly the next time
};

Decoded decode(const SourceFile& file, int channel) {
  Decoded out;
  try {
    out.samples = load_recording_pcm16(file.path, {channel, ClipStore::most_seconds, true});
    const bool maybe_word = out.samples.size() <= longest_word_clip_samples;
    out.word = maybe_word ? find_word(out.samples) : Extent{};
  } catch (const Error& e) {
    out.error = e.what();
    out.again = e.kind() == ErrorKind::no_input;
  }
  return out;
}

}  // namespace

struct ClipStore::Mapping {
  const char* data = nullptr;
  std::size_t bytes = 0;

  explicit Mapping(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat info {};
    if (fd >= 0 && fstat(fd, &info) == 0 && info.st_size > 0) {
      bytes = static_cast<std::size_t>(info.st_size);
      void* mapped = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
      data = mapped == MAP_FAILED ? nullptr : static_cast<const char*>(mapped);
    }
    if (fd >= 0) {
      ::close(fd);
    }
  }
  ~Mapping() {
    if (data != nullptr) {
      munmap(const_cast<char*>(data), bytes);
    }
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  [[nodiscard]] std::string_view view() const noexcept { return {data, data == nullptr ? 0 : bytes}; }
};

namespace {

using Known = std::unordered_map<std::string, const Entry*>;

const Entry* up_to_date(const Known& known, const SourceFile& file) {
  const auto found = known.find(file.path.string());
  return found != known.end() && found->second->bytes == file.bytes &&
                 found->second->mtime_ns == file.mtime_ns
             ? found->second
             : nullptr;
}

/// How many files from `first` on are decoded before they are written: few long ones, so that they fit in
/// memory.
std::size_t batch_at(std::size_t first, const std::vector<SourceFile>& files, unsigned threads) {
  constexpr std::size_t most = 256;
  constexpr std::int64_t most_bytes = 32 << 20;
  std::size_t count = 0;
  for (std::int64_t bytes = 0; first + count < files.size() && count < most; ++count) {
    bytes += files[first + count].bytes;
    if (bytes > most_bytes && count >= threads) {
      break;
    }
  }
  return count;
}

/// Writes a cache with every file of `files`, reusing valid entries of the old one.
std::size_t rebuild(const std::filesystem::path& cache_file, const std::vector<SourceFile>& files,
                    int channel, const Known& known, std::string_view old, unsigned threads) {
  AtomicFile out(cache_file);
  out.write(std::string(header_bytes, '\0').data(), header_bytes);
  std::vector<Entry> entries;
  std::size_t decoded_count = 0;
  Progress progress("decoding recordings", files.size());
  for (std::size_t first = 0, count = 0; first < files.size(); first += count) {
    count = batch_at(first, files, threads);
    std::vector<Decoded> fresh(count);
    parallel_for(fresh.size(), threads, [&](std::size_t i) {
      if (up_to_date(known, files[first + i]) == nullptr) {
        fresh[i] = decode(files[first + i], channel);
      }
    });
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      const SourceFile& file = files[first + i];
      const Entry* kept = up_to_date(known, file);
      decoded_count += kept == nullptr ? 1 : 0;
      Entry entry = kept != nullptr ? *kept : Entry{};
      if (kept == nullptr) {
        entry = {0,
                 fresh[i].samples.size(),
                 file.bytes,
                 fresh[i].again ? file.mtime_ns - 1 : file.mtime_ns,
                 fresh[i].word,
                 file.path.string(),
                 fresh[i].error};
      }
      entry.offset = out.position();
      out.write(
          kept != nullptr ? static_cast<const void*>(old.data() + kept->offset) : fresh[i].samples.data(),
          entry.samples * 2);
      entries.push_back(std::move(entry));
    }
    progress.step(fresh.size());
  }
  const std::uint64_t index_offset = out.position();
  const std::string index = pack_index(entries);
  out.write(index.data(), index.size());
  Packer header;
  for (const char c : magic) {
    header.put(c);
  }
  header.put(version);
  header.put(static_cast<std::uint32_t>(entries.size()));
  header.put(index_offset);
  out.write_at_start(header.text().data(), header.text().size());
  out.commit();
  return decoded_count;
}

}  // namespace

ClipStore::ClipStore(const std::filesystem::path& cache_file, const std::vector<SourceFile>& files,
                     int channel, unsigned threads) {
  mapping_ = std::make_unique<Mapping>(cache_file);
  std::optional<std::vector<Entry>> entries = unpack(mapping_->view());
  if (!entries && mapping_->bytes != 0) {
    spdlog::warn("{}: not a complete cache of this version; rebuilding it", cache_file.string());
  }
  const auto by_path = [](const std::optional<std::vector<Entry>>& all) {
    Known map;
    for (std::size_t i = 0; all && i < all->size(); ++i) {
      map.emplace((*all)[i].path, &(*all)[i]);
    }
    return map;
  };
  Known known = by_path(entries);
  const bool stale = std::any_of(files.begin(), files.end(),
                                 [&](const SourceFile& f) { return up_to_date(known, f) == nullptr; });
  if (stale) {
    decoded_ = rebuild(cache_file, files, channel, known, mapping_->view(), threads);
    mapping_ = std::make_unique<Mapping>(cache_file);
    entries = unpack(mapping_->view());
    if (!entries) {
      throw Error(ErrorKind::io, cache_file.string() + ": cannot be read back");
    }
    known = by_path(entries);
  }
  clips_.reserve(files.size());
  for (const SourceFile& file : files) {
    const Entry& e = *known.at(file.path.string());
    const auto* first = reinterpret_cast<const std::int16_t*>(mapping_->data + e.offset);
    clips_.push_back({{first, e.samples}, e.word, e.error});
  }
}

ClipStore::~ClipStore() = default;
ClipStore::ClipStore(ClipStore&&) noexcept = default;
ClipStore& ClipStore::operator=(ClipStore&&) noexcept = default;

SourceFile source_file(const std::filesystem::path& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    throw Error(ErrorKind::no_input, path.string() + ": " + std::strerror(errno));
  }
  return {path, info.st_size, info.st_mtim.tv_sec * 1'000'000'000L + info.st_mtim.tv_nsec};
}

}  // namespace kwsd::train
