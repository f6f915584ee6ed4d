#include "app/live/live_session.h"

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "app/audio/open_input.h"
#include "app/audio/quiet_stderr.h"
#include "app/base/atomic_file.h"
#include "app/base/log.h"
#include "app/base/steady_seconds.h"
#include "app/live/live_view.h"
#include "app/live/screen_svg.h"
#include "app/live/terminal.h"
#include "app/settings/config.h"
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

/// A terminal is watched at the pace of life; so is a microphone.
InputOptions input_of(const LiveOptions& options, bool terminal) {
  InputOptions input = options.input;
  input.realtime = options.screenshot.empty() && (terminal || input.realtime);
  return input;
}

std::int64_t last_sample(const LiveOptions& options) {
  return options.at_seconds < 0 ? LiveTap::forever : std::llround(options.at_seconds * stream_rate_hz);
}

}  // namespace

LiveSession::LiveSession(const LiveOptions& options)
    : options_(options),
      pipeline_(std::make_unique<Recognizer>(options.recognition)),
      tap_(pipeline_.recognizer().models(), last_sample(options)),
      source_(open_input(input_of(options, isatty(STDOUT_FILENO) != 0), false)),
      buffer_(live_buffer_samples),
      events_(queued_events, source_->live() ? EventQueue::WhenFull::drop : EventQueue::WhenFull::wait),
      actions_(state_, tap_, ClipFolder(options.marks, options.speaker),
               [config = options.config] { return preferred_config_file(config); }) {
  pipeline_.set_branch(fixed_branch(options.recognition.branch).value_or(BranchId::full), -1);
  pipeline_.set_observer(&tap_);
  for (const std::string& name : pipeline_.recognizer().model_names()) {
    state_.models += (state_.models.empty() ? "" : " ") + name;
  }
  state_.input = source_->name();
  state_.rate_hz = source_->rate_hz();
  state_.branch_automatic = source_->live() && !fixed_branch(options.recognition.branch);
}

LiveSession::~LiveSession() {
  stop();
}

void LiveSession::run() {
  if (!options_.screenshot.empty()) {
    take_screenshot();
  } else if (const std::unique_ptr<Terminal> terminal = Terminal::open()) {
    const QuietStderr quiet;  // libraries that complain there would write across the screen
    log_.hold();
    start();
    on_terminal(*terminal);
    stop();
  } else {
    start();
    in_lines();
  }
  stop();
  if (const auto failure = source_->failure()) {
    throw *failure;
  }
}

void LiveSession::start() {
  source_->start(buffer_, events_);
  state_.rate_hz = source_->rate_hz();
  inference_ = std::thread([this] {
    pipeline_.run(buffer_, events_);
    events_.close();
    inference_ended_ = true;
  });
}

void LiveSession::stop() noexcept {
  if (inference_.joinable()) {
    events_.close();  // nobody takes any more: inference must not wait for room
    source_->stop();
    inference_.join();
  }
}

void LiveSession::on_terminal(Terminal& terminal) {
  const double started = now_seconds(), cpu_started = cpu_seconds(RUSAGE_THREAD);
  std::int64_t frames = 0;
  double next = started;
  while (!stop_.arrived()) {
    std::array<pollfd, 2> wait{{{terminal.descriptor(), POLLIN, 0}, {stop_.descriptor(), POLLIN, 0}}};
    poll(wait.data(), wait.size(), static_cast<int>(std::ceil(std::max(0.0, next - now_seconds()) * 1000)));
    const double now = now_seconds();
    if ((wait[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
      break;  // the terminal is gone
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

/// Waits for an event, at most 200 ms, and hands it to `take` when it is a detection. False once the input or
/// a signal ended it.
bool LiveSession::next_detection(
    const std::function<void(const DetectionEvent&, std::chrono::system_clock::time_point)>& take) {
  Event event;
  const EventQueue::Pop popped = events_.pop(event, std::chrono::milliseconds(200));
  if (popped == EventQueue::Pop::event) {
    if (const auto* detection = std::get_if<DetectionEvent>(&event.body)) {
      take(*detection, event.time);
    }
  }
  return popped != EventQueue::Pop::closed && !stop_.arrived();
}

/// A line per detection, for pipes, logs and dumb terminals.
void LiveSession::in_lines() {
  std::printf("listening to %s, model %s\n", state_.input.c_str(), state_.models.c_str());
  const auto print = [this](const DetectionEvent& detection, std::chrono::system_clock::time_point time) {
    on_detection(detection, time);
    state_.detections.front().clock = source_->live() ? state_.detections.front().clock : "";
    std::puts(detection_line(state_.detections.front()).c_str());
  };
  while (std::fflush(stdout) == 0 && next_detection(print)) {
    govern(now_seconds());
  }
  std::printf("%lld heard\n", static_cast<long long>(state_.detection_count));
  std::fflush(stdout);
}

void LiveSession::take_screenshot() {
  meters_.update(state_, tap_, 0);
  start();
  const auto keep = [this](const DetectionEvent& detection, std::chrono::system_clock::time_point time) {
    if (detection.detection.end_sample <= last_sample(options_)) {
      on_detection(detection, time);
      state_.detections.front().clock.clear();
    }
  };
  while (next_detection(keep)) {
  }
  meters_.update(state_, tap_, static_cast<double>(tap_.heard()) / stream_rate_hz);
  const Screen screen = draw_live(state_, options_.rows, options_.columns);
  write_file(options_.screenshot, options_.screenshot.ends_with(".txt") ? screen.text() : screen_svg(screen));
}

void LiveSession::refresh(double now) {
  if (const std::string warning = log_.take_warning(); !warning.empty()) {
    state_.say(warning, true);
  }
  const bool ended = inference_ended_;  // first: then its last events are there
  take_events();
  state_.input = source_->name();  // a device tells both once it is open
  state_.rate_hz = source_->rate_hz();
  govern(now);
  measure_own_load(now);
  meters_.update(state_, tap_, now);
  state_.overrun_seconds =
      static_cast<double>(buffer_.overrun_samples()) / std::max(1.0, static_cast<double>(state_.rate_hz));
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
    }
  }
}

void LiveSession::on_detection(const DetectionEvent& event, std::chrono::system_clock::time_point time) {
  const Detection& d = event.detection;
  state_.detections.push_front({event.model->labels[static_cast<std::size_t>(d.label)].name,
                                static_cast<double>(d.end_sample) / stream_rate_hz, d.score, d.threshold,
                                d.branch, clock_text_of(time)});
  if (state_.detections.size() > kept_detections) {
    state_.detections.pop_back();
  }
  ++state_.detection_count;
}

/// Ten times a second, however often keys draw the screen.
void LiveSession::govern(double now) {
  if (!source_->live() || now - governed_seconds_ < 0.1) {
    return;
  }
  governed_seconds_ = now;
  const BranchId branch = governor_.update(now, load_.sample(now), buffer_.backlog_seconds());
  state_.machine_load = governor_.load();
  if (state_.branch_automatic) {
    pipeline_.set_branch(branch, governor_.load());
  }
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
