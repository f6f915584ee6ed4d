// The lines that kwsd writes, to the letter.
#include <catch2/catch.hpp>

#include "app/events/event_queue.h"
#include "app/events/event_sink.h"

using namespace kwsd;

namespace {

/// 2026-11-22T20:44:01.120Z
constexpr std::chrono::system_clock::time_point when{std::chrono::milliseconds(1795380241120)};

DetectionEvent stop_detected() {
  Model model;
  model.name = "commands";
  model.labels = {{"go", LabelKind::keyword}, {"stop", LabelKind::keyword}};
  return {std::make_shared<const Model>(model),
          {1, 0.97F, 0.8F, 197120, 204960, BranchId::full},
          7,
          -26.34F,
          31.28F};
}

std::string json(const Event& event) {
  return format_event(event, {.text = false, .wall_clock = true});
}

}  // namespace

TEST_CASE("a detection in JSON is the line of the documentation") {
  CHECK(
      json({stop_detected(), when}) ==
      R"({"event":"detection","keyword":"stop","score":0.97,"threshold":0.8,"start":12.32,"end":12.81,)"
      R"("level":-26.3,"snr":31.3,"time":"2026-11-22T20:44:01.120Z","seq":7,"branch":"full","model":"commands"})"
      "\n");
}

TEST_CASE("without the wall clock no line carries a time") {
  const EventFormat format{.text = false, .wall_clock = false};
  for (const Event& event :
       {Event{stop_detected(), when}, Event{StatusEvent{}, when}, Event{EndEvent{}, when}}) {
    CHECK(format_event(event, format).find("\"time\"") == std::string::npos);
    CHECK(json(event).find("\"time\":\"2026-11-22T20:44:01.120Z\"") != std::string::npos);
  }
}

TEST_CASE("text is the bare keyword, and nothing for other events") {
  const EventFormat format{.text = true, .wall_clock = true};
  CHECK(format_event({stop_detected(), when}, format) == "stop\n");
  for (const Event& event : {Event{ReadyEvent{}, when}, Event{StatusEvent{}, when}, Event{EndEvent{}, when},
                             Event{BranchChangedEvent{}, when}, Event{DeviceLostEvent{}, when}}) {
    CHECK(format_event(event, format).empty());
  }
}

TEST_CASE("status counts, and says its load where there is one") {
  StatusEvent status;
  status.sample = 24000;
  status.branch = BranchId::half;
  status.windows = 5;
  status.detections = 2;
  status.branch_changes = 1;
  status.overrun_samples = 480;
  status.dropped = 3;
  status.level_db = -41.26;
  const EventFormat format{.text = false, .wall_clock = false};
  CHECK(format_event({status, when}, format) ==
        R"({"event":"status","seconds":1.5,"branch":"half","windows":5,"detections":2,"branch_changes":1,)"
        R"("overruns":480,"dropped":3,"level":-41.3})"
        "\n");
  status.load = 0.25;
  CHECK(format_event({status, when}, format).find(R"("seconds":1.5,"load":0.25,)") != std::string::npos);
}

TEST_CASE("status says how often a second stage was asked, and how long that took where time counts") {
  StatusEvent status;
  status.second_stage = SecondStageCounts{.openings = 3, .windows = 7, .seconds = 0.01234};
  const EventFormat format{.text = false, .wall_clock = false};
  CHECK(format_event({status, when}, format)
            .find(R"("windows":0,"second_stage":{"openings":3,"windows":7},)") != std::string::npos);
  status.load = 0.25;
  CHECK(format_event({status, when}, format)
            .find(R"("second_stage":{"openings":3,"windows":7,"seconds":0.012},)") != std::string::npos);
}

TEST_CASE("names from outside cannot break a line") {
  const std::string line = json({DeviceLostEvent{"Mic \"A\"\n\xff", "gone"}, when});
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(line.find(R"("device":"Mic \"A\"\n)") != std::string::npos);
  CHECK(line.find('\xff') == std::string::npos);
}

TEST_CASE("an event and its copy bear the same time") {
  EventQueue copies(4, EventQueue::WhenFull::drop);
  EventQueue events(4, EventQueue::WhenFull::drop);
  events.copy_to(copies);
  CHECK(events.post({StatusEvent{}}));
  Event event, copy;
  CHECK(events.pop(event, std::chrono::milliseconds(0)) == EventQueue::Pop::event);
  CHECK(copies.pop(copy, std::chrono::milliseconds(0)) == EventQueue::Pop::event);
  CHECK(event.time == copy.time);
  CHECK(event.time.time_since_epoch().count() > 0);
}

TEST_CASE("who must not wait for room is told that there is none, and nothing counts as lost") {
  EventQueue copies(4, EventQueue::WhenFull::drop);
  EventQueue events(1, EventQueue::WhenFull::wait);
  events.copy_to(copies);
  CHECK(events.post({StatusEvent{}}));
  CHECK_FALSE(events.post_if_room({ReloadedEvent{{"a"}}}));
  CHECK(events.dropped() == 0);
  Event event;
  CHECK(events.pop(event, std::chrono::milliseconds(0)) == EventQueue::Pop::event);
  CHECK(events.post_if_room({ReloadedEvent{{"a"}}}));
  CHECK(copies.pop(event, std::chrono::milliseconds(0)) == EventQueue::Pop::event);
  CHECK(copies.pop(event, std::chrono::milliseconds(0)) == EventQueue::Pop::event);
  CHECK(std::holds_alternative<ReloadedEvent>(event.body));
  CHECK(copies.pop(event, std::chrono::milliseconds(0)) == EventQueue::Pop::timeout);
}
