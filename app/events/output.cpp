#include "app/events/output.h"

#include "app/base/log.h"
#include "app/base/thread_name.h"

namespace kwsd {

void log_silent_input(const SilentInputEvent& input) {
  if (!input.silent) {
    spdlog::info("channel {} carries sound again", input.channel);
    return;
  }
  std::string other;
  if (input.channels > 1) {
    other = fmt::format(", or sound on another channel (it has {}; try --channel {})", input.channels,
                        input.channel == 1 ? 2 : 1);
  }
  spdlog::warn("only zeros arrive on channel {}: a muted or unwired microphone{}", input.channel, other);
}

Output::Output(EventQueue& events, EventSink& sink)
    : events_(events), sink_(sink), thread_([this] {
        name_thread("kwsd-output");
        work();
      }) {}

Output::~Output() {
  events_.close();
  thread_.join();
}

std::string Output::last_detection() const {
  const std::scoped_lock lock(mutex_);
  return last_detection_;
}

void Output::work() noexcept {
  Event event;
  EventQueue::Pop popped = EventQueue::Pop::timeout;
  while ((popped = events_.pop(event, std::chrono::milliseconds(200))) != EventQueue::Pop::closed) {
    if (popped == EventQueue::Pop::event) {
      note(event);
      if (!sink_.write(event)) {
        events_.count_dropped(1);
      }
    }
  }
}

/// Passes the event to the log and to the service manager.
void Output::note(const Event& event) {
  if (const auto* change = std::get_if<BranchChangedEvent>(&event.body)) {
    spdlog::info("branch: {} -> {} (load {:.2f})", branch_name(change->from), branch_name(change->to),
                 change->load);
  } else if (const auto* input = std::get_if<SilentInputEvent>(&event.body)) {
    log_silent_input(*input);
  } else if (const auto* detected = std::get_if<DetectionEvent>(&event.body)) {
    const std::string& keyword =
        detected->model->labels[static_cast<std::size_t>(detected->detection.label)].name;
    const std::scoped_lock lock(mutex_);
    last_detection_ = keyword + " at " + timestamp(event.time);
  }
}

}  // namespace kwsd
