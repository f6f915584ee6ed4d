// One conversation of the Wyoming protocol: messages of a client in, messages to the client out. Does not
// depend on a socket. Thread: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "app/network/keyword_stream.h"
#include "app/network/wyoming_message.h"
#include "app/settings/options.h"

namespace kwsd {

/// State shared by all conversations. Immutable.
struct WyomingService {
  std::shared_ptr<const Spotter> spotter;
  RecognitionOptions recognition;  ///< thresholds and branch
  nlohmann::json info;             ///< the answer to `describe`
};

/// `language` is the code of each keyword's language, such as "en".
[[nodiscard]] WyomingService make_wyoming_service(std::shared_ptr<const Spotter> spotter,
                                                  const RecognitionOptions& recognition,
                                                  const std::string& language);

class WyomingConnection {
 public:
  /// Takes a word and the messages for the client: the detection, or that another stream answers.
  using Tell = std::function<void(const StreamWord& word, std::string text, std::string suppressed)>;

  /// Without `tell`, take() appends each detection to the answers.
  explicit WyomingConnection(std::shared_ptr<const WyomingService> service, Tell tell = {});

  /// Takes bytes of the client and appends the answers to `answers`. False if the bytes were not a message:
  /// the answers report this; close the connection after they are sent.
  [[nodiscard]] bool take(std::string_view bytes, std::string& answers);
  void govern(std::shared_ptr<StreamGovernor::Member> member) { stream_.govern(std::move(member)); }
  /// Position in the client's sound: advances while sound arrives.
  [[nodiscard]] std::int64_t sample() const noexcept { return stream_.sample(); }

 private:
  void answer(const WyomingMessage& message, std::string& answers);
  void choose_keywords(const nlohmann::json& data);
  void start_audio(const nlohmann::json& data);
  void set_format(const nlohmann::json& data);
  void report(const StreamWord& word, std::string& answers);

  std::shared_ptr<const WyomingService> service_;
  Tell tell_;
  WyomingReader reader_;
  KeywordStream stream_;
  double start_ms_ = 0;    // timestamp of the last audio-start
  bool detected_ = false;  // since then
};

}  // namespace kwsd
