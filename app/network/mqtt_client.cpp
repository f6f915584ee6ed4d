#include "app/network/mqtt_client.h"

#include <algorithm>

#include "app/base/log.h"
#include "engine/model/error.h"

namespace kwsd {

double default_expiry(double spread_seconds) noexcept {
  constexpr double outage_seconds = 60, attempt_seconds = 15;
  return outage_seconds + Backoff::window(outage_seconds, spread_seconds) + attempt_seconds;
}

MqttClient::MqttClient(const MqttClientOptions& options, std::uint64_t seed, double now)
    : options_(options),
      bridge_(options.identity, options.expiry_seconds.value_or(default_expiry(options.spread_seconds)),
              options.spread_seconds, seed + 1),
      outbox_(static_cast<std::size_t>(options.queue_size)),
      backoff_(options.spread_seconds, seed),
      connect_at_(now + backoff_.first()) {}

int MqttClient::descriptor() const {
  return connection_ ? connection_->descriptor() : -1;
}

short MqttClient::events() const {
  return connection_ ? connection_->events() : static_cast<short>(0);
}

double MqttClient::due(double now) const {
  const double next = connection_ ? now + 1 : connect_at_;
  return std::min(next, bridge_.due());
}

void MqttClient::connect(double now) {
  try {
    connection_ = std::make_unique<MqttConnection>(options_.broker, "kwsd_" + options_.identity.id,
                                                   bridge_.will(), now);
  } catch (const Error& error) {  // e.g. while a certificate is being replaced
    spdlog::warn("MQTT: {}", error.what());
    connect_at_ = now + backoff_.lost(now);
  }
}

void MqttClient::lose(double now) {
  connect_at_ = now + backoff_.lost(now);
  if (!outage_logged_) {
    spdlog::warn("MQTT: no connection to {}:{}: {}; trying again in {:.0f} s", options_.broker.host,
                 options_.broker.port, connection_->reason(), connect_at_ - now);
  }
  outage_logged_ = true;
  connected_ = false;
  outbox_.connection_lost();
  connection_.reset();
}

void MqttClient::step(short revents, double now) {
  bridge_.tick(now, outbox_);
  if (!connection_ && !parting_ && now >= connect_at_) {
    connect(now);
  }
  if (!connection_) {
    return;
  }
  const MqttConnection::State state = connection_->step(revents, now);
  for (const int id : connection_->take_acknowledged()) {
    outbox_.acknowledged(id);
  }
  // Expired messages are still in the kernel's buffer; closing the connection discards them.
  if (state == MqttConnection::State::lost || outbox_.overdue(now)) {
    return lose(now);
  }
  if (state == MqttConnection::State::connected) {
    if (!std::exchange(connected_, true)) {
      spdlog::info("MQTT: connected to {}:{} as {}", options_.broker.host, options_.broker.port,
                   options_.identity.id);
      outage_logged_ = false;
      backoff_.connected(now);
      report_losses();
      connection_->subscribe(bridge_.subscriptions());
      bridge_.broker_connected(outbox_);
    }
    receive(now);
    send(now);
  }
}

void MqttClient::send(double now) {
  while (outbox_.in_flight() < most_in_flight && !parting_) {
    const MqttMessage* message = outbox_.next(now);
    const int id = message != nullptr ? connection_->publish(*message, now) : 0;
    if (id == 0) {
      return;
    }
    outbox_.sent(id);
  }
}

void MqttClient::receive(double now) {
  for (const MqttConnection::Incoming& message : connection_->take_messages()) {
    if (!may_command(now)) {
      if (commands_dropped_++ == 0) {
        spdlog::warn("MQTT: more than {:.0f} messages a second; the rest is ignored", commands_a_second);
      }
      continue;
    }
    try {
      if (auto command = bridge_.take_message(message.topic, message.payload, now)) {
        commands_.push_back(*std::move(command));
      }
    } catch (const Error& error) {
      spdlog::warn("{}", error.what());
    }
  }
}

/// A bucket of tokens.
bool MqttClient::may_command(double now) {
  command_room_ = std::min(command_room_ + (now - room_at_) * commands_a_second, most_commands);
  room_at_ = now;
  if (command_room_ < 1) {
    return false;
  }
  command_room_ -= 1;
  return true;
}

void MqttClient::report_losses() {
  const std::int64_t dropped = outbox_.dropped() - std::exchange(reported_dropped_, outbox_.dropped());
  const std::int64_t expired = outbox_.expired() - std::exchange(reported_expired_, outbox_.expired());
  if (dropped + expired > 0) {
    spdlog::warn("MQTT: while the broker was away, {} messages expired and {} found no room", expired,
                 dropped);
  }
}

std::vector<MqttCommand> MqttClient::take_commands() {
  return std::exchange(commands_, {});
}

void MqttClient::ask_again() {
  if (connected_) {
    connection_->subscribe(bridge_.subscriptions());
  }
}

void MqttClient::part() {
  parting_ = true;
  if (connected_) {
    (void)connection_->publish(bridge_.will(), 0);
    connection_->disconnect();
  }
}

bool MqttClient::idle() const {
  return !connected_ || connection_->flushed();
}

}  // namespace kwsd
