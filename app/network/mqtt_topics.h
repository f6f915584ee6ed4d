// The names of kwsd on a broker. Thread: any, pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kwsd {

/// The identity of a daemon on its broker.
struct MqttIdentity {
  std::string prefix = "kwsd";                     ///< first level of the topics
  std::string id;                                  ///< second level: letters, digits, '_' and '-'
  std::string name;                                ///< the name shown to users
  std::vector<std::string> groups;                 ///< commands to PREFIX/GROUP/... are also obeyed
  std::string discovery_prefix = "homeassistant";  ///< empty: no discovery
  bool hermes = false;

  /// "kwsd/kitchen/LEAF".
  [[nodiscard]] std::string topic(std::string_view leaf) const { return of(id, leaf); }
  [[nodiscard]] std::string of(std::string_view who, std::string_view leaf) const {
    return prefix + '/' + std::string(who) + '/' + std::string(leaf);
  }
};

/// A word as one level of a topic: '/', '+', '#', '%' and control characters become %XX.
[[nodiscard]] std::string topic_level(std::string_view word);
/// The word of a level; a '%' without two hexadecimal digits stays as it is.
[[nodiscard]] std::string word_of_level(std::string_view level);

/// Whether it can be an id or a group: 1 to 64 letters, digits, '_' and '-' of ASCII.
[[nodiscard]] bool is_mqtt_id(std::string_view text) noexcept;
/// The name of this machine and 12 digits unique to it: "raspberrypi-3fa91c22b07e". Identically configured
/// machines share the same name.
[[nodiscard]] std::string default_mqtt_id();

}  // namespace kwsd
