// A client that keeps its connection to a broker: reconnects after each loss, sends the waiting messages of
// the outbox, and passes messages on to the bridge. Thread: one, which polls.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/network/backoff.h"
#include "app/network/mqtt_bridge.h"
#include "app/network/mqtt_connection.h"
#include "app/network/outbox.h"

namespace kwsd {

struct MqttClientOptions {
  MqttBroker broker;
  MqttIdentity identity;
  double spread_seconds = 2;               ///< Backoff
  std::optional<double> expiry_seconds{};  ///< after which a detection is obsolete; none: default_expiry()
  int queue_size = 1000;                   ///< detections that wait for the broker
};

/// Seconds. After an outage of up to 60 s, a client with this spread delivers each detection: the last delay
/// adds at most the spread or a quarter of the outage, and the attempt after it has 15 s.
[[nodiscard]] double default_expiry(double spread_seconds) noexcept;

class MqttClient {
 public:
  static constexpr std::size_t most_in_flight = 16;
  static constexpr double commands_a_second = 20;  ///< excess messages are dropped and counted
  static constexpr double most_commands = 200;     ///< burst, as after a connection: retained ones

  /// `seed` of the delays: a different one for each client.
  MqttClient(const MqttClientOptions& options, std::uint64_t seed, double now);

  [[nodiscard]] MqttBridge& bridge() noexcept { return bridge_; }
  [[nodiscard]] Outbox& outbox() noexcept { return outbox_; }
  [[nodiscard]] bool connected() const noexcept { return connected_; }

  /// -1: there is nothing to poll until due().
  [[nodiscard]] int descriptor() const;
  [[nodiscard]] short events() const;
  /// The latest time for the next step(), steady seconds.
  [[nodiscard]] double due(double now) const;
  void step(short revents, double now);
  /// The commands from the broker's other clients since the last call.
  [[nodiscard]] std::vector<MqttCommand> take_commands();
  /// Makes the broker send retained commands again: kwsd has restarted.
  void ask_again();
  /// Publishes that this client is offline, and disconnects; step() continues until idle().
  void part();
  [[nodiscard]] bool idle() const;

 private:
  void connect(double now);
  void lose(double now);
  void send(double now);
  void receive(double now);
  [[nodiscard]] bool may_command(double now);
  void report_losses();

  MqttClientOptions options_;
  MqttBridge bridge_;
  Outbox outbox_;
  Backoff backoff_;
  std::unique_ptr<MqttConnection> connection_;
  std::vector<MqttCommand> commands_;
  double connect_at_;
  bool connected_ = false, outage_logged_ = false, parting_ = false;
  double command_room_ = most_commands, room_at_ = 0;
  std::int64_t commands_dropped_ = 0, reported_dropped_ = 0, reported_expired_ = 0;
};

}  // namespace kwsd
