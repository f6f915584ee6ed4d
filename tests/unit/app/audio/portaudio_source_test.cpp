// The microphone against a PortAudio whose devices vanish, stall and hang (support/fake_portaudio.h).
// Waits are for a condition, with a limit that only a defect reaches.
#include "app/audio/portaudio_source.h"
#include "app/events/event_queue.h"

#include "app/audio/alsa_names.h"
#include "app/audio/library_output.h"
#include "app/audio/portaudio_devices.h"
#include "app/audio/sound_access.h"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <sstream>
#include <thread>
#include <vector>

#include "tests/support/fake_portaudio.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using kwsd::CaptureBuffer;
using kwsd::fake_portaudio::world;

/// A source with its buffer, events, and a reader that counts.
class Rig {
 public:
  explicit Rig(kwsd::MicrophoneOptions options) : source(std::move(options)) {
    auto& w = world();
    w.present = w.delivering = true;
    w.hang_in_abort = w.ends = w.overflow = false;
    w.only_rate = 16000;
    w.refusals = 0;
    w.device_channels = 1;
    w.attempts = 0;
  }
  ~Rig() { source.stop(); }

  void start() { source.start(buffer, events); }

  /// Reads sound until `done`, at most 20 s.
  bool until(const std::function<bool()>& done) {
    const auto limit = Clock::now() + 20s;
    while (!done() && Clock::now() < limit) {
      std::vector<float> out(512);
      const auto read = buffer.read(out, 5ms);
      if (read.kind == CaptureBuffer::ReadKind::samples) {
        samples += read.samples;
        last = out[0];
      }
      restarts += read.kind == CaptureBuffer::ReadKind::restarted ? 1 : 0;
      rate_hz = read.kind == CaptureBuffer::ReadKind::restarted ? read.resampler->rate_hz() : rate_hz;
      closed = closed || read.kind == CaptureBuffer::ReadKind::closed;
      take_events();
    }
    return done();
  }
  /// Sound came after this call.
  bool hears() {
    const std::size_t before = samples + 2000;
    return until([&] { return samples > before; });
  }

  CaptureBuffer buffer{48000};
  kwsd::EventQueue events{64, kwsd::EventQueue::WhenFull::drop};
  std::size_t samples = 0;
  int restarts = 0, lost = 0, restored = 0;
  std::uint32_t rate_hz = 0;
  float last = 0;
  bool closed = false;
  std::string reason;
  kwsd::PortaudioSource source;  // last: its threads end first

 private:
  void take_events() {
    kwsd::Event event;
    while (events.pop(event, 0ms) == kwsd::EventQueue::Pop::event) {
      if (const auto* gone = std::get_if<kwsd::DeviceLostEvent>(&event.body)) {
        ++lost;
        reason = gone->reason;
      }
      restored += std::holds_alternative<kwsd::DeviceRestoredEvent>(event.body) ? 1 : 0;
    }
  }
};

}  // namespace

TEST_CASE("microphone: sound arrives, overflows count", "[capture]") {
  Rig rig({});
  rig.start();
  REQUIRE(rig.hears());
  CHECK(rig.rate_hz == 16000);
  CHECK(rig.last == 0.125F);
  CHECK(rig.source.name() == "fake: USB microphone");
  CHECK_FALSE(rig.source.waiting());
  const auto before = rig.buffer.overrun_samples();
  world().overflow = true;
  CHECK(rig.until([&] { return rig.buffer.overrun_samples() == before + 160; }));
  rig.source.stop();
  CHECK(world().initialized == 0);
}

TEST_CASE("microphone: one channel of a stereo device is picked, never the mean", "[capture]") {
  for (const int channel : {1, 2}) {
    Rig rig({"mic", channel});
    world().device_channels = 2;
    world().only_rate = 44100;
    rig.start();
    REQUIRE(rig.hears());
    CHECK(world().opened_channels == 2);
    CHECK(rig.last == static_cast<float>(channel) / 8.0F);
    CHECK(rig.rate_hz == 44100);
  }
}

TEST_CASE("microphone: unplugged and plugged in again, at another rate", "[capture]") {
  Rig rig({});
  rig.start();
  REQUIRE(rig.hears());
  for (int round = 1; round <= 3; ++round) {
    world().present = false;
    world().ends = true;
    REQUIRE(rig.until([&] { return rig.lost == round; }));
    CHECK(rig.source.waiting());
    const int attempts = world().attempts;
    REQUIRE(rig.until([&] { return world().attempts >= attempts + 2; }));  // it tries and says nothing
    CHECK(rig.lost == round);
    world().only_rate = round % 2 == 1 ? 48000 : 16000;
    world().ends = false;
    world().present = true;
    REQUIRE(rig.until([&] { return rig.restored == round; }));
    REQUIRE(rig.hears());
    CHECK(rig.rate_hz == static_cast<std::uint32_t>(world().only_rate));
  }
  CHECK(rig.lost == 3);
}

TEST_CASE("microphone: one that becomes ready while it is opened is heard at 16 kHz", "[capture]") {
  for (const int refusals :
       {1, 2, 6, 7, 20}) {  // seven rates are tried; a device that refuses all is tried again later
    CAPTURE(refusals);
    Rig rig({});
    world().only_rate = 0;
    world().refusals = refusals;
    rig.start();
    REQUIRE(rig.hears());
    CHECK(rig.rate_hz == 16000);
  }
}

TEST_CASE("microphone: one that has no other rate is heard at that, also where it came late", "[capture]") {
  Rig rig({});
  world().only_rate = 8000;
  world().refusals = 3;
  rig.start();
  REQUIRE(rig.hears());
  CHECK(rig.rate_hz == 8000);
}

TEST_CASE("microphone: a device that stays active without callbacks is lost", "[capture]") {
  Rig rig({});
  rig.start();
  REQUIRE(rig.hears());
  world().delivering = false;
  REQUIRE(rig.until([&] { return rig.lost == 1; }));
  CHECK(rig.reason == "no sound arrives");
  world().delivering = true;
  REQUIRE(rig.until([&] { return rig.restored == 1; }));
  CHECK(rig.hears());
}

TEST_CASE("microphone: opened anew after the machine slept", "[capture]") {
  Rig rig({});
  rig.start();
  REQUIRE(rig.hears());
  const int attempts = world().attempts;
  world().slept_seconds += 3600;  // sound goes on as if nothing had happened
  REQUIRE(rig.until([&] { return rig.restored == 1; }));
  CHECK(rig.reason == "the machine was asleep");
  CHECK(rig.lost == 1);
  CHECK(rig.restarts == 2);
  CHECK(world().attempts == attempts + 1);
  CHECK(rig.hears());
}

TEST_CASE("microphone: pauses between attempts grow, and begin anew when a card comes", "[capture]") {
  const kwsd::RetryPlan::Clock::time_point start{};
  kwsd::RetryPlan plan({});
  plan.begin(start);
  CHECK(plan.left(start) == 100ms);
  CHECK(plan.left(start + 100ms) == 0ms);
  std::vector<std::chrono::milliseconds> pauses;
  auto now = start + 100ms;
  for (; now < start + 90s; now += plan.left(now)) {
    plan.failed(now);
    pauses.push_back(plan.left(now));
  }
  const std::vector<std::chrono::milliseconds> first(pauses.begin(), pauses.begin() + 4);
  CHECK(first == std::vector<std::chrono::milliseconds>{100ms, 200ms, 400ms, 400ms});
  CHECK(std::is_sorted(pauses.begin(), pauses.end()));
  CHECK(pauses.back() == 1000ms);
  plan.begin(now);
  plan.failed(now);
  CHECK(plan.left(now) == 100ms);
}

TEST_CASE("microphone: a card that comes is tried at once, whatever the pause", "[capture]") {
  Rig rig({"mic", 1, kwsd::DeviceWait::microphone, {1h, 1h, 1h, 1h}});
  world().present = false;
  rig.start();
  REQUIRE(rig.until([&] { return rig.lost == 1; }));
  world().present = true;
  ++world().cards;
  REQUIRE(rig.until([&] { return rig.restored == 1; }));
}

TEST_CASE("microphone: starts without one and waits for it", "[capture]") {
  Rig rig({});
  world().present = false;
  rig.start();
  REQUIRE(rig.until([&] { return rig.lost == 1; }));
  CHECK(rig.source.waiting());
  world().present = true;
  REQUIRE(rig.until([&] { return rig.restored == 1; }));
  CHECK(rig.hears());
}

TEST_CASE("microphone: a named device that is not there is an error unless it is waited for", "[capture]") {
  {
    Rig rig({"nosuch", 1});
    rig.start();
    REQUIRE(rig.until([&] { return rig.closed; }));
    REQUIRE(rig.source.failure().has_value());
    CHECK(rig.source.failure()->exit_code() == 69);
    CHECK_THAT(  // what follows depends on who holds the machine's sound cards
        rig.source.failure()->what(),
        Catch::StartsWith(
            "input device 'nosuch' not found; available: 'fake: USB microphone' (see kwsd devices)"));
  }
  Rig rig({"usb", 1, kwsd::DeviceWait::any_device});
  world().present = false;
  rig.start();
  REQUIRE(rig.until([&] { return rig.lost == 1; }));
  world().present = true;
  CHECK(rig.until([&] { return rig.restored == 1; }));
}

TEST_CASE("microphone: stop returns although PortAudio hangs", "[capture]") {
  {
    Rig rig({});
    rig.start();
    REQUIRE(rig.hears());
    world().hang_in_abort = true;
    rig.source.stop();
    CHECK(world().initialized == 1);  // it still hangs
    CHECK(rig.until([&] { return rig.closed; }));
  }
  // The callback still runs: the buffer is gone, and it must not touch it (AddressSanitizer looks on).
  std::this_thread::sleep_for(20ms);
  world().hang_in_abort = false;
  const auto limit = Clock::now() + 20s;
  while (world().initialized != 0 && Clock::now() < limit) {
    std::this_thread::sleep_for(1ms);
  }
  CHECK(world().initialized == 0);
}

TEST_CASE("microphones are found by index, name and part of the name", "[capture]") {
  const std::vector<kwsd::InputDevice> inputs{{3, "HDA: Analog", "ALSA", 2, 48000, false},
                                              {5, "USB PnP: Audio (hw:1,0)", "ALSA", 1, 44100, true},
                                              {7, "usb", "ALSA", 1, 44100, false}};
  const auto index_of = [&](const std::string& wanted) {
    const kwsd::InputDevice* found = kwsd::find_input(inputs, wanted);
    return found == nullptr ? -1 : found->index;
  };
  CHECK(index_of("mic") == 5);
  CHECK(index_of("3") == 3);
  CHECK(index_of("4") == -1);
  CHECK(index_of("usb") == 7);  // the whole name before a part
  CHECK(index_of("USB") == 5);
  CHECK(index_of("analog") == 3);
  CHECK(index_of("nosuch") == -1);
  CHECK(kwsd::find_input({}, "mic") == nullptr);
  const auto again = [&](const std::string& name) {
    const kwsd::InputDevice* found = kwsd::find_again(inputs, name);
    return found == nullptr ? -1 : found->index;
  };
  CHECK(again("usb") == 7);
  CHECK(again("USB PnP: Audio (hw:1,0)") == 5);
  CHECK(again("USB PnP: Audio (hw:23,0)") == 5);  // plugged in again as another card
  CHECK(again("USB PnP: Audio (hw:1,1)") == -1);
  CHECK(again("HDA") == -1);
  CHECK(again("") == -1);
  CHECK(kwsd::list_names(inputs) == "'HDA: Analog', 'USB PnP: Audio (hw:1,0)' and 'usb'");
}

TEST_CASE("microphones are found by the names that ALSA gives them", "[capture]") {
  using kwsd::alsa_address;
  using kwsd::AlsaAddress;
  const kwsd::test::TemporaryFolder cards;
  std::filesystem::create_directory_symlink("card2", cards.path() / "Device");
  CHECK(alsa_address("plughw:2,0") == AlsaAddress{2, 0});
  CHECK(alsa_address("hw:1") == AlsaAddress{1, 0});
  CHECK(alsa_address("hw:1,3,0") == AlsaAddress{1, 3});
  CHECK(alsa_address("hw:CARD=Device,DEV=1", cards.path()) == AlsaAddress{2, 1});
  CHECK(alsa_address("sysdefault:CARD=Device", cards.path()) == AlsaAddress{2, 0});
  CHECK(alsa_address("plughw:Device", cards.path()) == AlsaAddress{2, 0});
  for (const char* text :
       {"hw:", "hw:x", "hw:-1", "hw:1,x", "hw:CARD=../..", "mic", "pulse", "hw:CARD=Other", ""}) {
    CAPTURE(text);
    CHECK(!alsa_address(text, cards.path()));
  }
  CHECK(kwsd::portaudio_address("A/V 2.0: Audio (hw:3,1)") == AlsaAddress{3, 1});
  CHECK(!kwsd::portaudio_address("pulse"));
  CHECK(kwsd::is_device_name("A/V 2.0: Audio (hw:3,1)"));
  CHECK(!kwsd::is_device_name("a/b.wav"));
  const std::vector<kwsd::InputDevice> inputs{{0, "default", "ALSA", 1, 16000, true},
                                              {1, "USB: Audio (hw:1,0)", "ALSA", 1, 16000, false},
                                              {2, "USB: Audio (hw:2,0)", "ALSA", 1, 16000, false}};
  CHECK(kwsd::find_input(inputs, "plughw:2,0")->index == 2);
  CHECK(kwsd::find_input(inputs, "hw:CARD=1,DEV=0")->index == 1);
  CHECK(kwsd::find_input(inputs, "hw:3,0") == nullptr);
}

TEST_CASE("microphone: the one of two of a kind that is lost is not replaced by the other", "[capture]") {
  Rig rig({"USB: Audio (hw:2,0)"});
  world().set_names({"USB: Audio (hw:1,0)", "USB: Audio (hw:2,0)"});
  rig.start();
  REQUIRE(rig.hears());
  REQUIRE(rig.source.name() == "USB: Audio (hw:2,0)");
  world().set_names({"USB: Audio (hw:1,0)"});
  world().ends = true;
  REQUIRE(rig.until([&] { return rig.lost == 1; }));
  world().ends = false;
  const int attempts = world().attempts;
  REQUIRE(rig.until([&] { return world().attempts > attempts + 2; }));
  REQUIRE(rig.restored == 0);
  world().set_names({"USB: Audio (hw:1,0)", "USB: Audio (hw:3,0)"});  // it comes back as another card
  REQUIRE(rig.until([&] { return rig.restored == 1; }));
  REQUIRE(rig.source.name() == "USB: Audio (hw:3,0)");
  world().set_names({"fake: USB microphone"});
}

TEST_CASE("sound system: an assertion that fails in a library is an error, not the end", "[capture]") {
  world().assertion = true;
  REQUIRE_THROWS_WITH(kwsd::PortaudioLibrary(), Catch::Contains("assertion 'sound' at"));
  world().assertion = false;
  kwsd::PortaudioLibrary works;
}

TEST_CASE("sound system: ALSA's own line says why, everything it prints is in the log", "[capture]") {
  auto lines = std::make_shared<std::ostringstream>();
  const auto before = spdlog::default_logger();
  auto logger =
      std::make_shared<spdlog::logger>("kwsd", std::make_shared<spdlog::sinks::ostream_sink_mt>(*lines));
  logger->set_level(spdlog::level::debug);
  spdlog::set_default_logger(logger);
  std::string reason;
  {
    kwsd::LibraryOutput output;
    std::fputs("JACK server is not running\nALSA lib conf.c:1:(x) Unknown PCM foo\n\nlast words", stderr);
    reason = output.reason();
    kwsd::LibraryOutput silent;
    CHECK(silent.reason().empty());
  }
  spdlog::set_default_logger(before);
  CHECK(reason == ": ALSA lib conf.c:1:(x) Unknown PCM foo");
  CHECK_THAT(lines->str(), Catch::Contains("JACK server is not running") && Catch::Contains("last words"));
}

TEST_CASE("sound system: a configuration of ALSA that cannot be read is named", "[capture]") {
  const char* before = std::getenv("ALSA_CONFIG_PATH");
  const std::string kept = before == nullptr ? "" : before;
  setenv("ALSA_CONFIG_PATH", "/nonexistent/alsa.conf", 1);
  CHECK_THROWS_WITH(kwsd::PortaudioLibrary(),
                    Catch::Contains("/nonexistent/alsa.conf cannot be read: No such file"));
  setenv("ALSA_CONFIG_PATH", "/", 1);
  CHECK(kwsd::alsa_configuration_fault() == "ALSA's configuration file / cannot be read: Is a directory");
  setenv("ALSA_CONFIG_PATH", "/nonexistent/alsa.conf:/dev/null", 1);
  CHECK(kwsd::alsa_configuration_fault().empty());
  kept.empty() ? unsetenv("ALSA_CONFIG_PATH") : setenv("ALSA_CONFIG_PATH", kept.c_str(), 1);
}

TEST_CASE("sound system: who keeps the user from the cards is said", "[capture]") {
  const kwsd::test::TemporaryFolder root;
  CHECK(kwsd::sound_access_hint(root.path()).empty());
  root.write("proc/12/comm", "pipewire\n");
  root.write("proc/self/comm", "pipewire\n");
  root.write("dev/snd/pcmC1D0c", "");
  root.write("dev/snd/pcmC1D0p", "");
  std::filesystem::permissions(root.path() / "dev/snd/pcmC1D0c", std::filesystem::perms::none);
  const std::string hint = kwsd::sound_access_hint(root.path());
  if (geteuid() == 0) {  // who may open everything, and owns that process
    CHECK(hint.empty());
    if (chown((root.path() / "proc/12").c_str(), 65534, 65534) == 0) {
      CHECK_THAT(kwsd::sound_access_hint(root.path()), Catch::Contains("PipeWire of the user"));
    }
  } else {
    CHECK_THAT(hint, Catch::Contains("pcmC1D0c may not be opened") && Catch::Contains("to the group '"));
  }
}
