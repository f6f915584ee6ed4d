#include "app/network/mqtt_connection.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "app/base/descriptor.h"
#include "app/base/log.h"
#include "app/base/text_lines.h"
#include "app/base/thread_name.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

constexpr std::uint32_t most_packet_bytes = 65536;  // that the broker may send
constexpr std::size_t most_held_messages = 256;     // of the broker, between two steps

void start_library() {
  static const int started = mosquitto_lib_init();
  if (started != MOSQ_ERR_SUCCESS) {
    throw Error(ErrorKind::unavailable, "libmosquitto does not start");
  }
}

struct Properties {
  mosquitto_property* list = nullptr;
  Properties() = default;
  Properties(const Properties&) = delete;
  Properties& operator=(const Properties&) = delete;
  ~Properties() { mosquitto_property_free_all(&list); }
};

const char* text_or_null(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

void check_readable(const std::string& file, const char* option) {
  if (!file.empty() && access(file.c_str(), R_OK) != 0) {
    throw Error(ErrorKind::no_input, std::string(option) + ": '" + file + "': " + std::strerror(errno));
  }
}

void set_tls(mosquitto* client, const MqttBroker& broker) {
  check_readable(broker.ca_file, "--ca-file");
  check_readable(broker.cert_file, "--cert-file");
  check_readable(broker.key_file, "--key-file");
  const bool own = !broker.ca_file.empty();
  const auto no_password = [](char*, int, int, void*) { return 0; };
  const int set =
      mosquitto_tls_set(client, text_or_null(broker.ca_file), own ? nullptr : "/etc/ssl/certs",
                        text_or_null(broker.cert_file), text_or_null(broker.key_file), no_password);
  if (set != MOSQ_ERR_SUCCESS || mosquitto_tls_opts_set(client, 1, nullptr, nullptr) != MOSQ_ERR_SUCCESS) {
    throw Error(ErrorKind::usage, std::string("TLS: ") + mosquitto_strerror(set));
  }
}

}  // namespace

/// State shared with the connecting thread, which may outlive the MqttConnection.
struct MqttConnection::Attempt {
  mosquitto* client = nullptr;
  Descriptor done_descriptor{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::atomic<bool> done{false};
  int result = MOSQ_ERR_SUCCESS;  // of the thread
  State state = State::connecting;
  std::string reason, detail;  // detail: the library's own words, of TLS
  bool rejects = false;        // and that is logged
  std::vector<int> acknowledged;
  std::vector<Incoming> messages;

  explicit Attempt(const std::string& client_id) : client(mosquitto_new(client_id.c_str(), true, this)) {
    if (client == nullptr || done_descriptor.get() < 0) {
      throw Error(ErrorKind::unavailable, "MQTT: no memory or no descriptor is left");
    }
  }
  ~Attempt() { mosquitto_destroy(client); }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  void lose(const char* why) {
    if (state != State::lost) {
      state = State::lost;
      reason = why;
    }
  }

  static Attempt& of(void* self) { return *static_cast<Attempt*>(self); }

  void set_callbacks() const {
    mosquitto_connect_v5_callback_set(
        client, [](mosquitto*, void* self, int code, int, const mosquitto_property*) {
          code == 0 ? void(of(self).state = State::connected) : of(self).lose(mosquitto_reason_string(code));
        });
    mosquitto_disconnect_v5_callback_set(
        client, [](mosquitto*, void* self, int code, const mosquitto_property*) {
          of(self).lose(code >= 0x80 ? mosquitto_reason_string(code) : mosquitto_strerror(code));
        });
    mosquitto_publish_v5_callback_set(
        client, [](mosquitto*, void* self, int id, int code, const mosquitto_property*) {
          if (code >= 0x80 && !std::exchange(of(self).rejects, true)) {
            spdlog::warn("MQTT: the broker rejects messages: {}", mosquitto_reason_string(code));
          }
          of(self).acknowledged.push_back(id);
        });
    mosquitto_subscribe_v5_callback_set(client, [](mosquitto*, void*, int, int count, const int* granted,
                                                   const mosquitto_property*) {
      for (int i = 0; i < count; ++i) {
        if (granted[i] >= 0x80) {
          spdlog::warn("MQTT: the broker rejects a subscription: {}", mosquitto_reason_string(granted[i]));
        }
      }
    });
    mosquitto_message_v5_callback_set(
        client, [](mosquitto*, void* self, const mosquitto_message* message, const mosquitto_property*) {
          if (of(self).messages.size() < most_held_messages) {
            of(self).messages.push_back(
                {message->topic, std::string(static_cast<const char*>(message->payload),
                                             static_cast<std::size_t>(message->payloadlen))});
          }
        });
    mosquitto_log_callback_set(client, [](mosquitto*, void* self, int level, const char* text) {
      if (level == MOSQ_LOG_ERR && of(self).detail.empty()) {
        of(self).detail = text;
      }
    });
  }
};

MqttBroker parse_broker(const std::string& uri) {
  MqttBroker broker;
  std::string address;
  if (uri.starts_with("mqtt://")) {
    address = uri.substr(7);
  } else if (uri.starts_with("mqtts://")) {
    address = uri.substr(8);
    broker.tls = true;
    broker.port = 8883;
  }
  if (const std::size_t bracket = address.rfind(']'), colon = address.rfind(':');
      colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
    const std::string digits = address.substr(colon + 1);
    char* end = nullptr;
    const unsigned long port = std::strtoul(digits.c_str(), &end, 10);
    broker.port =
        digits.empty() || digits.size() > 5 || *end != '\0' || port > 65535 ? 0 : static_cast<int>(port);
    address.resize(colon);
  }
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);  // IPv6
  }
  if (address.empty() || broker.port == 0 || address.find_first_of("/@ ?#") != std::string::npos) {
    throw Error(ErrorKind::usage, "--broker: found '" + printable(uri) +
                                      "', expected mqtt://HOST[:PORT] or mqtts://HOST[:PORT]; user and "
                                      "password are read from --credentials");
  }
  broker.host = address;
  return broker;
}

void read_credentials(const std::string& file, MqttBroker& broker) {
  std::vector<std::string> lines;
  for_each_line(file, 1024, [&lines](int, std::string_view line) { lines.emplace_back(line); });
  while (!lines.empty() && lines.back().empty()) {
    lines.pop_back();
  }
  if (lines.size() > 2 || (lines.size() == 2 && lines[0].empty())) {
    throw Error(ErrorKind::bad_data,
                "--credentials: '" + file + "': found " + std::to_string(lines.size()) +
                    " lines, expected the user in the first and the password in the second");
  }
  lines.resize(2);
  broker.user = lines[0];
  broker.password = lines[1];
}

void check_tls(const MqttBroker& broker) {
  if (broker.tls) {
    start_library();
    const std::unique_ptr<mosquitto, void (*)(mosquitto*)> client(mosquitto_new(nullptr, true, nullptr),
                                                                  mosquitto_destroy);
    set_tls(client.get(), broker);
  }
}

MqttConnection::MqttConnection(const MqttBroker& broker, const std::string& client_id,
                               const MqttMessage& will, double now)
    : since_(now), patience_(broker.patience_seconds) {
  start_library();
  attempt_ = std::make_shared<Attempt>(client_id);
  mosquitto* client = attempt_->client;
  mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
  mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_username_pw_set(client, text_or_null(broker.user), text_or_null(broker.password));
  mosquitto_will_set_v5(client, will.topic.c_str(), static_cast<int>(will.payload.size()),
                        will.payload.data(), 1, will.retain, nullptr);
  if (broker.tls) {
    set_tls(client, broker);
  }
  attempt_->set_callbacks();
  std::thread([attempt = attempt_, host = broker.host, port = broker.port,
               keepalive = broker.keepalive_seconds] {
    name_thread("kwsd-connect");
    Properties properties;
    mosquitto_property_add_int32(&properties.list, MQTT_PROP_MAXIMUM_PACKET_SIZE, most_packet_bytes);
    attempt->result =
        mosquitto_connect_bind_v5(attempt->client, host.c_str(), port, keepalive, nullptr, properties.list);
    if (attempt->result == MOSQ_ERR_ERRNO || attempt->result == MOSQ_ERR_EAI) {
      attempt->reason = attempt->result == MOSQ_ERR_EAI ? "its name is unknown" : std::strerror(errno);
    } else if (attempt->result != MOSQ_ERR_SUCCESS) {
      attempt->reason = mosquitto_strerror(attempt->result);
    }
    attempt->done = true;
    eventfd_write(attempt->done_descriptor.get(), 1);
  }).detach();
}

MqttConnection::~MqttConnection() {
  if (attempt_->done && !parted_) {
    if (const int socket = mosquitto_socket(attempt_->client); socket >= 0) {
      const linger at_once{1, 0};
      setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
  }
}

int MqttConnection::descriptor() const {
  return joined_ ? mosquitto_socket(attempt_->client) : attempt_->done_descriptor.get();
}

short MqttConnection::events() const {
  return static_cast<short>(POLLIN | (joined_ && mosquitto_want_write(attempt_->client) ? POLLOUT : 0));
}

MqttConnection::State MqttConnection::step(short revents, double now) {
  Attempt& attempt = *attempt_;
  if (!joined_ && attempt.done) {
    joined_ = true;
    if (attempt.result != MOSQ_ERR_SUCCESS) {
      attempt.state = State::lost;
    }
  }
  if (attempt.state == State::connecting && now - since_ > patience_) {
    attempt.state = State::lost;  // its thread may still be running and owns the reason
  }
  if (!joined_ || attempt.state == State::lost) {
    return attempt.state;
  }
  int result = MOSQ_ERR_SUCCESS;
  if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
    result = mosquitto_loop_read(attempt.client, 1);
  }
  if (result == MOSQ_ERR_SUCCESS && mosquitto_want_write(attempt.client)) {
    result = mosquitto_loop_write(attempt.client, 1);
  }
  if (result == MOSQ_ERR_SUCCESS) {
    result = mosquitto_loop_misc(attempt.client);
  }
  if (result != MOSQ_ERR_SUCCESS) {
    attempt.lose(mosquitto_strerror(result));
  }
  return attempt.state;
}

const std::string& MqttConnection::reason() const {
  static const std::string silence = "no answer";
  if (!attempt_->done || attempt_->reason.empty()) {
    return silence;
  }
  return attempt_->detail.empty() ? attempt_->reason : attempt_->detail;
}

int MqttConnection::publish(const MqttMessage& message, double now) {
  Properties properties;
  if (std::isfinite(message.expires)) {
    const double left = std::floor(message.expires - now);
    mosquitto_property_add_int32(&properties.list, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
                                 static_cast<std::uint32_t>(std::max(left, 1.0)));
  }
  int id = 0;
  const int result = mosquitto_publish_v5(attempt_->client, &id, message.topic.c_str(),
                                          static_cast<int>(message.payload.size()), message.payload.data(), 1,
                                          message.retain, properties.list);
  return result == MOSQ_ERR_SUCCESS ? id : 0;
}

void MqttConnection::subscribe(const std::vector<std::string>& topics) {
  for (const std::string& topic : topics) {
    mosquitto_subscribe(attempt_->client, nullptr, topic.c_str(), 1);
  }
}

void MqttConnection::disconnect() {
  parted_ = mosquitto_disconnect(attempt_->client) == MOSQ_ERR_SUCCESS;
}

bool MqttConnection::flushed() const {
  return !mosquitto_want_write(attempt_->client);
}

std::vector<int> MqttConnection::take_acknowledged() {
  return std::exchange(attempt_->acknowledged, {});
}

std::vector<MqttConnection::Incoming> MqttConnection::take_messages() {
  return std::exchange(attempt_->messages, {});
}

}  // namespace kwsd
