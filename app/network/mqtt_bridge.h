// Translates between kwsd and a broker, without connecting to either: lines of events in, messages for the
// broker out; messages of the broker in, commands for kwsd out. The caller passes the time. Thread: one.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/base/random.h"
#include "app/network/home_assistant.h"
#include "app/network/outbox.h"

namespace kwsd {

/// A command for kwsd.
struct MqttCommand {
  enum class Kind : std::uint8_t { listen, mute, threshold, models } kind = Kind::listen;
  std::string word{};                 ///< of a threshold
  double threshold = 0;               ///< [0, 1]
  std::vector<std::string> models{};  ///< names of the models that are to listen, 1 to 16
  bool operator==(const MqttCommand&) const = default;
};

class MqttBridge {
 public:
  static constexpr std::size_t most_payload_bytes = 1024;  ///< of a command

  MqttBridge(MqttIdentity identity, double expiry_seconds, double spread_seconds, std::uint64_t seed)
      : identity_(std::move(identity)), expiry_(expiry_seconds), spread_(spread_seconds), random_(seed) {}

  /// The message that the broker sends once this client has disconnected: it is offline.
  [[nodiscard]] MqttMessage will() const;
  [[nodiscard]] std::vector<std::string> subscriptions() const;

  /// A new connection to the broker: publishes every state again.
  void broker_connected(Outbox& outbox);
  /// A line of kwsd's event socket. `now` in steady seconds; `wall` in seconds since 1970, from which the age
  /// of an event follows. Returns the kind of event. Throws Error (bad_data) for a line that is not an event.
  std::string take_event(std::string_view line, double now, double wall, Outbox& outbox);
  /// kwsd has disconnected.
  void kwsd_gone(Outbox& outbox);
  /// Whether kwsd accepts commands; only then Home Assistant gets a switch and thresholds.
  void set_commands(bool possible, Outbox& outbox);
  /// The keywords that kwsd listens for, and their thresholds.
  void set_keywords(std::vector<MqttKeyword> keywords, Outbox& outbox);

  /// A message of the broker; returns nothing if it contains no command for kwsd. Throws Error (bad_data) for
  /// a payload that is invalid for its topic.
  [[nodiscard]] std::optional<MqttCommand> take_message(std::string_view topic, std::string_view payload,
                                                        double now);
  /// The messages that are due: discovery, some time after Home Assistant started.
  void tick(double now, Outbox& outbox);
  /// When the next message is due; infinity: none.
  [[nodiscard]] double due() const noexcept { return republish_at_; }

 private:
  void detected(const nlohmann::json& event, double now, double wall, Outbox& outbox);
  void publish_states(Outbox& outbox);
  void publish_discovery(Outbox& outbox) const;
  void publish_problem(Outbox& outbox) const;
  void state(const std::string& leaf, std::string payload, Outbox& outbox) const;
  [[nodiscard]] std::optional<MqttCommand> take_hermes(std::string_view topic,
                                                       std::string_view payload) const;

  MqttIdentity identity_;
  double expiry_, spread_;
  Random random_;
  std::vector<MqttKeyword> keywords_;
  std::vector<std::string> gone_;  // keywords that were announced and no longer exist
  bool commands_ = false, online_ = false, muted_ = false, lost_ = false, silent_ = false;
  std::int64_t missed_ = 0;  // events that kwsd could not deliver
  double republish_at_ = std::numeric_limits<double>::infinity();
};

}  // namespace kwsd
