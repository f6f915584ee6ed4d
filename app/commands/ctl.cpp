// kwsd ctl: one request to a running kwsd, or its events.
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/commands/control_flag.h"
#include "app/events/control_client.h"
#include "app/settings/config.h"
#include "app/settings/settings.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

using Json = nlohmann::ordered_json;

/// The request of the subcommand on the command line.
struct ControlCall {
  std::string socket;
  std::string threshold, branch, old_model, model;
  std::function<Json()> request;
};

/// Prints the answer. Throws the Error that kwsd reports.
int ask(ControlClient& client, const Json& request) {
  const std::string line = client.request(request.dump());
  const Json answer = Json::parse(line, nullptr, false);
  if (!answer.is_object()) {
    throw Error(ErrorKind::unavailable, "found an answer that is no JSON, expected kwsd at the socket");
  }
  if (const auto error = answer.find("error"); error != answer.end()) {
    throw Error(static_cast<ErrorKind>(answer.value("code", static_cast<int>(ErrorKind::internal))),
                error->is_string() ? error->get<std::string>() : error->dump());
  }
  std::printf("%s\n", line.c_str());
  return 0;
}

/// Prints events until kwsd ends or the output has no reader.
int print_events(ControlClient& client) {
  client.subscribe();
  for (;;) {
    if (const auto event = client.next_event(std::chrono::milliseconds(500))) {
      std::printf("%s\n", event->c_str());
    } else if (!client.connected()) {
      return 0;
    }
    if (std::fflush(stdout) != 0) {
      return 0;  // run_program reports why
    }
  }
}

Json threshold_request(const ControlCall& call) {
  const KeywordValue setting = parse_keyword_value(call.threshold, 1);
  Json request = {{"command", "threshold"}, {"value", std::round(1e6 * setting.value) / 1e6}};
  if (!setting.word.empty()) {
    request["word"] = setting.word;
  }
  if (!call.branch.empty()) {
    request["branch"] = call.branch;
  }
  return request;
}

/// A subcommand that sends `request`, with the values of its options.
CLI::App* add_request(CLI::App& parent, const std::shared_ptr<ControlCall>& call, const std::string& name,
                      const std::string& help, const std::function<Json()>& request) {
  CLI::App* command = parent.add_subcommand(name, help);
  command->callback([call, request] { call->request = request; });
  return command;
}

void add_model_requests(CLI::App& parent, const std::shared_ptr<ControlCall>& call) {
  CLI::App* model = parent.add_subcommand("model", "Add, remove or replace a model");
  model->require_subcommand(1);
  const auto request = [](const char* what, const std::string& name) {
    return Json{{"command", "model"}, {what, name}};
  };
  add_request(*model, call, "add", "Listen with one more model",
              [call, request] { return request("add", call->model); })
      ->add_option("NAME", call->model, "The name of an installed model")
      ->required();
  add_request(*model, call, "remove", "Listen without a model",
              [call, request] { return request("remove", call->model); })
      ->add_option("NAME", call->model, "The name of a model that listens")
      ->required();
  CLI::App* replace =
      add_request(*model, call, "replace", "Listen with another model in the place of one", [call, request] {
        Json both = request("replace", call->old_model);
        both["by"] = call->model;
        return both;
      });
  replace->add_option("OLD", call->old_model, "The name of a model that listens")->required();
  replace->add_option("NEW", call->model, "The name of an installed model; OLD reads its file again")
      ->required();
}

void add_requests(CLI::App& parent, const std::shared_ptr<ControlCall>& call) {
  const auto plain = [&](const char* name, const char* help) {
    add_request(parent, call, name, help, [name] { return Json{{"command", name}}; });
  };
  plain("status", "Print counters, level, branch and models");
  plain("keywords", "Print the keywords with thresholds and detections");
  plain("configured", "Print models and keywords as a reload would bring them");
  plain("scores", "Print the level and the score of each keyword");
  plain("mute", "Stop listening; the microphone stays open");
  plain("unmute", "Listen again");
  CLI::App* threshold = add_request(parent, call, "threshold", "Set the threshold of all keywords or of one",
                                    [call] { return threshold_request(*call); });
  threshold->add_option("THRESHOLD", call->threshold, "X or WORD=X, from 0 to 1")->required();
  threshold->add_option("--branch", call->branch, "In one branch alone")
      ->check(CLI::IsMember({"full", "half", "quarter"}));
  add_request(parent, call, "branch", "Fix the branch",
              [call] {
                return Json{{"command", "branch"}, {"branch", call->branch}};
              })
      ->add_option("BRANCH", call->branch, "'auto': the governor chooses again")
      ->required()
      ->check(CLI::IsMember({"auto", "full", "half", "quarter"}));
  add_model_requests(parent, call);
  add_request(parent, call, "subscribe", "Print events until kwsd ends", {});
}

}  // namespace

void add_ctl_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand("ctl", "Control a running kwsd through its control socket");
  const auto call = std::make_shared<ControlCall>();
  add_control_flag(*command, call->socket);
  add_config_option(*command);
  command->require_subcommand(1);
  add_requests(*command, call);
  command->callback([&selected, call, command] {
    selected = [call, command] {
      const auto request = std::exchange(call->request, nullptr);  // it holds `call`
      load_config(*command);
      ControlClient client(call->socket.empty() ? default_control_path() : call->socket);
      return request ? ask(client, request()) : print_events(client);
    };
  });
}

}  // namespace kwsd
