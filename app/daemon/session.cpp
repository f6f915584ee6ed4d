#include "app/daemon/session.h"

#include <unistd.h>

#include <cstring>

#include "app/base/log.h"
#include "app/base/steady_seconds.h"
#include "app/base/stop_signals.h"
#include "app/settings/settings.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

constexpr timespec signal_wait{0, 100'000'000};
constexpr double status_seconds = 10;  // between two that differ only in the load

/// With a terminal, SIGHUP means that it is closed; otherwise it requests a reload.
bool asks_for_reload(int signal) {
  return signal == SIGHUP && isatty(STDOUT_FILENO) == 0;
}

RunOptions with_log(RunOptions options) {
  set_up_log(options.log_level);
  return options;
}

EventFormat format_of(const OutputOptions& options) {
  return {options.text, !options.no_wall_clock};
}

/// The socket that the service manager passed (-1: none), otherwise `path` (empty: none) of the setting.
std::unique_ptr<UnixListener> listener_at(int given, const std::string& path, const std::string& setting) {
  if (given >= 0) {
    return std::make_unique<UnixListener>(given);
  }
  return path.empty() ? nullptr : std::make_unique<UnixListener>(path, setting);
}

}  // namespace

Session::Session(const Reload::Read& read_options)
    : options_(with_log(read_options())),
      signals_(block_signals({SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2})),
      events_(queued_events),
      pipeline_(std::make_unique<Recognizer>(options_.recognition), events_),
      listening_(options_.input, service_.present() ? DeviceWait::any_device : DeviceWait::sound_system,
                 pipeline_, events_),
      controls_(pipeline_, source().live(), options_.recognition),
      reload_(pipeline_, controls_, options_, read_options),
      stdout_(STDOUT_FILENO, format_of(options_.output)) {
  events_.when_full(source().live() ? EventQueue::WhenFull::drop : EventQueue::WhenFull::wait);
  pipeline_.set_status_interval(options_.output.status_interval_seconds);
  keep_clips();
  if (!options_.output.exec.empty()) {
    commands_ = std::make_unique<CommandRunner>(
        options_.output.exec, !options_.output.no_wall_clock,
        source().live() ? EventQueue::WhenFull::drop : EventQueue::WhenFull::wait);
    events_.copy_to(commands_->inbox());
  }
  serve_sockets();
  const Kernels& kernels = pipeline_.recognizer().kernels();
  spdlog::info("kernels: {} ({})", kernels.name, kernels.description);
}

Session::~Session() = default;

void Session::keep_clips() {
  const OutputOptions& output = options_.output;
  const auto writer_to = [&](const std::string& folder) -> std::unique_ptr<ClipWriter> {
    if (folder.empty()) {
      return nullptr;
    }
    return std::make_unique<ClipWriter>(
        folder, output.max_clips,
        source().live() ? ClipWriter::WhenBehind::drop : ClipWriter::WhenBehind::wait);
  };
  clips_ = writer_to(output.clips_dir);
  near_misses_ = writer_to(output.near_misses_dir);
  std::error_code ignored;
  if (clips_ && near_misses_ &&
      std::filesystem::equivalent(output.clips_dir, output.near_misses_dir, ignored)) {
    throw Error(ErrorKind::usage, "--save-near-misses: found the folder of --save-clips, expected another");
  }
  pipeline_.set_clip_writers(clips_.get(), near_misses_.get());
}

/// Starts the sockets for events and control.
void Session::serve_sockets() {
  const std::scoped_lock lock(mutex_);  // a request may arrive as soon as there is a socket
  const ServiceManager::Sockets given = ServiceManager::take_sockets();
  if (auto listener = listener_at(given.events, options_.output.socket, "--socket")) {
    socket_ = std::make_unique<SocketServer>(std::move(listener), format_of(options_.output));
    events_.copy_to(socket_->inbox());
  }
  if (auto listener = listener_at(given.control, options_.output.control, "--control")) {
    requests_ = std::make_unique<ControlRequests>(ControlTarget{
        mutex_, pipeline_, controls_, reload_,
        [this] {
          return ControlTarget::Input{source().name(), source().waiting()};
        },
        [this] { return std::pair(socket_ ? socket_->clients() : 0, control_ ? control_->clients() : 0); }});
    const EventFormat json{false, !options_.output.no_wall_clock};
    control_ = std::make_unique<SocketServer>(std::move(listener), json, requests_.get());
    events_.copy_to(control_->inbox());
  }
}

void Session::run() {
  listening_.open();
  {
    const Output output(events_, stdout_);
    announce();
    listening_.begin();
    watch(output);
    service_.stopping();
    stdout_.interrupt();
    listening_.stop();
    if (source().failure()) {
      reason_ = EndReason::input_error;
    }
    events_.post({EndEvent{reason_, totals()}, {}});
  }
  throw_failure();
}

/// Reports to readers and to the service manager that kwsd listens, or waits for a microphone.
void Session::announce() {
  const std::scoped_lock lock(mutex_);
  events_.post({ReadyEvent{source().name(), source().rate_hz(), reload_.models(), controls_.branch(),
                           std::string(pipeline_.recognizer().kernels().name)},
                {}});
  service_.ready();
}

/// Called after the inference thread has ended.
StatusEvent Session::totals() {
  StatusEvent totals = pipeline_.totals();
  for (ClipWriter* writer : {clips_.get(), near_misses_.get()}) {
    if (writer != nullptr) {
      writer->finish();
    }
  }
  totals.clips_dropped = clips_dropped({clips_.get(), near_misses_.get()});
  if (totals.clips_dropped > 0) {
    spdlog::warn("{} clip(s) were not saved", totals.clips_dropped);
  }
  return totals;
}

void Session::throw_failure() const {
  if (stdout_.failure() != 0) {
    throw Error(ErrorKind::io, std::string("standard output: ") + std::strerror(stdout_.failure()));
  }
  if (const auto failure = source().failure()) {
    throw *failure;
  }
}

void Session::watch(const Output& output) {
  while (!listening_.ended()) {
    const int signal = sigtimedwait(&signals_, nullptr, &signal_wait);
    const std::scoped_lock lock(mutex_);
    if (asks_for_reload(signal)) {
      service_.reloading();
      if (!reload_.start()) {
        service_.ready();
      }
    } else if (signal == SIGUSR1 || signal == SIGUSR2) {
      set_muted(signal == SIGUSR1);
    } else if (signal > 0 || stdout_.reader_gone() || stdout_.failure() != 0) {
      reason_ = EndReason::stopped;
      return;
    }
    const double now = now_seconds();
    controls_.govern(now, listening_.buffer().backlog_seconds());
    feed_watchdog(now);
    finish_reload();
    show_status(output, now);
  }
}

void Session::set_muted(bool muted) {
  controls_.set_muted(muted);
  spdlog::info("{}", muted ? "muted (SIGUSR1)" : "listening (SIGUSR2)");
}

/// Only while the inference thread makes progress, and sound arrives or kwsd waits for a missing device.
void Session::feed_watchdog(double now_seconds) {
  const auto period = service_.watchdog_seconds();
  if (!period || now_seconds - fed_seconds_ < *period / 4) {
    return;
  }
  const std::uint64_t rounds = listening_.progress().rounds;
  const std::uint64_t samples = listening_.progress().samples;
  if (rounds != fed_rounds_ && (samples != fed_samples_ || source().waiting())) {
    service_.feed_watchdog();
    fed_seconds_ = now_seconds;
    fed_rounds_ = rounds;
    fed_samples_ = samples;
  }
}

void Session::show_status(const Output& output, double now_seconds) {
  if (!service_.present()) {
    return;
  }
  const std::string last = output.last_detection();
  const char* doing = source().waiting()  ? "waiting for"
                      : controls_.muted() ? "muted, not listening to"
                                          : "listening to";
  const std::string state = fmt::format("{} '{}', branch {}, last detection: {}", doing, source().name(),
                                        branch_name(controls_.branch()), last.empty() ? "none" : last);
  if (state != shown_ ||
      now_seconds - shown_seconds_ > status_seconds) {  // the load alone changes constantly
    shown_ = state;
    shown_seconds_ = now_seconds;
    service_.status(fmt::format("{}, load {:.2f}", state, std::max(controls_.load(), 0.0)));
  }
}

/// Called once new settings are in force. Never waits for a reader: this thread handles the signals.
void Session::finish_reload() {
  if (reload_.finished()) {
    spdlog::info("reloaded: {}", fmt::join(reload_.models(), ", "));
    service_.ready();
    reload_unsaid_ = true;
  }
  reload_unsaid_ = reload_unsaid_ && !events_.post_if_room({ReloadedEvent{reload_.models()}, {}});
}

}  // namespace kwsd
