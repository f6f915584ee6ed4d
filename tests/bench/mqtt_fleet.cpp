// A fleet of kwsd mqtt in one process: N clients of a broker, each as in `kwsd mqtt` but without a kwsd
// behind it. Prints a line of JSON for each second with connections, losses and clients that are connected;
// integration/fleet.py restarts the broker.
//
//   kwsd_mqtt_fleet CLIENTS PORT SPREAD_SECONDS SECONDS [DETECTIONS_A_MINUTE]
#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "app/base/log.h"
#include "app/base/steady_seconds.h"
#include "app/network/mqtt_client.h"

namespace {

using namespace kwsd;

struct Fleet {
  std::vector<std::unique_ptr<MqttClient>> clients;
  std::vector<bool> connected;
  std::vector<pollfd> polled;

  Fleet(int count, int port, double spread) {
    const double now = now_seconds();
    for (int i = 0; i < count; ++i) {
      MqttClientOptions options;
      options.broker.host = "127.0.0.1";
      options.broker.port = port;
      options.identity.id = "fleet-" + std::to_string(i);
      options.identity.name = options.identity.id;
      options.spread_seconds = spread;
      auto client = std::make_unique<MqttClient>(options, static_cast<std::uint64_t>(i), now);
      client->bridge().take_event(R"({"event":"ready"})", now, 0, client->outbox());
      client->bridge().set_keywords({{"computer", 0.8}}, client->outbox());
      clients.push_back(std::move(client));
    }
    connected.resize(clients.size());
    polled.resize(clients.size());
  }

  void step(int wait_ms) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      polled[i] = {clients[i]->descriptor(), clients[i]->events(), 0};
    }
    poll(polled.data(), polled.size(), wait_ms);
    const double now = now_seconds();
    for (std::size_t i = 0; i < clients.size(); ++i) {
      clients[i]->step(polled[i].revents, now);
    }
  }

  void detect(double a_second, double seconds, Random& random) {
    for (auto& client : clients) {
      if (random.chance(a_second * seconds)) {
        client->bridge().take_event(R"({"event":"detection","keyword":"computer","score":0.97})",
                                    now_seconds(), 0, client->outbox());
      }
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("usage: kwsd_mqtt_fleet CLIENTS PORT SPREAD_SECONDS SECONDS [DETECTIONS_A_MINUTE]\n", stderr);
    return 2;
  }
  set_up_log("off");
  const int count = std::atoi(argv[1]);
  rlimit files{};  // 4 a client
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  Fleet fleet(count, std::atoi(argv[2]), std::atof(argv[3]));
  const int seconds = std::atoi(argv[4]);
  const double detections = argc > 5 ? std::atof(argv[5]) / 60 : 0;
  Random random(1);
  for (int second = 0; second < seconds; ++second) {
    int connections = 0, losses = 0;
    std::int64_t delivered = 0, expired = 0;
    const double end = now_seconds() + 1;
    fleet.detect(detections, 1, random);
    while (now_seconds() < end) {
      fleet.step(std::clamp(static_cast<int>(std::ceil(1000 * (end - now_seconds()))), 0, 50));
      for (std::size_t i = 0; i < fleet.clients.size(); ++i) {
        const bool is = fleet.clients[i]->connected();
        connections += is && !fleet.connected[i] ? 1 : 0;
        losses += !is && fleet.connected[i] ? 1 : 0;
        fleet.connected[i] = is;
      }
    }
    for (const auto& client : fleet.clients) {
      delivered += client->outbox().delivered();
      expired += client->outbox().expired();
    }
    std::printf(R"({"second":%d,"connections":%d,"losses":%d,"connected":%ld,"delivered":%ld,"expired":%ld})"
                "\n",
                second, connections, losses, std::count(fleet.connected.begin(), fleet.connected.end(), true),
                static_cast<long>(delivered), static_cast<long>(expired));
    std::fflush(stdout);
  }
  return 0;
}
