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

/// Where the broker is, and how to show who one is.
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

  /// Begins to connect. `will` is what the broker publishes if this client vanishes. Throws Error where the
  /// files of TLS cannot be used.
  MqttConnection(const MqttBroker& broker, const std::string& client_id, const MqttMessage& will, double now);
  /// Hangs up without a word, and drops what the kernel has not sent: the broker publishes the will.
  ~MqttConnection();
  MqttConnection(const MqttConnection&) = delete;
  MqttConnection& operator=(const MqttConnection&) = delete;

  /// What to poll, and for which events.
  [[nodiscard]] int descriptor() const;
  [[nodiscard]] short events() const;
  /// Reads and writes what is there. At least once a second.
  [[nodiscard]] State step(short revents, double now);
  /// Why it is lost, in a few words.
  [[nodiscard]] const std::string& reason() const;

  /// QoS 1. Returns the number that take_acknowledged() will give; 0: it cannot be sent now.
  [[nodiscard]] int publish(const MqttMessage& message, double now);
  void subscribe(const std::vector<std::string>& topics);
  /// Says goodbye: the broker forgets the will.
  void disconnect();
  /// Whether all that was published is written to the kernel.
  [[nodiscard]] bool flushed() const;

  [[nodiscard]] std::vector<int> take_acknowledged();
  [[nodiscard]] std::vector<Incoming> take_messages();

 private:
  struct Attempt;
  std::shared_ptr<Attempt> attempt_;
  double since_, patience_;
  bool joined_ = false;  // the attempt's thread has handed over
  bool parted_ = false;  // said goodbye
};

}  // namespace kwsd
