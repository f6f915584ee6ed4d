// One conversation in vosk-server's protocol: JSON and sound of a client in, JSON to the client out; each
// message with sound gets one answer. Does not depend on a socket. Thread: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "app/network/keyword_stream.h"

namespace kwsd {

class WsConversation {
 public:
  static constexpr std::size_t most_text_bytes = 65536;
  static constexpr std::size_t most_sound_bytes = 1U << 20U;  ///< of one message

  /// Takes a word, and the two arguments for say(): if the word counts, and if another stream answers.
  using Tell = std::function<void(const StreamWord& word, std::string won, std::string lost)>;

  /// Sound is 16 kHz, 16 bit, mono until the client specifies otherwise. Without `tell`, every word counts.
  WsConversation(std::shared_ptr<const Spotter> spotter, const RecognitionOptions& recognition,
                 Tell tell = {});

  /// A text message. Returns the answer; empty: none. Throws Error (bad_data) for a text that is not a
  /// message of the protocol: send error_text() to the client and close the connection.
  [[nodiscard]] std::string take_text(std::string_view text);
  /// A message of sound. Returns the answer.
  [[nodiscard]] std::string take_sound(std::string_view pcm);
  /// Adds the decision on a word to the next answer.
  void say(const std::string& decided);
  /// Whether the client has announced the end of its sound: close once the answer is sent.
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  void govern(std::shared_ptr<StreamGovernor::Member> member) { stream_.govern(std::move(member)); }
  [[nodiscard]] std::int64_t sample() const noexcept { return stream_.sample(); }

  [[nodiscard]] static std::string error_text(const std::string& what);

 private:
  void configure(const nlohmann::json& config);
  [[nodiscard]] std::string answer(bool final);

  KeywordStream stream_;
  Tell tell_;
  nlohmann::json words_ = nlohmann::json::array();       // since the last answer
  nlohmann::json suppressed_ = nlohmann::json::array();  // likewise
  bool ended_ = false;
};

}  // namespace kwsd
