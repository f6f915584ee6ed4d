#include "app/live/live_session.h"

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "app/audio/quiet_stderr.h"
#include "app/base/atomic_file.h"
#include "app/base/log.h"
#include "app/base/steady_seconds.h"
#include "app/events/output.h"
#include "app/live/live_view.h"
#include "app/live/screen_svg.h"
#include "app/live/terminal.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

constexpr int message_seconds = 4;

/// CPU time that `who` (RUSAGE_SELF, RUSAGE_THREAD) has used.
double cpu_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::string clock_text_of(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%H:%M:%S", &local);
  return text.data();
}

/// On a terminal, and from a microphone, input is processed in real time.
InputOptions input_of(const LiveOptions& options, bool terminal) {
  InputOptions input = options.settings.input;
  input.realtime = options.screenshot.empty() && (terminal || input.realtime);
  return input;
}

std::int64_t last_sample(const LiveOptions& options) {
  return options.at_seconds < 0 ? SoundTap::forever : std::llround(options.at_seconds * stream_rate_hz);
}

}  // namespace

LiveSession::LiveSession(const LiveOptions& options, Reload::Read read_settings)
    : options_(options),
      events_(queued_events),
      pipeline_(std::make_unique<Recognizer>(options.settings.recognition), events_),
      sound_(last_sample(options)),
      listening_(input_of(options, isatty(STDOUT_FILENO) != 0), DeviceWait::microphone, pipeline_, events_),
      controls_(pipeline_, source().live(), options.settings.recognition),
      reload_(pipeline_, controls_, options.settings, std::move(read_settings),
              [this](Recognizer& recognizer) { prepare(recognizer); }),
      actions_(
          state_, sound_, ClipFolder(options.marks, options.speaker),
          {[this](bool muted) { controls_.set_muted(muted); },
           [this](const std::string& word, float threshold) { controls_.set_threshold(word, threshold); },
           [this](std::span<const NamedThreshold> changed) {
             options_.check_thresholds(changed);
             return keep_thresholds(options_.config, changed);
           }}) {
  events_.when_full(source().live() ? EventQueue::WhenFull::drop : EventQueue::WhenFull::wait);
  pipeline_.set_observer(&sound_);
  prepare(pipeline_.recognizer());
  scores_ = std::move(next_scores_);
  state_.input = source().name();
  state_.rate_hz = source().rate_hz();
  show_models();
}

/// Gives a recognizer a tap, which shows the thresholds in force from the beginning.
void LiveSession::prepare(Recognizer& recognizer) {
  const auto models = recognizer.models();
  next_scores_ = std::make_shared<ScoreTap>(models, last_sample(options_));
  std::size_t keyword = 0;
  for (std::size_t model = 0; model < models.size(); ++model) {
    for (std::size_t label = 0; label < models[model]->labels.size(); ++label) {
      if (models[model]->labels[label].kind == LabelKind::keyword) {
        next_scores_->set_threshold(keyword++,
                                    recognizer.threshold(model, static_cast<int>(label), BranchId::full));
      }
    }
  }
  recognizer.set_observer(next_scores_);
}

void LiveSession::show_models() {
  state_.models.clear();
  for (const std::string& name : reload_.models()) {
    state_.models += (state_.models.empty() ? "" : " ") + name;
  }
  state_.branch_automatic = controls_.branch_is_automatic();
}

void LiveSession::finish_reload() {
  if (reload_.finished()) {
    scores_ = std::move(next_scores_);
    state_.keywords.clear();
    state_.selected = 0;
    meters_.restart();
    show_models();
    state_.say("reloaded: " + state_.models, false);
    spdlog::info("reloaded: {}", state_.models);
  }
}

/// Whether a signal that ends the program has arrived. A signal that requests a reload starts it.
bool LiveSession::stopped() {
  for (auto signal = stop_.next(); signal != StopSignals::Signal::none; signal = stop_.next()) {
    if (signal == StopSignals::Signal::reload && listening_.ended()) {
      spdlog::warn("the input has ended: nothing listens that could be reloaded");
    } else if (signal == StopSignals::Signal::reload) {
      reload_.start();
    } else {
      stopped_ = true;
    }
  }
  return stopped_;
}

LiveSession::~LiveSession() {
  stop();
}

void LiveSession::run() {
  if (!options_.screenshot.empty()) {
    take_screenshot();
  } else if (const std::unique_ptr<Terminal> terminal = Terminal::open()) {
    const QuietStderr quiet;  // error messages of libraries would overwrite the screen
    log_.hold();
    start();
    on_terminal(*terminal);
    stop();
  } else {
    start();
    in_lines();
  }
  stop();
  if (const auto failure = source().failure()) {
    throw *failure;
  }
}

void LiveSession::start() {
  listening_.open();
  state_.input = source().name();
  state_.rate_hz = source().rate_hz();
  listening_.begin();
}

void LiveSession::stop() noexcept {
  events_.close();  // there is no consumer any more: inference must not wait for room
  listening_.stop();
}

void LiveSession::on_terminal(Terminal& terminal) {
  const double started = now_seconds(), cpu_started = cpu_seconds(RUSAGE_THREAD);
  std::int64_t frames = 0;
  double next = started;
  while (!stopped()) {
    std::array<pollfd, 2> wait{{{terminal.descriptor(), POLLIN, 0}, {stop_.descriptor(), POLLIN, 0}}};
    poll(wait.data(), wait.size(), static_cast<int>(std::ceil(std::max(0.0, next - now_seconds()) * 1000)));
    const double now = now_seconds();
    if ((wait[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
      break;  // the terminal is closed
    }
    bool pressed = false;
    while (const auto key = terminal.key()) {
      if (!actions_.press(*key)) {
        next = -1;
        break;
      }
      pressed = true;
    }
    if (next < 0) {
      break;
    }
    if (pressed || now >= next) {
      refresh(now);
      terminal.draw(draw_live(state_, terminal.rows(), terminal.columns(), {terminal.utf8()}));
      ++frames;
      next = std::max(next + 1.0 / options_.frames_per_second, now);
    }
  }
  const double seconds = now_seconds() - started;
  spdlog::debug("screen: {} frames in {:.1f} s, {:.2f} % of one core; all of kwsd {:.2f} %", frames, seconds,
                100 * (cpu_seconds(RUSAGE_THREAD) - cpu_started) / seconds,
                100 * cpu_seconds(RUSAGE_SELF) / seconds);
}

/// Waits for an event, at most 200 ms, and passes it to `take` if it is a detection. False once the input has
/// ended and all its events are processed, or a signal ended it.
bool LiveSession::next_detection(
    const std::function<void(const DetectionEvent&, std::chrono::system_clock::time_point)>& take) {
  Event event;
  const bool ended = listening_.ended();  // first: then its last events are there
  const bool some = events_.pop(event, std::chrono::milliseconds(ended ? 0 : 200)) == EventQueue::Pop::event;
  if (some) {
    if (const auto* detection = std::get_if<DetectionEvent>(&event.body)) {
      take(*detection, event.time);
    } else if (const auto* input = std::get_if<SilentInputEvent>(&event.body)) {
      log_silent_input(*input);
    }
  }
  finish_reload();
  return (some || !ended) && !stopped();
}

/// A line per detection, for pipes, logs and dumb terminals.
void LiveSession::in_lines() {
  std::printf("listening to %s, model %s\n", state_.input.c_str(), state_.models.c_str());
  const auto print = [this](const DetectionEvent& detection, std::chrono::system_clock::time_point time) {
    on_detection(detection, time);
    state_.detections.front().clock = source().live() ? state_.detections.front().clock : "";
    std::puts(detection_line(state_.detections.front()).c_str());
  };
  while (std::fflush(stdout) == 0 && next_detection(print)) {
    govern(now_seconds());
  }
  std::printf("%lld detected\n", static_cast<long long>(state_.detection_count));
  std::fflush(stdout);
}

void LiveSession::take_screenshot() {
  meters_.update(state_, sound_, *scores_, 0);
  start();
  const auto keep = [this](const DetectionEvent& detection, std::chrono::system_clock::time_point time) {
    if (detection.detection.end_sample <= last_sample(options_)) {
      on_detection(detection, time);
      state_.detections.front().clock.clear();
    }
  };
  while (next_detection(keep)) {
  }
  meters_.update(state_, sound_, *scores_, static_cast<double>(sound_.heard()) / stream_rate_hz);
  const Screen screen = draw_live(state_, options_.rows, options_.columns);
  write_file(options_.screenshot, options_.screenshot.ends_with(".txt") ? screen.text() : screen_svg(screen));
}

void LiveSession::refresh(double now) {
  if (const std::string warning = log_.take_warning(); !warning.empty()) {
    state_.say(warning, true);
  }
  finish_reload();
  const bool ended = listening_.ended();  // first: then its last events are there
  take_events();
  state_.input = source().name();  // a device reports both once it is open
  state_.rate_hz = source().rate_hz();
  govern(now);
  measure_own_load(now);
  meters_.update(state_, sound_, *scores_, now);
  state_.overrun_seconds = static_cast<double>(listening_.buffer().overrun_samples()) /
                           std::max(1.0, static_cast<double>(state_.rate_hz));
  const bool just_ended = ended && !state_.ended;
  state_.ended = ended;
  if (just_ended || ++state_.message_frames > message_seconds * options_.frames_per_second) {
    state_.say(state_.ended ? "the input has ended (q: quit)" : "", false);
  }
}

void LiveSession::take_events() {
  Event event;
  while (events_.pop(event, std::chrono::milliseconds(0)) == EventQueue::Pop::event) {
    if (const auto* detection = std::get_if<DetectionEvent>(&event.body)) {
      on_detection(*detection, event.time);
    } else if (std::holds_alternative<DeviceLostEvent>(event.body)) {
      state_.device_lost = true;
    } else if (std::holds_alternative<DeviceRestoredEvent>(event.body)) {
      state_.device_lost = false;
    } else if (const auto* input = std::get_if<SilentInputEvent>(&event.body)) {
      log_silent_input(*input);
    }
  }
}

void LiveSession::on_detection(const DetectionEvent& event, std::chrono::system_clock::time_point time) {
  const Detection& d = event.detection;
  state_.detections.push_front({event.model->labels[static_cast<std::size_t>(d.label)].name,
                                static_cast<double>(d.end_sample) / stream_rate_hz, d.score, d.threshold,
                                d.branch, event.level_db, event.snr_db, clock_text_of(time)});
  if (state_.detections.size() > kept_detections) {
    state_.detections.pop_back();
  }
  ++state_.detection_count;
}

void LiveSession::govern(double now) {
  controls_.govern(now, listening_.buffer().backlog_seconds());
  state_.machine_load = controls_.load();
}

void LiveSession::measure_own_load(double now) {
  if (own_since_ >= 0 && now - own_since_ < 1) {
    return;
  }
  const double cpu = cpu_seconds(RUSAGE_SELF);
  if (own_since_ >= 0) {
    state_.own_load = (cpu - own_cpu_then_) / (now - own_since_);
  }
  own_since_ = now;
  own_cpu_then_ = cpu;
}

}  // namespace kwsd
