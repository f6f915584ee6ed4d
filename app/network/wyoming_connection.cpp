#include "app/network/wyoming_connection.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

#include "app/base/version.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

using nlohmann::json;

/// "hey_computer" -> "Hey computer".
std::string phrase_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  if (!name.empty()) {
    name.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(name.front())));
  }
  return name;
}

json describe_keyword(const std::string& name, const std::string& language, const json& attribution) {
  return {{"name", name},
          {"description", phrase_of(name)},
          {"phrase", phrase_of(name)},
          {"version", version()},
          {"languages", {language}},
          {"installed", true},
          {"attribution", attribution}};
}

/// An integer of `data` in a range, or `otherwise` if the field is missing or null. Throws Error (bad_data).
std::int64_t integer(const json& data, const char* field, std::int64_t otherwise, std::int64_t low,
                     std::int64_t high) {
  const auto found = data.find(field);
  if (found == data.end() || found->is_null()) {
    return otherwise;
  }
  if (!found->is_number_integer() || *found < low || *found > high) {
    throw Error(ErrorKind::bad_data,
                std::string(field) + ": found " +
                    printable(found->dump(-1, ' ', true, json::error_handler_t::replace)) + ", expected " +
                    std::to_string(low) + " to " + std::to_string(high));
  }
  return found->get<std::int64_t>();
}

}  // namespace

WyomingService make_wyoming_service(std::shared_ptr<const Spotter> spotter,
                                    const RecognitionOptions& recognition, const std::string& language) {
  const json attribution{{"name", "kwsd"}, {"url", ""}};
  json keywords = json::array();
  for (const std::string& name : keyword_names(*spotter)) {
    keywords.push_back(describe_keyword(name, language, attribution));
  }
  json service{{"name", "kwsd"},    {"description", "Keyword spotting"}, {"version", version()},
               {"installed", true}, {"attribution", attribution},        {"models", std::move(keywords)}};
  return {std::move(spotter), recognition, {{"wake", json::array({std::move(service)})}}};
}

WyomingConnection::WyomingConnection(std::shared_ptr<const WyomingService> service, Tell tell)
    : service_(std::move(service)),
      tell_(std::move(tell)),
      stream_(service_->spotter, service_->recognition) {}

bool WyomingConnection::take(std::string_view bytes, std::string& answers) {
  reader_.push(bytes);
  try {
    while (const auto message = reader_.next()) {
      try {
        answer(*message, answers);
      } catch (const Error& error) {  // of this message alone
        answers +=
            wyoming_text("error", {{"text", message->type + ": " + error.what()}, {"code", "bad-request"}});
      }
    }
    return true;
  } catch (const Error& error) {
    answers += wyoming_text("error", {{"text", error.what()}, {"code", "bad-message"}});
    return false;
  }
}

void WyomingConnection::answer(const WyomingMessage& message, std::string& answers) {
  if (message.type == "describe") {
    answers += wyoming_text("info", service_->info);
  } else if (message.type == "ping") {
    answers += wyoming_text("pong", {{"text", message.data.value("text", json())}});
  } else if (message.type == "detect") {
    choose_keywords(message.data);
  } else if (message.type == "audio-start") {
    start_audio(message.data);
  } else if (message.type == "audio-chunk") {
    set_format(message.data);
    stream_.push(message.payload, [&](const StreamWord& word) { report(word, answers); });
  } else if (message.type == "audio-stop" && !detected_) {
    answers += wyoming_text("not-detected", json::object());
  }
}

/// `names` is null or missing for every keyword, otherwise a list of keywords. Throws Error (bad_data) if
/// none of them is known: the client would wait in vain.
void WyomingConnection::choose_keywords(const json& data) {
  const auto names = data.find("names");
  if (names == data.end() || names->is_null() || (names->is_array() && names->empty())) {
    (void)stream_.choose({});
    return;
  }
  if (!names->is_array()) {
    throw Error(ErrorKind::bad_data, "names: found no list, expected null or a list of keywords");
  }
  std::vector<std::string> wanted;
  for (const json& name : *names) {
    wanted.push_back(name.is_string() ? name.get<std::string>() : std::string());
  }
  if (!stream_.choose(wanted)) {
    throw Error(ErrorKind::bad_data,
                "names: found " + printable(names->dump(-1, ' ', true, json::error_handler_t::replace)) +
                    ", expected keywords that 'describe' lists");
  }
}

void WyomingConnection::start_audio(const json& data) {
  stream_.restart();
  detected_ = false;
  start_ms_ = 0;
  if (const auto timestamp = data.find("timestamp"); timestamp != data.end() && timestamp->is_number()) {
    start_ms_ = timestamp->get<double>();
  }
  set_format(data);
}

/// Fields missing in the data keep their values, at first 16 kHz, 16 bit, mono.
void WyomingConnection::set_format(const json& data) {
  const PcmShape last = stream_.shape();
  stream_.set_shape({
      static_cast<std::uint32_t>(integer(data, "rate", last.rate_hz, 4000, 768000)),
      static_cast<int>(integer(data, "width", last.width, 2, 4)),
      static_cast<int>(integer(data, "channels", last.channels, 1, 64)),
  });
}

void WyomingConnection::report(const StreamWord& word, std::string& answers) {
  const std::int64_t timestamp = std::llround(start_ms_ + 1000 * word.end);
  std::string text =
      wyoming_text("detection", {{"name", word.keyword}, {"timestamp", timestamp}, {"speaker", nullptr}});
  detected_ = true;
  if (tell_) {
    tell_(word, std::move(text),
          wyoming_text("suppressed", {{"name", word.keyword}, {"timestamp", timestamp}}));
  } else {
    answers += text;
  }
}

}  // namespace kwsd
