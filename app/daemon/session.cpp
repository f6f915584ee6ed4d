#include "app/daemon/session.h"

#include <unistd.h>

#include <cstring>

#include "app/audio/open_input.h"
#include "app/settings/settings.h"
#include "app/base/log.h"
#include "app/base/steady_seconds.h"
#include "app/base/stop_signals.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

constexpr std::size_t file_buffer_samples = 16384;
constexpr timespec signal_wait{0, 100'000'000};
constexpr double status_seconds = 10;  // between two that differ in the load alone

/// Where there is a terminal, SIGHUP says that it is gone; otherwise it asks for a reload.
bool asks_for_reload(int signal) {
  return signal == SIGHUP && isatty(STDOUT_FILENO) == 0;
}

BranchId first_branch(const RecognitionOptions& options) {
  return fixed_branch(options.branch).value_or(BranchId::full);
}

RunOptions with_log(RunOptions options) {
  set_up_log(options.log_level);
  return options;
}

EventFormat format_of(const OutputOptions& options) {
  return {options.text, !options.no_wall_clock};
}

std::unique_ptr<SocketServer> serve_socket(const OutputOptions& options) {
  const int given = ServiceManager::take_socket();
  if (given < 0 && options.socket.empty()) {
    return nullptr;
  }
  auto listener =
      given >= 0 ? std::make_unique<UnixListener>(given) : std::make_unique<UnixListener>(options.socket);
  return std::make_unique<SocketServer>(std::move(listener), format_of(options));
}

}  // namespace

Session::Session(ReadOptions read_options)
    : read_options_(std::move(read_options)),
      options_(with_log(read_options_())),
      signals_(block_signals({SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2})),
      pipeline_(std::make_unique<Recognizer>(options_.recognition)),
      source_(open_input(options_.input, service_.present())),
      buffer_(source_->live() ? live_buffer_samples : file_buffer_samples),
      events_(queued_events, source_->live() ? EventQueue::WhenFull::drop : EventQueue::WhenFull::wait),
      stdout_(STDOUT_FILENO, format_of(options_.output)),
      socket_(serve_socket(options_.output)),
      models_(pipeline_.recognizer().model_names()) {
  pipeline_.set_branch(first_branch(options_.recognition), -1);
  pipeline_.set_status_interval(options_.output.status_interval_seconds);
  if (!options_.output.clips_dir.empty()) {
    clips_ = std::make_unique<ClipWriter>(
        options_.output.clips_dir, options_.output.max_clips,
        source_->live() ? ClipWriter::WhenBehind::drop : ClipWriter::WhenBehind::wait);
    pipeline_.set_clip_writer(clips_.get());
  }
  if (socket_) {
    events_.copy_to(socket_->inbox());
  }
  const Kernels& kernels = pipeline_.recognizer().kernels();
  spdlog::info("kernels: {} ({})", kernels.name, kernels.description);
}

Session::~Session() = default;

void Session::run() {
  {
    const Output output(events_, stdout_);
    source_->start(buffer_, events_);
    announce();
    std::thread inference([this] {
      pipeline_.run(buffer_, events_);
      inference_ended_ = true;
    });
    watch(output);
    service_.stopping();
    stdout_.interrupt();
    source_->stop();
    inference.join();
    if (source_->failure()) {
      reason_ = EndReason::input_error;
    }
    events_.post({EndEvent{reason_, totals()}, {}});
  }
  throw_failure();
}

/// To readers and to the service manager: we listen, or wait for a microphone.
void Session::announce() {
  if (source_->failure()) {
    return;
  }
  const auto& recognizer = pipeline_.recognizer();
  events_.post({ReadyEvent{source_->name(), source_->rate_hz(), models_, first_branch(options_.recognition),
                           std::string(recognizer.kernels().name)},
                {}});
  service_.ready();
}

/// After the inference thread has ended.
StatusEvent Session::totals() {
  StatusEvent totals = pipeline_.totals();
  if (clips_) {
    clips_->finish();
    totals.clips_dropped = clips_->dropped();
    if (totals.clips_dropped > 0) {
      spdlog::warn("{} clip(s) were not saved", totals.clips_dropped);
    }
  }
  return totals;
}

void Session::throw_failure() const {
  if (stdout_.failure() != 0) {
    throw Error(ErrorKind::io, std::string("standard output: ") + std::strerror(stdout_.failure()));
  }
  if (const auto failure = source_->failure()) {
    throw *failure;
  }
}

void Session::watch(const Output& output) {
  while (!inference_ended_) {
    const int signal = sigtimedwait(&signals_, nullptr, &signal_wait);
    if (asks_for_reload(signal)) {
      reload();
    } else if (signal == SIGUSR1 || signal == SIGUSR2) {
      set_muted(signal == SIGUSR1);
    } else if (signal > 0 || stdout_.reader_gone() || stdout_.failure() != 0) {
      reason_ = EndReason::stopped;
      return;
    }
    const double now = now_seconds();
    govern(now);
    feed_watchdog(now);
    finish_reload();
    show_status(output, now);
  }
}

void Session::set_muted(bool muted) {
  pipeline_.set_muted(muted);
  spdlog::info("{}", muted ? "muted (SIGUSR1)" : "listening (SIGUSR2)");
}

void Session::govern(double now_seconds) {
  if (!source_->live()) {
    return;
  }
  const BranchId branch = governor_.update(now_seconds, load_.sample(now_seconds), buffer_.backlog_seconds());
  pipeline_.set_branch(fixed_branch(options_.recognition.branch).value_or(branch), governor_.load());
}

/// Only while the inference thread goes round, and sound comes or is knowingly waited for.
void Session::feed_watchdog(double now_seconds) {
  const auto period = service_.watchdog_seconds();
  if (!period || now_seconds - fed_seconds_ < *period / 4) {
    return;
  }
  const std::uint64_t rounds = pipeline_.rounds();
  const std::int64_t samples = pipeline_.samples_heard();
  if (rounds != fed_rounds_ && (samples != fed_samples_ || source_->waiting())) {
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
  const BranchId branch = fixed_branch(options_.recognition.branch).value_or(governor_.branch());
  const std::string last = output.last_detection();
  const char* doing = source_->waiting()  ? "waiting for"
                      : pipeline_.muted() ? "muted, not listening to"
                                          : "listening to";
  const std::string state = fmt::format("{} '{}', branch {}, last detection: {}", doing, source_->name(),
                                        branch_name(branch), last.empty() ? "none" : last);
  if (state != shown_ ||
      now_seconds - shown_seconds_ > status_seconds) {  // the load alone changes all the time
    shown_ = state;
    shown_seconds_ = now_seconds;
    service_.status(fmt::format("{}, load {:.2f}", state, std::max(governor_.load(), 0.0)));
  }
}

/// Reads options and models anew while the old ones go on listening. What is wrong is refused, and nothing
/// changes.
void Session::reload() noexcept {
  service_.reloading();
  try {
    const RunOptions next = read_options_();
    auto recognizer = std::make_unique<Recognizer>(next.recognition);
    set_up_log(next.log_level);
    if (const auto names = restart_settings(options_, next); !names.empty()) {
      spdlog::warn("reload: a restart is needed for changes of {}", fmt::join(names, ", "));
    }
    options_.recognition = next.recognition;
    models_ = recognizer->model_names();
    if (!source_->live() || fixed_branch(options_.recognition.branch)) {
      pipeline_.set_branch(first_branch(options_.recognition), governor_.load());
    }
    pipeline_.replace(std::move(recognizer));
  } catch (const std::exception& error) {
    spdlog::error("reload refused, nothing is changed: {}", error.what());
    service_.ready();
  }
}

/// Once the new recognizer has taken over. Never waits for a reader: this thread hears the signals.
void Session::finish_reload() {
  if (pipeline_.take_replaced()) {
    spdlog::info("reloaded: {}", fmt::join(models_, ", "));
    service_.ready();
    reload_unsaid_ = true;
  }
  reload_unsaid_ = reload_unsaid_ && !events_.post_if_room({ReloadedEvent{models_}, {}});
}

}  // namespace kwsd
