// Screens of `kwsd live` as text. They lie in tests/data/screens; KWSD_UPDATE_SCREENS=1 writes them anew.
#include "app/live/live_view.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "app/live/live_keys.h"
#include "app/live/screen_svg.h"

using namespace kwsd;

namespace {

LiveState some_state() {
  LiveState state;
  state.input = "USB Audio";
  state.rate_hz = 48000;
  state.models = "commands";
  state.seconds = 83.7;
  state.level = {-23.4F, -8.0F, false};
  for (const char* name : {"yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"}) {
    state.keywords.push_back({name, 0.02F, 0.05F, 0.8F, false});
  }
  state.keywords[8] = {"stop", 0.93F, 0.97F, 0.75F, true};
  state.selected = 8;
  state.detections = {{"stop", 83.12, 0.97F, 0.75F, BranchId::full, -26.4F, 31.3F, "14:03:27"},
                      {"go", 71.5, 0.81F, 0.8F, BranchId::half, -38.1F, 9.2F, "14:03:15"}};
  state.detection_count = 2;
  state.machine_load = 0.31;
  state.own_load = 0.04;
  state.windows_per_second = 10.4;
  return state;
}

void same_as_file(const std::string& text, const std::string& name) {
  const std::string file = std::string(KWSD_SOURCE "/tests/data") + "/screens/" + name + ".txt";
  if (std::getenv("KWSD_UPDATE_SCREENS") != nullptr) {
    std::ofstream(file) << text;
  }
  std::ifstream in(file);
  const std::string expected{std::istreambuf_iterator<char>(in), {}};
  CHECK(text == expected);
}

}  // namespace

TEST_CASE("the live screen at 80x24 and 200x50") {
  same_as_file(draw_live(some_state(), 24, 80).text(), "live_80x24");
  same_as_file(draw_live(some_state(), 50, 200).text(), "live_200x50");
}

TEST_CASE("the live screen in ASCII has nothing but ASCII") {
  const std::string text = draw_live(some_state(), 24, 80, {false}).text();
  REQUIRE(std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
  same_as_file(text, "live_ascii");
}

TEST_CASE("what is out of the ordinary is said") {
  LiveState state = some_state();
  state.level = {-2, 0, true};
  state.overrun_seconds = 1.25;
  state.branch = BranchId::quarter;
  state.branch_automatic = false;
  state.message = "saved: marks/stop/1a2b3c4d_nohash_0.wav";
  same_as_file(draw_live(state, 24, 80).text(), "live_clipping");
  state.muted = true;
  REQUIRE_THAT(draw_live(state, 24, 80).text(), Catch::Contains("muted"));
  state.muted = false;
  state.device_lost = true;
  REQUIRE_THAT(draw_live(state, 24, 80).text(), Catch::Contains("no device"));
  REQUIRE(draw_live(state, 24, 80).at(22, 1).ink == Ink::warn);
}

TEST_CASE("any size is drawn, and the selected keyword is always on it") {
  LiveState state = some_state();
  for (int i = 0; i < 90; ++i) {
    state.keywords.push_back({"word" + std::to_string(i), 0.5F, 0.6F, 0.5F, false});
  }
  state.keywords[70].name = "здравствуйте-здравствуйте-здравствуйте";
  for (const std::size_t selected : {0U, 1U, 50U, 70U, 99U}) {
    state.selected = selected;
    for (int rows = 1; rows < 60; rows += 3) {
      for (int columns = 1; columns < 210; columns += 13) {
        const Screen screen = draw_live(state, rows, columns);
        int marks = 0;
        for (int row = 0; row < rows; ++row) {
          marks += screen.at(row, 0) == Cell{U'>', Ink::chosen} ? 1 : 0;
        }
        CAPTURE(selected, rows, columns);
        REQUIRE(marks == (rows < 10 || columns < 40 ? 0 : 1));
      }
    }
  }
  state.keywords.clear();
  state.selected = 0;
  REQUIRE_THAT(draw_live(state, 24, 80).text(), Catch::Contains("2 detected"));
}

TEST_CASE("what comes from outside cannot send control characters to the terminal") {
  LiveState state = some_state();
  state.input = "evil\x1b[2J\x9b name\xff\xc3";
  REQUIRE_THAT(draw_live(state, 24, 80).text(), Catch::Contains("evil?[2J? name??, 48000 Hz"));
  REQUIRE(utf8_of(code_points("a é ─ 𝄞")[6]) == "𝄞");
}

TEST_CASE("a screen becomes an SVG picture") {
  LiveState state = some_state();
  state.input = "a <b> & c";
  const std::string svg = screen_svg(draw_live(state, 24, 80));
  REQUIRE(svg.starts_with("<svg "));
  REQUIRE(svg.ends_with("</svg>\n"));
  REQUIRE_THAT(svg, Catch::Contains(">&lt;b&gt;<") && Catch::Contains(">&amp;<"));
}

TEST_CASE("a picture of a screen has no blanks to collapse: each word stands at its own column") {
  Screen screen(2, 10);
  screen.put(1, 3, "ab  c", Ink::plain);
  screen.put(1, 9, "█", Ink::good);
  const std::string svg = screen_svg(screen);
  const std::string at_row_1 = "y=\"44.0\" textLength=";
  REQUIRE_THAT(svg, Catch::Contains("<text x=\"37.2\" " + at_row_1 + "\"16.8\""));  // 12 + 3 * 8.4
  REQUIRE_THAT(svg, Catch::Contains("<text x=\"70.8\" " + at_row_1 + "\"8.4\""));
  REQUIRE_THAT(svg, Catch::Contains("<text x=\"87.6\" " + at_row_1 + "\"8.4\""));
  REQUIRE_THAT(svg, !Catch::Contains(" </text>") && !Catch::Contains("> ") && !Catch::Contains("\u00A0"));
}

TEST_CASE("keys choose a keyword, move its threshold, mute and ask") {
  LiveState state = some_state();
  state.selected = 9;
  REQUIRE(press_key(state, live_key::down) == LiveAction::none);
  REQUIRE(state.selected == 0);
  (void)press_key(state, 'k');
  REQUIRE(state.selected == 9);
  (void)press_key(state, '+');
  (void)press_key(state, live_key::right);
  REQUIRE(state.keywords[9].threshold == Approx(0.82F));
  REQUIRE(state.keywords[9].threshold_set);
  for (int i = 0; i < 200; ++i) {
    (void)press_key(state, '-');
  }
  REQUIRE(state.keywords[9].threshold == 0);
  (void)press_key(state, ' ');
  REQUIRE(state.muted);
  REQUIRE(press_key(state, 'q') == LiveAction::quit);
  REQUIRE(press_key(state, 'w') == LiveAction::write_thresholds);
  REQUIRE(press_key(state, 'm') == LiveAction::mark_miss);
  REQUIRE(press_key(state, 'f') == LiveAction::mark_false_accept);
  REQUIRE(press_key(state, 'x') == LiveAction::none);
  state.keywords.clear();
  state.selected = 0;
  (void)press_key(state, live_key::up);
  (void)press_key(state, '+');
  REQUIRE(state.selected == 0);
}
