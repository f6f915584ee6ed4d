#include "app/network/outbox.h"

#include <algorithm>
#include <utility>

namespace kwsd {

void Outbox::push(MqttMessage message) {
  next_ = nullptr;
  if (message.retain) {
    std::erase_if(states_, [&message](const Entry& entry) {
      return entry.id == 0 && entry.message.topic == message.topic;
    });
    states_.push_back({std::move(message)});
    return;
  }
  if (events_.size() - events_in_flight_ >= most_) {
    events_.erase(first_waiting());
    ++dropped_;
  }
  events_.push_back({std::move(message)});
}

/// Of the events.
std::deque<Outbox::Entry>::iterator Outbox::first_waiting() {
  return events_.begin() + static_cast<std::ptrdiff_t>(events_in_flight_);
}

const MqttMessage* Outbox::next(double now) {
  while (first_waiting() != events_.end() &&
         first_waiting()->message.expires < now + 1) {  // brokers count whole seconds
    events_.erase(first_waiting());
    ++expired_;
  }
  const auto state =
      std::find_if(states_.begin(), states_.end(), [](const Entry& entry) { return entry.id == 0; });
  next_ = state != states_.end() ? &*state : first_waiting() != events_.end() ? &*first_waiting() : nullptr;
  return next_ == nullptr ? nullptr : &next_->message;
}

void Outbox::sent(int id) {
  next_->id = id;
  ++(next_->message.retain ? states_in_flight_ : events_in_flight_);
}

void Outbox::acknowledged(int id) {
  next_ = nullptr;
  const auto it_is = [id](const Entry& entry) { return entry.id == id; };
  states_in_flight_ -= std::erase_if(states_, it_is);
  if (const auto found = std::find_if(events_.begin(), first_waiting(), it_is); found != first_waiting()) {
    events_.erase(found);
    --events_in_flight_;
    ++delivered_;
  }
}

void Outbox::connection_lost() {
  next_ = nullptr;
  for (Entry& entry : states_) {
    entry.id = 0;
  }
  std::for_each(events_.begin(), first_waiting(), [](Entry& entry) { entry.id = 0; });
  states_in_flight_ = events_in_flight_ = 0;
}

bool Outbox::overdue(double now) const {
  const auto end = events_.begin() + static_cast<std::ptrdiff_t>(events_in_flight_);
  return std::any_of(events_.begin(), end,
                     [now](const Entry& entry) { return entry.message.expires <= now; });
}

}  // namespace kwsd
