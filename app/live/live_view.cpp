#include "app/live/live_view.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace kwsd {

namespace {

constexpr int least_rows = 10, least_columns = 40;
constexpr int least_detections = 3;
constexpr float quietest_db = -60;

template <class... Values>
std::string print(const char* format, Values... values) {
  char text[128];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string percent(double share) {
  return share < 0 ? "-" : print("%.0f %%", 100 * share);
}

std::string clock_of(double seconds) {
  const auto whole = static_cast<long long>(seconds);
  return print("%02lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
}

/// `text`, or its beginning and an ellipsis if it is longer than `width`.
std::string fitted(const std::string& text, int width) {
  const std::u32string points = code_points(text);
  if (static_cast<int>(points.size()) <= width) {
    return text;
  }
  std::string out;
  for (const char32_t glyph : points.substr(0, static_cast<std::size_t>(std::max(width - 1, 0)))) {
    out += utf8_of(glyph);
  }
  return out + "~";
}

class LiveView {
 public:
  LiveView(const LiveState& state, int rows, int columns, const LiveStyle& style)
      : state_(state), style_(style), screen_(rows, columns) {}

  Screen draw() {
    if (screen_.rows() < least_rows || screen_.columns() < least_columns) {
      screen_.put(0, 0,
                  print("%d x %d is too small, expected %d x %d", screen_.columns(), screen_.rows(),
                        least_columns, least_rows));
      return screen_;
    }
    header();
    level(1);
    const int keywords = std::min(static_cast<int>(state_.keywords.size()),
                                  std::max(1, screen_.rows() - least_rows + 6 - least_detections));
    for (int row = 0; row < keywords; ++row) {
      keyword(3 + row, first_keyword(keywords) + static_cast<std::size_t>(row));
    }
    detections(4 + keywords, screen_.rows() - 3);
    status(screen_.rows() - 2);
    keys(screen_.rows() - 1);
    return screen_;
  }

 private:
  void header() {
    const std::string right = clock_of(state_.seconds) + " ";
    int column = screen_.put(0, 1, "kwsd", Ink::strong);
    const int room = screen_.columns() - column - 2 - static_cast<int>(right.size()) - 2;
    const std::string input =
        state_.input + (state_.rate_hz > 0 ? print(", %u Hz", state_.rate_hz) : "") + "  " + state_.models;
    screen_.put(0, column + 2, fitted(input, room));
    screen_.put_right(0, screen_.columns(), right, Ink::faint);
  }

  /// A bar over columns [from, to): `share` of it filled, in eighths where the terminal has them.
  void bar(int row, int from, int to, float share, Ink ink) {
    static constexpr char32_t eighths[] = U" ▏▎▍▌▋▊▉█";
    const auto filled =
        static_cast<int>(std::lround(std::clamp(share, 0.0F, 1.0F) * static_cast<float>(8 * (to - from))));
    for (int column = from; column < to; ++column) {
      const int part = std::clamp(filled - 8 * (column - from), 0, 8);
      screen_.put(row, column, Cell{style_.utf8 ? eighths[part] : part >= 4 ? U'#' : U' ', ink});
    }
  }

  [[nodiscard]] static int place(float share, int from, int to) {
    return from + std::min(to - from - 1,
                           static_cast<int>(std::clamp(share, 0.0F, 1.0F) * static_cast<float>(to - from)));
  }

  void level(int row) {
    const int from = 9, to = screen_.columns() - 20;
    const auto share = [](float db) { return 1 - db / quietest_db; };
    screen_.put(row, 1, "level");
    if (state_.muted || state_.device_lost) {
      screen_.put(row, from, state_.muted ? "muted (press space to unmute)" : "no device: waiting for one",
                  Ink::warn);
      return;
    }
    bar(row, from, to, share(state_.level.rms_db), state_.level.clipping ? Ink::bad : Ink::low);
    const float peak = share(state_.level.peak_db);
    if (peak > 0) {
      screen_.put(row, place(peak, from, to), Cell{style_.utf8 ? U'│' : U'|', Ink::plain});
    }
    screen_.put_right(row, to + 9,
                      state_.level.rms_db < quietest_db
                          ? "quiet"
                          : print("%.0f dB", static_cast<double>(state_.level.rms_db)));
    if (state_.level.clipping) {
      screen_.put_right(row, screen_.columns() - 1, "CLIPPING", Ink::bad);
    }
  }

  /// Scrolls so that the selected keyword is among those shown.
  [[nodiscard]] std::size_t first_keyword(int shown) const {
    const auto rows = static_cast<std::size_t>(shown);
    const std::size_t last_first = state_.keywords.size() - rows;
    return std::min(last_first, state_.selected - std::min(state_.selected, rows / 2));
  }

  void keyword(int row, std::size_t index) {
    const LiveKeyword& k = state_.keywords[index];
    const bool selected = index == state_.selected;
    const int from = name_width() + 3, to = screen_.columns() - 14;
    screen_.put(row, 0, selected ? ">" : " ", Ink::chosen);
    screen_.put(row, 1, fitted(k.name, name_width()), selected ? Ink::chosen : Ink::plain);
    bar(row, from, to, k.score, k.score >= k.threshold ? Ink::good : Ink::low);
    if (k.peak > 0.01F) {
      const int column = place(k.peak, from, to);
      if (screen_.at(row, column).glyph == U' ') {
        screen_.put(row, column, Cell{style_.utf8 ? U'·' : U'.', Ink::low});
      }
    }
    screen_.put(row, place(k.threshold, from, to), Cell{style_.utf8 ? U'│' : U'|', Ink::strong});
    screen_.put(row, to + 1, print("%4.2f /", static_cast<double>(k.score)),
                k.score >= k.threshold ? Ink::good : Ink::plain);
    screen_.put(row, to + 8, print("%4.2f%s", static_cast<double>(k.threshold), k.threshold_set ? "*" : ""),
                selected ? Ink::chosen : Ink::plain);
  }

  [[nodiscard]] int name_width() const {
    std::size_t widest = 5;
    for (const LiveKeyword& k : state_.keywords) {
      widest = std::max(widest, code_points(k.name).size());
    }
    return std::min(static_cast<int>(widest), screen_.columns() / 4);
  }

  void detections(int row, int end) {
    screen_.put(row++, 1, print("%lld detected", static_cast<long long>(state_.detection_count)),
                Ink::strong);
    for (const LiveDetection& detection : state_.detections) {
      if (row >= end) {
        return;
      }
      screen_.put(row++, 0, detection_line(detection));
    }
  }

  void status(int row) {
    std::string text =
        std::string("branch ") + branch_name(state_.branch) + (state_.branch_automatic ? "" : " (fixed)");
    text += "  machine " + percent(state_.machine_load) + "  kwsd " + percent(state_.own_load);
    text += state_.windows_per_second < 0 ? "  - windows/s"
                                          : print("  %.1f windows/s", state_.windows_per_second);
    text += print("  lost %.1f s", state_.overrun_seconds);
    screen_.put(row, 1, text, state_.overrun_seconds > 0 ? Ink::warn : Ink::plain);
  }

  void keys(int row) {
    if (!state_.message.empty()) {
      screen_.put(row, 1, fitted(state_.message, screen_.columns() - 2),
                  state_.message_is_warning ? Ink::warn : Ink::strong);
      return;
    }
    const char* arrows = style_.utf8 ? "↑↓" : "jk";
    const std::string all =
        std::string(arrows) + " word  +- threshold  w write  m miss  f false accept  space mute  q quit";
    const std::string few = std::string(arrows) + " +- w m f space q";
    screen_.put(row, 1, static_cast<int>(code_points(all).size()) + 2 <= screen_.columns() ? all : few,
                Ink::faint);
  }

  const LiveState& state_;
  LiveStyle style_;
  Screen screen_;
};

}  // namespace

Screen draw_live(const LiveState& state, int rows, int columns, const LiveStyle& style) {
  return LiveView(state, rows, columns, style).draw();
}

std::string detection_line(const LiveDetection& d) {
  const std::string name =
      d.keyword + std::string(12 - std::min<std::size_t>(12, code_points(d.keyword).size()), ' ');
  std::string line = print("%9.2f s  ", d.end_seconds) + name +
                     print("  %.2f (%.2f)  %-7s  %4.0f dBFS  SNR %2.0f dB  ", static_cast<double>(d.score),
                           static_cast<double>(d.threshold), branch_name(d.branch),
                           static_cast<double>(d.level_db), static_cast<double>(d.snr_db)) +
                     d.clock;
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace kwsd
