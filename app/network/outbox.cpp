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
  const auto waits = [](const Entry& entry) { return entry.id == 0; };
  if (static_cast<std::size_t>(std::count_if(events_.begin(), events_.end(), waits)) >= most_) {
    events_.erase(std::find_if(events_.begin(), events_.end(), waits));
    ++dropped_;
  }
  events_.push_back({std::move(message)});
}

const MqttMessage* Outbox::next(double now) {
  expired_ += static_cast<std::int64_t>(std::erase_if(events_, [now](const Entry& entry) {
    return entry.id == 0 && entry.message.expires < now + 1;  // brokers count whole seconds
  }));
  const auto waits = [](const Entry& entry) { return entry.id == 0; };
  next_ = nullptr;
  for (std::deque<Entry>* entries : {&states_, &events_}) {
    if (const auto found = std::find_if(entries->begin(), entries->end(), waits); found != entries->end()) {
      next_ = &*found;
      return &next_->message;
    }
  }
  return nullptr;
}

void Outbox::sent(int id) {
  next_->id = id;
  ++in_flight_;
}

void Outbox::acknowledged(int id) {
  next_ = nullptr;
  const auto it_is = [id](const Entry& entry) { return entry.id == id; };
  const std::size_t states = std::erase_if(states_, it_is);
  const std::size_t events = std::erase_if(events_, it_is);
  in_flight_ -= states + events;
  delivered_ += static_cast<std::int64_t>(events);
}

void Outbox::connection_lost() {
  next_ = nullptr;
  for (std::deque<Entry>* entries : {&states_, &events_}) {
    for (Entry& entry : *entries) {
      entry.id = 0;
    }
  }
  in_flight_ = 0;
}

bool Outbox::overdue(double now) const {
  return std::any_of(events_.begin(), events_.end(),
                     [now](const Entry& entry) { return entry.id != 0 && entry.message.expires <= now; });
}

}  // namespace kwsd
