#include "app/events/output.h"

#include "app/base/log.h"

namespace kwsd {

Output::Output(EventQueue& events, EventSink& sink)
    : events_(events), sink_(sink), thread_([this] { work(); }) {}

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

/// What the log and the service manager want to know of it.
void Output::note(const Event& event) {
  if (const auto* change = std::get_if<BranchChangedEvent>(&event.body)) {
    spdlog::info("branch: {} -> {} (load {:.2f})", branch_name(change->from), branch_name(change->to),
                 change->load);
  } else if (const auto* detected = std::get_if<DetectionEvent>(&event.body)) {
    const std::string& keyword =
        detected->model->labels[static_cast<std::size_t>(detected->detection.label)].name;
    const std::scoped_lock lock(mutex_);
    last_detection_ = keyword + " at " + timestamp(event.time);
  }
}

}  // namespace kwsd
