#include <string_view>

#include "app/network/ws_conversation.h"
#include "engine/model/error.h"
#include "tests/fuzz/expect.h"
#include "tests/support/small_spotter.h"
#include "tests/fuzz/targets.h"

namespace kwsd::fuzz {

/// Messages, each behind two bytes: 1 for text, and 8 times its length.
void ws(std::span<const std::byte> bytes) {
  static const std::shared_ptr<const Spotter> spotter = test::small_spotter();
  RecognitionOptions recognition;
  recognition.thresholds = {"0.1"};  // so that there are detections
  WsConversation conversation(spotter, recognition);
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (rest.size() >= 2 && !conversation.ended()) {
    const bool text = (static_cast<unsigned char>(rest[0]) & 1U) != 0;
    const std::string_view message = rest.substr(2, 8U * static_cast<unsigned char>(rest[1]));
    rest.remove_prefix(2 + message.size());
    try {
      const std::string answer = text ? conversation.take_text(message) : conversation.take_sound(message);
      expect(answer.empty() || nlohmann::json::accept(answer), "an answer that is no JSON");
      expect(text || !answer.empty(), "sound without an answer");
    } catch (const Error& error) {
      expect(text && error.kind() == ErrorKind::bad_data, "an error of another kind");
      return;
    }
  }
}

}  // namespace kwsd::fuzz
