#include "app/daemon/clip_writer.h"

#include <algorithm>
#include <cstdio>

#include "app/audio/sound_writer.h"
#include "app/base/log.h"
#include "app/base/thread_name.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

constexpr const char* mark = "kwsd run --save-clips";

/// Whether `write` created the file: any program could have chosen its name, NNNNNN_keyword.wav (six digits
/// or more) or NNNNNN_keyword-2.wav; the mark inside is the proof.
bool is_clip(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  const std::size_t digits = name.find_first_not_of("0123456789");
  std::error_code ignored;
  return digits != std::string::npos && digits >= 6 && name[digits] == '_' && path.extension() == ".wav" &&
         std::filesystem::is_regular_file(std::filesystem::symlink_status(path, ignored)) &&
         sound_remark(path) == mark;
}

}  // namespace

ClipWriter::ClipWriter(std::filesystem::path folder, int max_clips, WhenBehind when_behind)
    : folder_(std::move(folder)),
      max_clips_(static_cast<std::size_t>(max_clips)),
      when_behind_(when_behind),
      heard_(clip_samples) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) {
    throw Error(ErrorKind::io, folder_.string() + ": cannot be made: " + error.message());
  }
  find_earlier_clips();
  thread_ = std::thread([this] {
    name_thread("kwsd-clips");
    work();
  });
}

void ClipWriter::find_earlier_clips() {
  namespace fs = std::filesystem;
  std::vector<std::pair<fs::file_time_type, fs::path>> found;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, ignored)) {
    if (is_clip(entry.path())) {
      found.emplace_back(entry.last_write_time(ignored), entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  for (const auto& [time, path] : found) {
    written_.push_back(path);
  }
}

void ClipWriter::finish() noexcept {
  if (thread_.joinable()) {
    stop_ = true;
    wake_.release();
    thread_.join();
  }
}

void ClipWriter::remember(std::span<const float> samples) noexcept {
  for (const float sample : samples) {
    heard_[next_] = sample;
    next_ = next_ + 1 == clip_samples ? 0 : next_ + 1;
  }
}

void ClipWriter::save(std::string_view keyword, std::int64_t seq) noexcept {
  Slot& slot = slots_[slot_];
  if (when_behind_ == WhenBehind::wait) {
    slot.full.wait(true, std::memory_order_acquire);
  }
  if (slot.full.load(std::memory_order_acquire)) {
    ++dropped_;
    return;
  }
  const auto oldest = heard_.begin() + static_cast<std::ptrdiff_t>(next_);
  std::copy(heard_.begin(), oldest, std::copy(oldest, heard_.end(), slot.samples.begin()));
  slot.keyword.fill('\0');
  std::copy_n(keyword.begin(), std::min(keyword.size(), slot.keyword.size() - 1), slot.keyword.begin());
  slot.seq = seq;
  slot.full.store(true, std::memory_order_release);
  slot_ = (slot_ + 1) % slots_.size();
  wake_.release();
}

void ClipWriter::work() noexcept {
  for (std::size_t next = 0;;) {
    wake_.acquire();
    while (slots_[next].full.load(std::memory_order_acquire)) {
      try {
        write(slots_[next]);
      } catch (const std::exception& error) {
        ++dropped_;
        spdlog::warn("{}", error.what());
      }
      slots_[next].full.store(false, std::memory_order_release);
      slots_[next].full.notify_one();
      next = (next + 1) % slots_.size();
    }
    if (stop_) {
      return;
    }
  }
}

void ClipWriter::write(const Slot& slot) {
  char number[24];
  std::snprintf(number, sizeof number, "%06lld", static_cast<long long>(slot.seq));
  const std::string name = std::string(number) + "_" + slot.keyword.data();
  std::filesystem::path path = folder_ / (name + ".wav");
  std::error_code ignored;
  for (int run = 2; std::filesystem::exists(std::filesystem::symlink_status(path, ignored)); ++run) {
    path = folder_ / (name + "-" + std::to_string(run) + ".wav");  // earlier runs also counted from 1
  }
  SoundWriter file(path, SoundWriter::Mode::create);
  file.set_remark(mark);
  file.write(slot.samples);
  file.close();
  written_.push_back(path);
  while (written_.size() > max_clips_) {
    if (is_clip(written_.front())) {  // the file has not been replaced since
      std::filesystem::remove(written_.front(), ignored);
    }
    written_.pop_front();
  }
}

std::int64_t clips_dropped(std::initializer_list<const ClipWriter*> writers) noexcept {
  std::int64_t all = -1;
  for (const ClipWriter* writer : writers) {
    if (writer != nullptr) {
      all = std::max<std::int64_t>(all, 0) + writer->dropped();
    }
  }
  return all;
}

}  // namespace kwsd
