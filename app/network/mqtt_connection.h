// One connection to a broker, from the attempt to its end; libmosquitto's, with MQTT 5. Thread: one, which
// polls descriptor() and calls step(); the attempt itself, which may wait for names and routes, has a thread
// of its own.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/network/mqtt_message.h"

namespace kwsd {

/// The address of the broker, and the client's credentials.
struct MqttBroker {
  std::string host = "localhost";
  int port = 1883;
  bool tls = false;
  std::string ca_file;              ///< empty: the system's authorities
  std::string cert_file, key_file;  ///< of this client; empty: none
  std::string user, password;       ///< empty: none
  int keepalive_seconds = 30;
  double patience_seconds = 20;  ///< for the broker's answer to an attempt
};

/// "mqtt://HOST[:PORT]" or "mqtts://HOST[:PORT]" (TLS). Throws Error (usage).
[[nodiscard]] MqttBroker parse_broker(const std::string& uri);
/// Reads user and password, the first two lines of a file; an empty file leaves both empty. Throws Error.
void read_credentials(const std::string& file, MqttBroker& broker);

/// Throws Error where the files of TLS cannot be read.
void check_tls(const MqttBroker& broker);

class MqttConnection {
 public:
  struct Incoming {
    std::string topic, payload;
  };
  enum class State { connecting, connected, lost };

  /// Begins to connect. `will` is the message that the broker publishes if this client vanishes. Throws Error
  /// if the files of TLS cannot be used.
  MqttConnection(const MqttBroker& broker, const std::string& client_id, const MqttMessage& will, double now);
  /// Drops the connection without a DISCONNECT, and discards unsent data in the kernel: the broker publishes
  /// the will.
  ~MqttConnection();
  MqttConnection(const MqttConnection&) = delete;
  MqttConnection& operator=(const MqttConnection&) = delete;

  /// The descriptor to poll, and the events to poll for.
  [[nodiscard]] int descriptor() const;
  [[nodiscard]] short events() const;
  /// Reads and writes what is possible without waiting. Call at least once a second.
  [[nodiscard]] State step(short revents, double now);
  /// The reason for the loss, in a few words.
  [[nodiscard]] const std::string& reason() const;

  /// QoS 1. Returns the number that take_acknowledged() will return; 0: it cannot be sent now.
  [[nodiscard]] int publish(const MqttMessage& message, double now);
  void subscribe(const std::vector<std::string>& topics);
  /// Disconnects in an orderly way: the broker discards the will.
  void disconnect();
  /// Whether all published messages have been written to the kernel.
  [[nodiscard]] bool flushed() const;

  [[nodiscard]] std::vector<int> take_acknowledged();
  [[nodiscard]] std::vector<Incoming> take_messages();

 private:
  struct Attempt;
  std::shared_ptr<Attempt> attempt_;
  double since_, patience_;
  bool joined_ = false;  // the connecting thread has handed over
  bool parted_ = false;  // disconnected in an orderly way
};

}  // namespace kwsd
