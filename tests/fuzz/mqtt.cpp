#include <string_view>

#include "app/network/mqtt_bridge.h"
#include "engine/model/error.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace kwsd::fuzz {

namespace {

void take(MqttBridge& bridge, Outbox& outbox, std::string_view line) {
  const std::size_t blank = line.find(' ');
  try {
    if (line.starts_with("{") || blank == std::string_view::npos) {
      bridge.take_event(line, 0, 0, outbox);
    } else if (const auto command = bridge.take_message(line.substr(0, blank), line.substr(blank + 1), 0)) {
      expect(command->threshold >= 0 && command->threshold <= 1, "a threshold out of range");
    }
  } catch (const Error& error) {
    expect(error.kind() == ErrorKind::bad_data, "an error of another kind");
  }
}

}  // namespace

void mqtt(std::span<const std::byte> bytes) {
  MqttIdentity identity;
  identity.id = "a";
  identity.name = "A";
  identity.groups = {"g"};
  identity.hermes = true;
  if (bytes.empty() || (std::to_integer<int>(bytes.front()) & 1) == 0) {
    identity.discovery_prefix.clear();  // which takes most of the time: thousands of other runs a second
  }
  MqttBridge bridge(identity, 60, 2, 1);
  Outbox outbox(8);
  bridge.set_commands(true, outbox);
  bridge.set_keywords({{"stop", 0.5}, {"a/b", 0.5}}, outbox);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    take(bridge, outbox, text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  for (int id = 1; const MqttMessage* message = outbox.next(0); ++id) {  // what a broker takes
    expect(!message->topic.empty() && message->topic.find_first_of("+#") == std::string::npos, "a topic");
    expect(nlohmann::json::accept(message->payload) || message->retain, "a payload that is no JSON");
    outbox.sent(id);
  }
}

}  // namespace kwsd::fuzz
