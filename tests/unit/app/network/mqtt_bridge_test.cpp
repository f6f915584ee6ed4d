// What kwsd says to a broker, what it takes from there, and the documents of Home Assistant's discovery.
#include "app/network/mqtt_bridge.h"

#include <catch2/catch.hpp>
#include <map>

#include "app/network/mqtt_connection.h"
#include "app/network/mqtt_control.h"
#include "engine/model/error.h"

using namespace kwsd;
using nlohmann::json;

namespace {

MqttIdentity kitchen() {
  MqttIdentity identity;
  identity.id = "kitchen";
  identity.name = "Kitchen";
  identity.groups = {"ground_floor"};
  return identity;
}

struct Bridge {
  explicit Bridge(MqttIdentity identity = kitchen()) : bridge(std::move(identity), 60, 2, 1) {}

  MqttBridge bridge;
  Outbox outbox{100};
  int id = 0;

  /// What was published since, by topic; the last one of each.
  std::map<std::string, MqttMessage> published() {
    std::map<std::string, MqttMessage> messages;
    while (const MqttMessage* message = outbox.next(0)) {
      messages[message->topic] = *message;
      outbox.sent(++id);
      outbox.acknowledged(id);
    }
    return messages;
  }

  void event(const std::string& line, double now = 0, double wall = 0) {
    bridge.take_event(line, now, wall, outbox);
  }

  std::optional<MqttCommand> message(const std::string& topic, const std::string& payload) {
    return bridge.take_message(topic, payload, 0);
  }
};

constexpr const char* ready = R"({"event":"ready","models":["commands"]})";

}  // namespace

TEST_CASE("a detection is published once, with its event type, and expires") {
  Bridge kwsd;
  kwsd.event(
      R"({"event":"detection","keyword":"stop","score":0.97,"time":"2026-11-22T20:44:01.500Z","seq":7})", 100,
      1795380243.5);
  const auto messages = kwsd.published();
  REQUIRE(messages.size() == 1);
  const MqttMessage& message = messages.at("kwsd/kitchen/detection");
  CHECK_FALSE(message.retain);
  CHECK(message.expires == Approx(100 + 60 - 2));  // it is 2 s old
  const json payload = json::parse(message.payload);
  CHECK(payload["event_type"] == "stop");
  CHECK(payload["score"] == 0.97);
  CHECK(payload["seq"] == 7);
}

TEST_CASE("a clock that was set does not make a detection younger than it is") {
  Bridge kwsd;
  kwsd.event(R"({"event":"detection","keyword":"stop","time":"2026-11-22T20:44:01.500Z"})", 100, 0);
  CHECK(kwsd.published().at("kwsd/kitchen/detection").expires == Approx(160));
}

TEST_CASE("availability follows kwsd, and the will says offline") {
  Bridge kwsd;
  kwsd.bridge.broker_connected(kwsd.outbox);
  CHECK(kwsd.published().at("kwsd/kitchen/availability").payload == "offline");
  kwsd.event(ready);
  CHECK(kwsd.published().at("kwsd/kitchen/availability").payload == "online");
  kwsd.bridge.broker_connected(kwsd.outbox);  // another connection: every state anew
  const auto again = kwsd.published();
  CHECK(again.at("kwsd/kitchen/availability").payload == "online");
  CHECK(again.at("kwsd/kitchen/listen").payload == "ON");
  CHECK(again.at("homeassistant/device/kwsd_kitchen/config").retain);
  kwsd.bridge.kwsd_gone(kwsd.outbox);
  CHECK(kwsd.published().at("kwsd/kitchen/availability").payload == "offline");
  CHECK(kwsd.bridge.will().topic == "kwsd/kitchen/availability");
  CHECK(kwsd.bridge.will().payload == "offline");
  CHECK(kwsd.bridge.will().retain);
}

TEST_CASE("mute and a missing microphone are states") {
  Bridge kwsd;
  kwsd.event(ready);
  kwsd.event(R"({"event":"muted","seconds":1})");
  kwsd.event(R"({"event":"device_lost","device":"mic"})");
  auto messages = kwsd.published();
  CHECK(messages.at("kwsd/kitchen/listen").payload == "OFF");
  CHECK(messages.at("kwsd/kitchen/problem").payload == "ON");
  kwsd.event(R"({"event":"silent_input","channel":1})");
  kwsd.event(R"({"event":"device_restored"})");
  CHECK(kwsd.published().at("kwsd/kitchen/problem").payload == "ON");
  kwsd.event(R"({"event":"silent_input_ended"})");
  kwsd.event(R"({"event":"unmuted"})");
  messages = kwsd.published();
  CHECK(messages.at("kwsd/kitchen/problem").payload == "OFF");
  CHECK(messages.at("kwsd/kitchen/listen").payload == "ON");
}

TEST_CASE("lines that are no event are errors, unknown events are ignored") {
  Bridge kwsd;
  for (const char* line : {"", "{", "[]", "3", R"({"event":3})", R"({"kind":"detection"})", "\xff"}) {
    CHECK_THROWS_AS(kwsd.event(line), Error);
  }
  kwsd.event(R"({"event":"tomorrow"})");
  kwsd.event(R"({"event":"dropped","events":"many"})");
  CHECK(kwsd.published().empty());
}

TEST_CASE("commands of this kwsd and of its groups") {
  Bridge kwsd;
  using Kind = MqttCommand::Kind;
  CHECK(kwsd.message("kwsd/kitchen/listen/set", "OFF") == MqttCommand{.kind = Kind::mute});
  CHECK(kwsd.message("kwsd/ground_floor/listen/set", "ON") == MqttCommand{.kind = Kind::listen});
  CHECK(kwsd.message("kwsd/kitchen/threshold/stop/set", "0.85") ==
        MqttCommand{.kind = Kind::threshold, .word = "stop", .threshold = 0.85});
  CHECK(kwsd.message("kwsd/kitchen/threshold/hey computer/set", "1") ==
        MqttCommand{.kind = Kind::threshold, .word = "hey computer", .threshold = 1});
  for (const char* topic : {"kwsd/cellar/listen/set", "kwsd/kitchen/listen", "kwsd/kitchen/threshold/set",
                            "kwsd/kitchen/threshold//set", "other", ""}) {
    CHECK_FALSE(kwsd.message(topic, "ON"));
  }
  CHECK_FALSE(kwsd.message("kwsd/kitchen/listen/set", ""));                          // cleared
  CHECK_FALSE(kwsd.message("hermes/hotword/toggleOff", R"({"siteId":"kitchen"})"));  // not asked for
  for (const char* payload : {"on", "1", "ON ", "\xff"}) {
    CHECK_THROWS_AS(kwsd.message("kwsd/kitchen/listen/set", payload), Error);
  }
  for (const char* payload : {"-0.1", "1.01", "nan", "inf", "0,5", "0.5 ", "x", "1e400"}) {
    CHECK_THROWS_AS(kwsd.message("kwsd/kitchen/threshold/stop/set", payload), Error);
  }
  CHECK_THROWS_AS(kwsd.message("kwsd/kitchen/threshold/a%0Ab/set", "0.5"), Error);
}

TEST_CASE("models are names, separated by commas") {
  Bridge kwsd;
  const auto wanted = kwsd.message("kwsd/kitchen/models/set", "computer , commands");
  REQUIRE(wanted);
  CHECK(wanted->kind == MqttCommand::Kind::models);
  CHECK(wanted->models == std::vector<std::string>{"computer", "commands"});
  const auto most =
      kwsd.message("kwsd/kitchen/models/set", std::string(64, 'a') + ",b,c,d,e,f,g,h,i,j,k,l,m,n,o,p");
  REQUIRE(most);
  CHECK(most->models.size() == 16);
  const std::vector<std::string> wrong{
      ",", "a,", "../a", "/etc/passwd", "a b", std::string(65, 'a'), "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"};
  for (const std::string& payload : wrong) {
    CHECK_THROWS_AS(kwsd.message("kwsd/ground_floor/models/set", payload), Error);
  }
}

TEST_CASE("requests of the control socket, and its answers") {
  using Kind = MqttCommand::Kind;
  CHECK(control_request({.kind = Kind::listen}) == R"({"command":"unmute"})");
  CHECK(control_request({.kind = Kind::mute}) == R"({"command":"mute"})");
  CHECK(json::parse(control_request({.kind = Kind::threshold, .word = "stop", .threshold = 0.5})) ==
        json{{"command", "threshold"}, {"word", "stop"}, {"value", 0.5}});
  CHECK(keywords_of(R"({"ok":true,"keywords":[{"keyword":"a","thresholds":{"full":0.5}},
      {"keyword":"a","thresholds":{"full":0.6}},{"keyword":"b","thresholds":{"full":1}}]})") ==
        std::vector<MqttKeyword>{{"a", 0.5}, {"b", 1}});
  CHECK(models_of(R"({"ok":true,"models":["commands"]})") == std::vector<std::string>{"commands"});
  for (const char* answer :
       {"", "[]", "{}", R"({"keywords":3})", R"({"keywords":[3]})", R"({"keywords":[{"keyword":"a"}]})",
        R"({"keywords":[{"keyword":"a","thresholds":3}]})"}) {
    CHECK_THROWS_AS(keywords_of(answer), Error);
  }
  CHECK_THROWS_WITH(check_answer(R"({"error":"word: found 'x'","code":2})"), "kwsd refuses: word: found 'x'");
}

TEST_CASE("models change one at a time") {
  using Names = std::vector<std::string>;
  const auto request = [](const Names& listening, const Names& wanted) {
    return json::parse(model_request(listening, wanted).value_or("{}"));
  };
  CHECK(request({"a"}, {"a"}).empty());
  CHECK(request({"a", "b"}, {"b", "a"}).empty());
  CHECK(request({"a"}, {"b"}) == json{{"command", "model"}, {"replace", "a"}, {"by", "b"}});
  CHECK(request({"a"}, {"a", "b"}) == json{{"command", "model"}, {"add", "b"}});
  CHECK(request({"a", "b"}, {"b"}) == json{{"command", "model"}, {"remove", "a"}});
}

TEST_CASE("a command's payload has at most 1024 bytes") {
  Bridge kwsd;
  const std::string digits = "0." + std::string(1022, '5');
  CHECK(kwsd.message("kwsd/kitchen/threshold/stop/set", digits));
  CHECK_THROWS_AS(kwsd.message("kwsd/kitchen/threshold/stop/set", digits + "5"), Error);
}

TEST_CASE("Hermes, where it is asked for") {
  MqttIdentity identity = kitchen();
  identity.hermes = true;
  Bridge kwsd(identity);
  kwsd.event(R"({"event":"detection","keyword":"stop","threshold":0.8})");
  const json payload = json::parse(kwsd.published().at("hermes/hotword/stop/detected").payload);
  CHECK(payload["modelId"] == "stop");
  CHECK(payload["currentSensitivity"] == 0.8);
  CHECK(payload["siteId"] == "kitchen");
  CHECK(payload.contains("modelVersion"));
  CHECK(payload.contains("modelType"));
  CHECK(kwsd.message("hermes/hotword/toggleOff", R"({"siteId":"kitchen","reason":"playAudio"})")->kind ==
        MqttCommand::Kind::mute);
  CHECK(kwsd.message("hermes/hotword/toggleOn", R"({"siteId":"kitchen"})")->kind ==
        MqttCommand::Kind::listen);
  CHECK_FALSE(kwsd.message("hermes/hotword/toggleOn", R"({"siteId":"cellar"})"));
  CHECK_THROWS_AS(kwsd.message("hermes/hotword/toggleOn", "off"), Error);
}

TEST_CASE("discovery is published again a while after Home Assistant has started") {
  Bridge kwsd;
  kwsd.bridge.set_keywords({{"stop", 0.8}}, kwsd.outbox);
  (void)kwsd.published();
  CHECK_FALSE(kwsd.message("homeassistant/status", "offline"));
  CHECK(kwsd.bridge.due() > 1e9);
  CHECK_FALSE(kwsd.message("homeassistant/status", "online"));
  CHECK(kwsd.bridge.due() < 2);
  kwsd.bridge.tick(kwsd.bridge.due(), kwsd.outbox);
  CHECK(kwsd.published().contains("homeassistant/device/kwsd_kitchen/config"));
  CHECK(kwsd.bridge.due() > 1e9);
}

TEST_CASE("keywords that are gone lose their entities") {
  Bridge kwsd;
  kwsd.bridge.set_commands(true, kwsd.outbox);
  kwsd.bridge.set_keywords({{"stop", 0.8}, {"go", 0.7}}, kwsd.outbox);
  auto messages = kwsd.published();
  CHECK(messages.at("kwsd/kitchen/threshold/go").payload == "0.7");
  json components =
      json::parse(messages.at("homeassistant/device/kwsd_kitchen/config").payload)["components"];
  CHECK(components["keyword"]["event_types"] == json{"stop", "go"});
  CHECK(components["listen"].contains("command_topic"));
  kwsd.bridge.set_keywords({{"stop", 0.8}}, kwsd.outbox);
  components =
      json::parse(kwsd.published().at("homeassistant/device/kwsd_kitchen/config").payload)["components"];
  CHECK(components["spoken_go"] == json{{"platform", "device_automation"}});
  CHECK(components["threshold_go"] == json{{"platform", "number"}});
  CHECK(components["spoken_stop"]["payload"] == "stop");
}

TEST_CASE("without commands there is neither a switch nor a threshold") {
  Bridge kwsd;
  kwsd.bridge.set_keywords({{"stop", 0.8}}, kwsd.outbox);
  const json components =
      json::parse(kwsd.published().at("homeassistant/device/kwsd_kitchen/config").payload)["components"];
  CHECK(components["listen"] == json{{"platform", "switch"}});
  CHECK(components["threshold_stop"] == json{{"platform", "number"}});
}

TEST_CASE("words are levels of topics and come back from there") {
  for (const char* word : {"stop", "hey computer", "a/b", "+", "#", "100%", "%41", "Über", "\n"}) {
    const std::string level = topic_level(word);
    CHECK(level.find_first_of("/+#\n") == std::string::npos);
    CHECK(word_of_level(level) == word);
  }
  CHECK(word_of_level("%") == "%");
  CHECK(word_of_level("%4") == "%4");
  CHECK(word_of_level("%zz") == "%zz");
  CHECK(is_mqtt_id(default_mqtt_id()));
}

TEST_CASE("addresses of brokers") {
  CHECK(parse_broker("mqtt://broker").port == 1883);
  CHECK(parse_broker("mqtts://broker.example").port == 8883);
  CHECK(parse_broker("mqtts://broker").tls);
  CHECK(parse_broker("mqtt://10.0.0.1:11883").port == 11883);
  CHECK(parse_broker("mqtt://[::1]").host == "::1");
  CHECK(parse_broker("mqtt://[::1]:99").port == 99);
  for (const char* uri :
       {"", "broker", "http://broker", "mqtt://", "mqtt://:1", "mqtt://a:", "mqtt://a:0", "mqtt://a:x",
        "mqtt://a:65536", "mqtt://a:99999999999", "mqtt://me:secret@broker", "mqtt://a/b"}) {
    CHECK_THROWS_AS(parse_broker(uri), Error);
  }
}
