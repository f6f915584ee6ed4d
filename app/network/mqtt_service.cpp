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
#include "app/network/event_feed.h"
#include "app/network/notify.h"
#include "engine/model/error.h"
#include "engine/spotter/spotter_stream.h"

namespace kwsd {

namespace {

constexpr double goodbye_seconds = 1;

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::uint64_t random_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32U) | device();
}

/// The keywords of the models, with the thresholds that apply to the full branch.
std::vector<MqttKeyword> keywords_of(const RecognitionOptions& recognition) {
  const auto spotter = load_spotter(recognition);
  const auto models = spotter->models();
  SpotterStream stream(spotter);
  apply_thresholds(recognition.thresholds, models, [&stream](std::size_t model, int label, float threshold) {
    stream.set_threshold(model, label, threshold);
  });
  std::vector<MqttKeyword> keywords;
  for (std::size_t m = 0; m < models.size(); ++m) {
    for (std::size_t label = 0; label < models[m]->labels.size(); ++label) {
      const std::string& word = models[m]->labels[label].name;
      const auto same = [&word](const MqttKeyword& other) { return other.word == word; };
      if (models[m]->labels[label].kind == LabelKind::keyword &&
          std::none_of(keywords.begin(), keywords.end(), same)) {
        keywords.push_back({word, stream.threshold(m, static_cast<int>(label), BranchId::full)});
      }
    }
  }
  return keywords;
}

class Service {
 public:
  explicit Service(const MqttOptions& options)
      : options_(options), feed_(options.socket), client_(options.client, random_seed(), now_seconds()) {
    client_.bridge().set_keywords(keywords_of(options.recognition), client_.outbox());
  }

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
    (void)client_.take_commands();
  }

  void feed(short revents) {
    if (!feed_.connected()) {
      feed_.connect(now_seconds());
      if (feed_.connected() != std::exchange(fed_, feed_.connected()) || !std::exchange(told_, true)) {
        fed_ ? spdlog::info("MQTT: reading events from {}", options_.socket)
             : spdlog::warn("MQTT: {}: {}; waiting for kwsd", options_.socket, feed_.reason());
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
      client_.bridge().take_event(line, now_seconds(), wall_seconds(), client_.outbox());
    } catch (const Error& error) {
      spdlog::warn("{}", error.what());
    }
  }

  const MqttOptions& options_;
  StopSignals signals_;
  EventFeed feed_;
  MqttClient client_;
  bool fed_ = false, told_ = false;
};

}  // namespace

void run_mqtt_service(const MqttOptions& options) {
  check_tls(options.client.broker);
  Service(options).run();
}

}  // namespace kwsd
