// Translates broker commands into requests of the control socket (kwsd(1), CONTROL), and parses the answers.
// Thread: any, pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/network/mqtt_bridge.h"

namespace kwsd {

/// The request for a command to mute, to unmute, or to set a threshold.
[[nodiscard]] std::string control_request(const MqttCommand& command);
/// The request that brings the active models closer to the wanted ones; nothing: they are the same.
[[nodiscard]] std::optional<std::string> model_request(const std::vector<std::string>& listening,
                                                       const std::vector<std::string>& wanted);

/// The keywords of an answer to "keywords", each once, with its threshold in the full branch. Throws Error:
/// an error of kwsd (usage), an answer of another form (bad_data).
[[nodiscard]] std::vector<MqttKeyword> keywords_of(std::string_view answer);
/// The models of an answer to "status". Throws Error likewise.
[[nodiscard]] std::vector<std::string> models_of(std::string_view answer);
/// Throws Error (usage) if the answer is an error.
void check_answer(std::string_view answer);

}  // namespace kwsd
