#include "app/audio/portaudio_source.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "app/audio/machine_changes.h"
#include "app/audio/portaudio_devices.h"
#include "app/audio/portaudio_stream.h"
#include "app/audio/sound_access.h"
#include "app/base/thread_name.h"

namespace kwsd {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds tick(100);            // how often the manager looks at the callback's progress
constexpr milliseconds stalled_after(1000);  // without a callback
constexpr milliseconds silent_start(3000);   // a stream may take this long to its first callback
constexpr milliseconds first_attempt(800);   // start() waits this long for it,
constexpr milliseconds first_answer(5000);   // and this long where a missing device is an error
constexpr milliseconds farewell(400);        // stop() waits this long for the manager
constexpr milliseconds manager_hangs_after(10'000);
constexpr milliseconds sleep_worth_noting(200);

}  // namespace

/// State shared by the source and its manager. The manager holds a reference of its own: if it hangs in a
/// PortAudio call, the state remains valid.
struct PortaudioSource::Shared {
  enum class State { starting, absent, sounding };

  explicit Shared(MicrophoneOptions given) : options(std::move(given)) {}

  const MicrophoneOptions options;
  CaptureBuffer* out = nullptr;  // both: only under the mutex, while not `stopping`
  DeviceListener* listener = nullptr;
  std::thread manager;

  mutable std::mutex mutex;
  std::condition_variable changed;
  State state = State::starting;
  bool stopping = false, ended = false;
  bool said_lost = false;           // once per loss
  bool others_offered = false;      // other devices were present, but not the wanted one
  bool system_failed = false;       // the last attempt ended before there was a list of devices
  std::string device;               // last opened; empty: none yet
  std::vector<std::string> others;  // names of the devices that were present when it was opened
  std::uint32_t rate_hz = 0;
  int channels = 0;                        // of that device
  std::shared_ptr<CallbackTarget> target;  // of the stream that is open
  std::optional<Error> failure;
  Clock::time_point heartbeat = Clock::now();

  void run() noexcept;
  [[nodiscard]] std::string attempt();
  [[nodiscard]] InputDevice choose(std::vector<InputDevice> inputs);
  [[nodiscard]] std::shared_ptr<CallbackTarget> aim();
  [[nodiscard]] bool opened(const InputDevice& found, std::uint32_t rate);
  [[nodiscard]] std::string watch(const PortaudioStream& stream, const CallbackTarget& sound);
  [[nodiscard]] bool pause(milliseconds time) noexcept;
  [[nodiscard]] bool rest(RetryPlan& plan, std::int64_t cards) noexcept;
  [[nodiscard]] bool lost(std::string reason);
  void sounds();
};

/// Sleeps; false when the program is stopping.
bool PortaudioSource::Shared::pause(milliseconds time) noexcept {
  std::unique_lock lock(mutex);
  heartbeat = Clock::now();
  changed.wait_for(lock, time, [this] { return stopping; });
  heartbeat = Clock::now();
  return !stopping;
}

/// Waits until the next attempt, which a card that is added or removed brings forward; `cards`: their stamp
/// at the last attempt. False when the program is stopping.
bool PortaudioSource::Shared::rest(RetryPlan& plan, std::int64_t cards) noexcept {
  for (milliseconds left = plan.left(Clock::now()); left.count() > 0; left = plan.left(Clock::now())) {
    if (!pause(std::min(left, tick))) {
      return false;
    }
    if (sound_cards_stamp() != cards) {
      plan.begin(Clock::now());
      return true;
    }
  }
  return pause(milliseconds(0));
}

/// The device that was open before, otherwise the requested one; but never a device of the same kind that was
/// present together with it.
InputDevice PortaudioSource::Shared::choose(std::vector<InputDevice> inputs) {
  const std::vector<InputDevice> all = inputs;
  others_offered = !all.empty();
  std::erase_if(inputs, [this](const InputDevice& input) {
    return are_twins(input.name, device) &&
           std::find(others.begin(), others.end(), input.name) != others.end();
  });
  const InputDevice* found = device.empty() ? nullptr : find_again(inputs, device);
  if (found == nullptr) {
    found = find_input(options.device == "mic" ? all : inputs, options.device);
  }
  if (found != nullptr) {
    others_offered = false;
    others.clear();
    for (const InputDevice& input : all) {
      if (input.name != found->name) {
        others.push_back(input.name);
      }
    }
  }
  if (found == nullptr) {
    throw Error(ErrorKind::unavailable, "input device '" + options.device + "' not found; available: " +
                                            list_names(inputs) + " (see kwsd devices)");
  }
  return *found;
}

/// A new target for a new stream.
std::shared_ptr<CallbackTarget> PortaudioSource::Shared::aim() {
  const std::scoped_lock lock(mutex);
  target = std::make_shared<CallbackTarget>();
  target->out = out;
  return target;
}

/// Waits between open and start. False when the program is stopping.
bool PortaudioSource::Shared::opened(const InputDevice& found, std::uint32_t rate) {
  const std::scoped_lock lock(mutex);
  if (stopping) {
    return false;
  }
  device = found.name;
  rate_hz = rate;
  channels = found.channels;
  out->begin(rate);
  return true;
}

/// The first callback came.
void PortaudioSource::Shared::sounds() {
  const std::scoped_lock lock(mutex);
  if (stopping || state == State::sounding) {
    return;
  }
  state = State::sounding;
  changed.notify_all();
  spdlog::info("listening to '{}' at {} Hz", device, rate_hz);
  if (said_lost) {
    listener->device_restored(device, rate_hz);
  }
  said_lost = false;
}

/// Reports the loss once. False when another attempt is pointless.
bool PortaudioSource::Shared::lost(std::string reason) {
  if (!said_lost && state != State::sounding && !others_offered) {  // only this thread writes them
    const std::string hint = sound_access_hint();
    reason += hint.empty() ? "" : "; " + hint;
  }
  const std::scoped_lock lock(mutex);
  const bool never_opened = device.empty();
  state = State::absent;
  changed.notify_all();
  if (stopping) {
    return false;
  }
  const DeviceWait wanted = options.device != "mic" ? DeviceWait::any_device
                            : system_failed         ? DeviceWait::sound_system
                                                    : DeviceWait::microphone;
  if (never_opened && options.wait < wanted) {
    failure.emplace(ErrorKind::unavailable, reason);
    out->close();
    return false;
  }
  const std::string& name = never_opened ? options.device : device;
  if (said_lost) {
    spdlog::debug("microphone '{}': {}", name, reason);
    return true;
  }
  said_lost = true;
  spdlog::warn("microphone '{}' {}: {}; waiting for it", name, never_opened ? "not available" : "lost",
               reason);
  listener->device_lost(name, reason);
  return true;
}

/// Watches the stream until it fails; returns the reason, or nothing when the program is stopping.
std::string PortaudioSource::Shared::watch(const PortaudioStream& stream, const CallbackTarget& sound) {
  std::uint32_t beat = 0;
  milliseconds silent{0};  // observed time: while all of kwsd is stopped, no callback can arrive either
  const auto asleep = time_asleep();
  for (milliseconds look = tick / 5; pause(look); look = beat == 0 ? tick / 5 : tick) {
    silent += look;
    if (const std::uint32_t now = sound.beat.load(std::memory_order_relaxed); now != beat) {
      beat = now;
      silent = milliseconds(0);
      sounds();
    }
    if (sound.finished.load() || !stream.active()) {
      return "the stream ended";
    }
    if (time_asleep() - asleep > sleep_worth_noting) {
      return "the machine was asleep";
    }
    if (silent > (beat == 0 ? silent_start : stalled_after)) {
      return "no sound arrives";
    }
  }
  return {};
}

/// Runs one stream, from PortAudio's start to its end. Returns the reason why it ended.
std::string PortaudioSource::Shared::attempt() {
  const std::shared_ptr<CallbackTarget> sound = aim();  // outlives the stream
  system_failed = true;
  const PortaudioLibrary library;
  system_failed = false;
  const InputDevice found = choose(library.inputs());
  PortaudioStream stream(found, options.channel - 1, *sound);
  if (!opened(found, stream.rate_hz())) {
    return {};
  }
  name_thread("kwsd-capture");  // the name of the thread that PortAudio starts
  stream.start();
  name_thread("kwsd-microphone");
  const std::string reason = watch(stream, *sound);
  sound->shut();
  return reason;
}

void PortaudioSource::Shared::run() noexcept {
  RetryPlan plan(options.pauses);
  std::int64_t cards = 0;
  std::string reason;
  do {
    cards = sound_cards_stamp();
    try {
      reason = attempt();
    } catch (const std::exception& error) {
      reason = error.what();
    }
    if (state == State::sounding) {  // only this thread writes it
      plan.begin(Clock::now());
    } else {
      plan.failed(Clock::now());
    }
  } while (lost(reason) && rest(plan, cards));
  const std::scoped_lock lock(mutex);
  ended = true;
  changed.notify_all();
}

PortaudioSource::PortaudioSource(MicrophoneOptions options)
    : shared_(std::make_shared<Shared>(std::move(options))) {
  setenv("JACK_NO_START_SERVER", "1", 0);  // looking for devices must not start a sound server
}

PortaudioSource::~PortaudioSource() {
  stop();
}

std::string PortaudioSource::name() const {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->device.empty() ? shared_->options.device : shared_->device;
}

std::uint32_t PortaudioSource::rate_hz() const {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->rate_hz;
}

int PortaudioSource::channels() const {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->channels;
}

bool PortaudioSource::waiting() const noexcept {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->state != Shared::State::sounding && !shared_->ended &&
         Clock::now() - shared_->heartbeat < manager_hangs_after;
}

std::optional<Error> PortaudioSource::failure() const {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->failure;
}

void PortaudioSource::start(CaptureBuffer& out, DeviceListener& listener) {
  shared_->out = &out;
  shared_->listener = &listener;
  shared_->manager = std::thread([shared = shared_] {
    name_thread("kwsd-microphone");
    shared->run();
  });
  std::unique_lock lock(shared_->mutex);
  const bool may_fail = shared_->options.device != "mic" && shared_->options.wait != DeviceWait::any_device;
  shared_->changed.wait_for(lock, may_fail ? first_answer : first_attempt,
                            [this] { return shared_->state != Shared::State::starting; });
}

void PortaudioSource::stop() noexcept {
  std::unique_lock lock(shared_->mutex);
  if (!shared_->manager.joinable()) {
    return;
  }
  shared_->stopping = true;
  shared_->changed.notify_all();
  const bool ended = shared_->changed.wait_for(lock, farewell, [this] { return shared_->ended; });
  if (shared_->target) {
    shared_->target->shut();
  }
  lock.unlock();
  shared_->out->close();
  if (ended) {
    shared_->manager.join();
    return;
  }
  spdlog::warn("audio system not responding; exiting without closing it");
  shared_->manager.detach();
}

}  // namespace kwsd
