// From the source to whoever consumes the sound, and what is told of it, in which order. The microphone is
// tests/support/fake_portaudio.h.
#include "app/daemon/listening.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <string>
#include <vector>

#include "app/events/event_queue.h"
#include "tests/support/fake_portaudio.h"

using namespace kwsd;

namespace {

struct Nobody final : SoundConsumer {
  void on_restart() noexcept override {}
  void on_samples(std::span<const float>) noexcept override {}
};

std::vector<std::string> kinds(EventQueue& events) {
  std::vector<std::string> found;
  Event event;
  while (events.pop(event, std::chrono::milliseconds(0)) == EventQueue::Pop::event) {
    found.emplace_back(std::holds_alternative<DeviceLostEvent>(event.body)    ? "lost"
                       : std::holds_alternative<ReadyEvent>(event.body)       ? "ready"
                       : std::holds_alternative<SilentInputEvent>(event.body) ? "silent"
                                                                              : "other");
  }
  return found;
}

}  // namespace

TEST_CASE("listening: a microphone that is missing is told after the start, not before", "[capture]") {
  fake_portaudio::World& world = fake_portaudio::world();
  world.present = false;
  Nobody consumer;
  EventQueue events(100);
  Listening listening({}, DeviceWait::any_device, consumer, events);
  listening.open();
  REQUIRE(kinds(events).empty());
  events.post({ReadyEvent{}, {}});
  listening.begin();
  listening.stop();
  REQUIRE(kinds(events) == std::vector<std::string>{"ready", "lost"});
  world.present = true;
}

TEST_CASE("listening: an input that fails at once is an error, and nobody is told anything", "[capture]") {
  fake_portaudio::World& world = fake_portaudio::world();
  world.present = false;
  Nobody consumer;
  EventQueue events(100);
  InputOptions options;
  options.input = "no such device";
  {
    Listening listening(options, DeviceWait::microphone, consumer, events);
    REQUIRE_THROWS_AS(listening.open(), Error);
  }
  REQUIRE(kinds(events).empty());
  world.present = true;
}

TEST_CASE("listening: only zeros are told with the channel and how many there are", "[capture]") {
  Nobody consumer;
  EventQueue events(100);
  CaptureBuffer buffer(1 << 20);
  ListeningProgress progress;
  buffer.begin(16000);
  (void)buffer.push_all(std::vector<float>(5 * 16000));
  buffer.close();
  consume(buffer, consumer, progress, true, &events);
  REQUIRE(kinds(events) == std::vector<std::string>{"silent"});
  REQUIRE(progress.samples == 5 * 16000);
}
