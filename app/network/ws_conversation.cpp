#include "app/network/ws_conversation.h"

#include <cmath>
#include <utility>
#include <vector>

#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

using nlohmann::json;

std::string message_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

double rounded(double value, double unit) {
  return std::round(value * unit) / unit;
}

[[noreturn]] void fail(const char* field, const json& found, const char* expected) {
  const std::string text = found.is_primitive() ? printable(message_text(found)) : found.type_name();
  throw Error(ErrorKind::bad_data, std::string(field) + ": found " + text + ", expected " + expected);
}

}  // namespace

WsConversation::WsConversation(std::shared_ptr<const Spotter> spotter, const RecognitionOptions& recognition,
                               Tell tell)
    : stream_(std::move(spotter), recognition), tell_(std::move(tell)) {}

std::string WsConversation::error_text(const std::string& what) {
  return message_text({{"error", what}});
}

std::string WsConversation::take_text(std::string_view text) {
  const json message = json::parse(text, nullptr, false);
  if (!message.is_object()) {
    throw Error(ErrorKind::bad_data, "found '" + printable(text) + "', expected a JSON object");
  }
  if (const auto config = message.find("config"); config != message.end()) {
    if (!config->is_object()) {
      fail("config", *config, "an object");
    }
    configure(*config);
  }
  if (message.contains("eof")) {
    ended_ = true;
    return answer(true);
  }
  return {};
}

void WsConversation::configure(const json& config) {
  if (const auto rate = config.find("sample_rate"); rate != config.end()) {
    const double hz = rate->is_number() ? rate->get<double>() : 0;
    if (!(hz >= 4000 && hz <= 768000) || hz != std::floor(hz)) {
      fail("sample_rate", *rate, "4000 to 768000");
    }
    stream_.set_shape({static_cast<std::uint32_t>(hz), 2, 1});
  }
  if (const auto phrases = config.find("phrase_list"); phrases != config.end()) {
    if (!phrases->is_array()) {
      fail("phrase_list", *phrases, "a list of keywords");
    }
    std::vector<std::string> names;
    for (const json& phrase : *phrases) {
      names.push_back(phrase.is_string() ? phrase.get<std::string>() : std::string());
    }
    if (!stream_.choose(names)) {
      fail("phrase_list", *phrases, "at least one keyword of the models");
    }
  }
}

std::string WsConversation::take_sound(std::string_view pcm) {
  stream_.push(pcm, [this](const StreamWord& word) {
    const json item{{"word", word.keyword},
                    {"conf", rounded(word.score, 1e4)},
                    {"start", rounded(word.start, 1e3)},
                    {"end", rounded(word.end, 1e3)},
                    {"level", rounded(word.level_db, 10)},
                    {"snr", rounded(word.snr_db, 10)}};
    tell_ ? tell_(word, message_text(item), message_text({{"suppressed", word.keyword}}))
          : words_.push_back(item);
  });
  return answer(false);
}

void WsConversation::say(const std::string& decided) {
  const json item = json::parse(decided, nullptr, false);
  const auto suppressed = item.find("suppressed");
  suppressed == item.end() ? words_.push_back(item) : suppressed_.push_back(*suppressed);
}

/// The form of a result, of a partial result without words, or of the last result.
std::string WsConversation::answer(bool final) {
  json text;
  if (!words_.empty() || final) {
    std::string words;
    for (const json& item : words_) {
      words += (words.empty() ? "" : " ") + item["word"].get<std::string>();
    }
    text["text"] = words;
    if (!words_.empty()) {
      text["result"] = std::exchange(words_, json::array());
    }
  } else {
    text["partial"] = "";
  }
  if (!suppressed_.empty()) {
    text["suppressed"] = std::exchange(suppressed_, json::array());
  }
  return message_text(text);
}

}  // namespace kwsd
