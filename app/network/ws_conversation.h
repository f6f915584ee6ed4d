// One conversation in the form of vosk-server: JSON and sound of a client in, JSON to the client out; each
// message with sound gets one answer. Knows no socket. Thread: one at a time.
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

  /// Takes a word, and what say() is to be given: where it counts, and where another stream answers.
  using Tell = std::function<void(const StreamWord& word, std::string won, std::string lost)>;

  /// Sound is 16 kHz, 16 bit, mono until the client says otherwise. Without `tell`, every word counts.
  WsConversation(std::shared_ptr<const Spotter> spotter, const RecognitionOptions& recognition,
                 Tell tell = {});

  /// A text message. Returns the answer; empty: none. Throws Error (bad_data) for a text that is no message
  /// of the protocol: error_text() tells the client, and the connection must be closed.
  [[nodiscard]] std::string take_text(std::string_view text);
  /// A message of sound. Returns the answer.
  [[nodiscard]] std::string take_sound(std::string_view pcm);
  /// What is decided of a word goes into the next answer.
  void say(const std::string& decided);
  /// Whether the client has said that no more comes: close once the answer is sent.
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
