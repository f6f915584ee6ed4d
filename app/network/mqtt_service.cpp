#include "app/network/mqtt_service.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <random>

#include "app/base/log.h"
#include "app/base/steady_seconds.h"
#include "app/base/stop_signals.h"
#include "app/events/control_client.h"
#include "app/network/event_feed.h"
#include "app/network/mqtt_control.h"
#include "app/network/notify.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

constexpr double goodbye_seconds = 1;
constexpr std::chrono::milliseconds control_patience(2000);  // with the control socket

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::uint64_t random_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32U) | device();
}

class Service {
 public:
  explicit Service(const MqttOptions& options)
      : options_(options),
        feed_(options.events),
        control_(options.control),
        client_(options.client, random_seed(), now_seconds()) {}

  void run() {
    notify_manager("READY=1");
    while (!signals_.arrived()) {
      step();
    }
    notify_manager("STOPPING=1");
    client_.part();
    for (const double until = now_seconds() + goodbye_seconds; !client_.idle() && now_seconds() < until;) {
      step();
    }
  }

 private:
  void step() {
    const double now = now_seconds();
    const double feed_due = feed_.connected() ? now + 1 : now + EventFeed::retry_seconds;
    const double wait = std::clamp(std::min(client_.due(now), feed_due) - now, 0.0, 1.0);
    std::array<pollfd, 3> polled{{{signals_.descriptor(), POLLIN, 0},
                                  {feed_.descriptor(), POLLIN, 0},
                                  {client_.descriptor(), client_.events(), 0}}};
    poll(polled.data(), polled.size(), static_cast<int>(std::ceil(1000 * wait)));
    feed(polled[1].revents);
    client_.step(polled[2].revents, now_seconds());
    obey(client_.take_commands());
  }

  void feed(short revents) {
    if (!feed_.connected()) {
      feed_.connect(now_seconds());
      if (feed_.connected() != std::exchange(fed_, feed_.connected()) || !std::exchange(told_, true)) {
        fed_ ? spdlog::info("MQTT: reading events from {}", options_.events)
             : spdlog::warn("MQTT: {}: {}; waiting for kwsd", options_.events, feed_.reason());
      }
      return;
    }
    if (revents != 0 && !feed_.read([this](std::string_view line) { take(line); })) {
      fed_ = false;
      spdlog::warn("MQTT: kwsd has hung up");
      client_.bridge().kwsd_gone(client_.outbox());
    }
  }

  void take(std::string_view line) {
    try {
      const std::string event =
          client_.bridge().take_event(line, now_seconds(), wall_seconds(), client_.outbox());
      if (event == "ready" || event == "reloaded") {
        client_.ask_again();  // retained commands also apply to new settings
        refresh();
      }
    } catch (const Error& error) {
      spdlog::warn("{}", error.what());
    }
  }

  /// The answer of kwsd. Throws Error (unavailable).
  std::string ask(const std::string& request) { return control_.request(request, control_patience); }

  /// Queries the keywords that kwsd listens for, and brings its models closer to the wanted ones.
  void refresh() {
    if (options_.control.empty()) {
      return;
    }
    try {
      client_.bridge().set_keywords(keywords_of(ask(R"({"command":"keywords"})")), client_.outbox());
      client_.bridge().set_commands(true, client_.outbox());
      if (!models_.empty()) {
        if (const auto request = model_request(models_of(ask(R"({"command":"status"})")), models_)) {
          check_answer(ask(*request));  // an event `reloaded` follows
        }
      }
    } catch (const Error& error) {
      spdlog::warn("MQTT: {}", error.what());
      models_.clear();
      if (error.kind() == ErrorKind::unavailable) {
        client_.bridge().set_commands(false, client_.outbox());
      }
    }
  }

  void obey(const std::vector<MqttCommand>& commands) {
    try {
      for (const MqttCommand& command : commands) {
        if (command.kind == MqttCommand::Kind::models) {
          models_ = command.models;
        } else if (!options_.control.empty()) {
          obey(command);
        }
      }
    } catch (const Error& error) {  // kwsd is not running: retained messages are sent again
      spdlog::warn("MQTT: {}", error.what());
      return;
    }
    if (!commands.empty()) {
      refresh();
    }
  }

  /// Throws Error (unavailable).
  void obey(const MqttCommand& command) {
    const std::string answer = ask(control_request(command));
    try {
      check_answer(answer);
    } catch (const Error& error) {
      spdlog::warn("MQTT: {}", error.what());
    }
  }

  const MqttOptions& options_;
  StopSignals signals_;
  EventFeed feed_;
  ControlClient control_;
  MqttClient client_;
  std::vector<std::string> models_;  // that the broker wants; empty: as configured
  bool fed_ = false, told_ = false;
};

}  // namespace

void run_mqtt_service(const MqttOptions& options) {
  check_tls(options.client.broker);
  Service(options).run();
}

}  // namespace kwsd
