// Requests at the control socket, to the letter, and what they change.
#include "app/daemon/control_requests.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/model/error.h"

using namespace kwsd;

namespace {

/// kwsd without sound and without sockets.
struct ControlledKwsd {
  struct ModelFolder {
    ModelFolder() { setenv("KWSD_MODEL_DIR", KWSD_SOURCE "/models", 1); }
    ~ModelFolder() { unsetenv("KWSD_MODEL_DIR"); }
  };

  static RunOptions with_threshold() {
    RunOptions options;
    options.recognition.models = {"commands"};
    options.recognition.thresholds = {"stop=0.6"};
    return options;
  }

  std::string ask(const std::string& request) { return requests.answer(request, {}).line; }
  nlohmann::json json(const std::string& request) { return nlohmann::json::parse(ask(request)); }
  /// "full half quarter" of a word.
  std::string thresholds(const std::string& word) {
    const nlohmann::json answer = json(R"({"command":"keywords"})");
    for (const nlohmann::json& row : answer["keywords"]) {
      if (row["keyword"] == word) {
        const nlohmann::json& t = row["thresholds"];
        return t["full"].dump() + " " + t["half"].dump() + " " + t["quarter"].dump();
      }
    }
    return "none";
  }
  /// What the inference thread does in a pause of the sound.
  void take_over() {
    CaptureBuffer buffer(100);
    buffer.begin(16000);
    pipeline.on_turn(buffer);
    for (int i = 0; i < 10; ++i) {
      pipeline.on_pause();
    }
    REQUIRE(reload.finished());
  }

  const ModelFolder folder;
  RunOptions options = with_threshold();
  EventQueue events{100};
  Pipeline pipeline{std::make_unique<Recognizer>(options.recognition), events};
  Controls controls{pipeline, true, options.recognition};
  Reload reload{pipeline, controls, options, [this] { return options; }};
  std::mutex mutex;
  ControlRequests requests{{mutex, pipeline, controls, reload,
                            [] {
                              return ControlTarget::Input{"mic", true};
                            },
                            [] { return std::pair(2, 1); }}};
};

}  // namespace

TEST_CASE("requests that are refused say what was found and what was expected, and change nothing") {
  const std::string object = R"(, expected an object such as {\"command\":\"status\"}","code":2})";
  const std::pair<std::string, std::string> refused[] = {
      {"", R"({"error":"found no JSON)" + object},
      {"\xff\xfe", R"({"error":"found no JSON)" + object},
      {"[1]", R"({"error":"found array)" + object},
      {R"({})", R"({"error":"command: found nothing, expected a string","code":2})"},
      {R"({"command":7})", R"({"error":"command: found number, expected a string","code":2})"},
      {R"({"command":"stop"})",
       R"({"error":"command: found 'stop', expected one of mute, unmute, threshold, branch, model, status, keywords, )"
       R"(configured, scores, subscribe","code":2})"},
      {R"({"command":"mute","for":3})",
       R"({"error":"request: found the member 'for', expected command alone","code":2})"},
      {R"({"command":"threshold","word":"stop","level":1})",
       R"({"error":"request: found the member 'level', expected word, value, branch","code":2})"},
      {R"({"command":"threshold"})",
       R"({"error":"value: found nothing, expected a number from 0 to 1","code":2})"},
      {R"({"command":"threshold","value":"0.5"})",
       R"({"error":"value: found string, expected a number from 0 to 1","code":2})"},
      {R"({"command":"threshold","value":1.001})",
       R"({"error":"value: found 1.001, expected a number from 0 to 1","code":2})"},
      {R"({"command":"threshold","value":0.5,"word":"halt"})",
       R"({"error":"word: found 'halt', expected a keyword of a model that listens","code":2})"},
      {R"({"command":"threshold","value":0.5,"word":""})",
       R"({"error":"word: found '', expected a keyword of a model that listens","code":2})"},
      {R"({"command":"threshold","value":0.5,"branch":"auto"})",
       R"({"error":"branch: found 'auto', expected full, half or quarter","code":2})"},
      {R"({"command":"branch","branch":"third"})",
       R"({"error":"branch: found 'third', expected auto, full, half or quarter","code":2})"},
      {R"({"command":"model"})",
       R"({"error":"model: found 0 changes, expected add, remove, or replace and by","code":2})"},
      {R"({"command":"model","replace":"commands"})",
       R"({"error":"model: found 1 changes, expected add, remove, or replace and by","code":2})"},
      {R"({"command":"model","add":"/tmp/evil"})",
       R"({"error":"model: found '/tmp/evil', expected the name of an installed model","code":2})"},
      {R"({"command":"model","add":"commands"})",
       R"({"error":"model: found 'commands', which listens already, expected another model","code":2})"},
      {R"({"command":"model","remove":"commands"})",
       R"({"error":"model: found the last one, expected one of several; mute stops listening","code":2})"},
      {R"({"command":"model","remove":"jarvis"})",
       R"({"error":"model: found 'jarvis', expected one that listens: commands","code":2})"},
  };
  ControlledKwsd kwsd;
  const std::string before = kwsd.ask(R"({"command":"keywords"})") + kwsd.ask(R"({"command":"status"})");
  for (const auto& [request, answer] : refused) {
    CHECK(kwsd.ask(request) == answer + "\n");
  }
  CHECK(kwsd.json(R"({"command":"model","add":"nosuch"})")["code"] == 66);
  CHECK(kwsd.ask(std::string(4096, '[')).find("error") != std::string::npos);
  CHECK(kwsd.ask(R"({"command":"keywords"})") + kwsd.ask(R"({"command":"status"})") == before);
}

TEST_CASE("mute, branch and thresholds change what runs") {
  ControlledKwsd kwsd;
  const std::string ok = "{\"ok\":true}\n";
  CHECK(kwsd.ask(R"({"command":"mute"})") == ok);
  CHECK(kwsd.controls.muted());
  CHECK(kwsd.ask(R"( { "command" : "unmute" } )") == ok);
  CHECK_FALSE(kwsd.controls.muted());
  CHECK(kwsd.ask(R"({"command":"branch","branch":"quarter"})") == ok);
  CHECK(kwsd.controls.branch() == BranchId::quarter);
  CHECK_FALSE(kwsd.json(R"({"command":"status"})")["automatic"]);
  CHECK(kwsd.ask(R"({"command":"branch","branch":"auto"})") == ok);
  CHECK(kwsd.json(R"({"command":"status"})")["automatic"]);
  CHECK(kwsd.thresholds("stop") == "0.6 0.6 0.6");
  CHECK(kwsd.ask(R"({"command":"threshold","value":0.5,"word":"Stop","branch":"half"})") == ok);
  CHECK(kwsd.thresholds("stop") == "0.6 0.5 0.6");
  CHECK(kwsd.ask(R"({"command":"threshold","value":1})") == ok);
  CHECK(kwsd.thresholds("stop") == "1.0 1.0 1.0");
  CHECK(kwsd.thresholds("go") == "1.0 1.0 1.0");
  const Answer subscribed = kwsd.requests.answer(R"({"command":"subscribe"})", {});
  CHECK(subscribed.subscribes);
  CHECK(subscribed.line == ok);
}

TEST_CASE("models come, go and are replaced, and thresholds stay with their words") {
  ControlledKwsd kwsd;
  CHECK(kwsd.json(R"({"command":"threshold","value":0.55,"word":"go"})")["ok"]);
  CHECK(kwsd.ask(R"({"command":"model","add":"jarvis"})") ==
        "{\"ok\":true,\"models\":[\"commands\",\"jarvis\"]}\n");
  CHECK(kwsd.ask(R"({"command":"model","add":"computer"})") ==
        "{\"error\":\"the last change of models is not in effect yet\",\"code\":69}\n");
  kwsd.take_over();
  CHECK(kwsd.thresholds("stop") == "0.6 0.6 0.6");
  CHECK(kwsd.thresholds("go") == "0.55 0.55 0.55");
  CHECK(kwsd.ask(R"({"command":"model","replace":"jarvis","by":"computer"})") ==
        "{\"ok\":true,\"models\":[\"commands\",\"computer\"]}\n");
  kwsd.take_over();
  CHECK(kwsd.ask(R"({"command":"model","replace":"computer","by":"commands"})").find("listens already") !=
        std::string::npos);
  CHECK(kwsd.ask(R"({"command":"model","remove":"commands"})") ==
        "{\"ok\":true,\"models\":[\"computer\"]}\n");
  kwsd.take_over();
  CHECK(kwsd.thresholds("stop") == "none");
  CHECK(kwsd.ask(R"({"command":"model","replace":"computer","by":"commands"})") ==
        "{\"ok\":true,\"models\":[\"commands\"]}\n");
  kwsd.take_over();
  CHECK(kwsd.thresholds("stop") == "0.6 0.6 0.6");
  CHECK(kwsd.thresholds("go") == "0.55 0.55 0.55");
  REQUIRE(kwsd.reload.start());  // back to the configuration
  kwsd.take_over();
  CHECK(kwsd.thresholds("stop") == "0.6 0.6 0.6");
  CHECK(kwsd.thresholds("go") != "0.55 0.55 0.55");
}

TEST_CASE("the configuration is read for an answer, and changes nothing that listens") {
  ControlledKwsd kwsd;
  const auto configured = [&](const std::string& word) {
    const nlohmann::json answer = kwsd.json(R"({"command":"configured"})");
    for (const nlohmann::json& row : answer["keywords"]) {
      if (row["keyword"] == word) {
        return row;
      }
    }
    return nlohmann::json();
  };
  CHECK(kwsd.json(R"({"command":"threshold","value":0.41,"word":"stop"})")["ok"]);
  kwsd.options.recognition.models = {"commands", "jarvis"};
  kwsd.options.recognition.thresholds = {"stop=0.7"};
  const std::string before = kwsd.ask(R"({"command":"keywords"})");
  CHECK(kwsd.json(R"({"command":"configured"})")["models"] == nlohmann::json{"commands", "jarvis"});
  CHECK(configured("stop") ==
        nlohmann::json::parse(
            R"({"keyword":"stop","model":"commands","thresholds":{"full":0.7,"half":0.7,"quarter":0.7}})"));
  CHECK(configured("jarvis")["model"] == "jarvis");
  kwsd.options.recognition.thresholds = {"halt=0.7"};
  CHECK(kwsd.json(R"({"command":"configured"})")["code"] == 2);
  CHECK(kwsd.ask(R"({"command":"keywords"})") == before);
  CHECK(kwsd.reload.models() == std::vector<std::string>{"commands"});
}

TEST_CASE("status and keywords say how it goes") {
  ControlledKwsd kwsd;
  Model model;
  model.name = "commands";
  model.labels = {{"stop", LabelKind::keyword}};
  for (int i = 0; i < 3; ++i) {
    kwsd.requests.on_event({DetectionEvent{std::make_shared<const Model>(model), Detection{}, i}, {}});
  }
  const nlohmann::json words = kwsd.json(R"({"command":"keywords"})");
  CHECK(words["keywords"].size() == 10);
  for (const nlohmann::json& row : words["keywords"]) {
    CHECK(row["detections"] == (row["keyword"] == "stop" ? 3 : 0));
    CHECK(row["model"] == "commands");
  }
  const std::vector<double> nothing(10, 0.0);
  CHECK(kwsd.json(R"({"command":"scores"})")["scores"] == nothing);  // no window yet
  CaptureBuffer buffer(16000);
  buffer.begin(16000);
  kwsd.pipeline.on_turn(buffer);
  kwsd.pipeline.on_samples(std::vector<float>(8000, 0.1F));
  const nlohmann::json scores = kwsd.json(R"({"command":"scores"})");
  CHECK(scores["seconds"] == 0.5);
  CHECK(scores["level"] == -20.0);
  CHECK(scores["branch"] == "full");
  CHECK(scores["scores"].size() == 10);
  CHECK(scores["scores"] != nothing);
  kwsd.controls.set_muted(true);
  CHECK(kwsd.json(R"({"command":"scores"})")["scores"] == nothing);
  kwsd.controls.set_muted(false);
  const nlohmann::json status = kwsd.json(R"({"command":"status"})");
  CHECK(status["input"] == "mic");
  CHECK(status["device"] == "waiting");
  CHECK(status["models"] == nlohmann::json{"commands"});
  CHECK(status["clients"] == nlohmann::json{{"events", 2}, {"control", 1}});
  CHECK(status["seconds"] == 0.5);
  CHECK(status["level"] == -20.0);
  CHECK_FALSE(status.contains("event"));
}
