#include "app/record/level_line.h"

#include <algorithm>
#include <cstdio>

namespace kwsd {
namespace {

constexpr std::size_t line_samples = 3200;
constexpr float least_shown_db = -60;

/// The column of a level.
int place(float db) {
  return std::clamp(static_cast<int>((1 - db / least_shown_db) * LevelLine::columns), 0, LevelLine::columns - 1);
}

}  // namespace

std::string level_line(float rms_db, float peak_db) {
  std::string bar(LevelLine::columns, ' ');
  std::fill_n(bar.begin(), rms_db <= least_shown_db ? 0 : place(rms_db) + 1, '#');
  bar[static_cast<std::size_t>(place(peak_db))] = '|';
  char text[64];
  std::snprintf(text, sizeof text, "level %s %4.0f dB", bar.c_str(),
                static_cast<double>(std::max(rms_db, LevelMeter::floor_db)));
  return text;
}

std::string LevelLine::push(std::span<const float> samples) {
  level_.push(samples);
  unseen_samples_ += samples.size();
  if (unseen_samples_ < line_samples) {
    return {};
  }
  unseen_samples_ = 0;
  return level_line(level_.rms_db(), level_.peak_db());
}

}  // namespace kwsd
