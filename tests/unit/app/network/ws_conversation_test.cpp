// Conversations in the form of vosk-server, without sockets.
#include "app/network/ws_conversation.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "app/network/token_bucket.h"
#include "engine/model/error.h"
#include "tests/support/small_spotter.h"

using namespace kwsd;
using nlohmann::json;

namespace {

RecognitionOptions commands() {
  RecognitionOptions recognition;
  recognition.models = {KWSD_SOURCE "/models/commands.kwsm"};
  return recognition;
}

/// The word "stop", and a second of silence.
std::string stop() {
  std::ifstream file(KWSD_SOURCE "/tests/data/stop.wav", std::ios::binary);
  const std::string wav{std::istreambuf_iterator<char>(file), {}};
  return wav.substr(44) + std::string(32000, '\0');
}

}  // namespace

TEST_CASE("each message with sound gets one answer, eof gets the last one") {
  WsConversation conversation(test::small_spotter(), {});
  CHECK(conversation.take_text(R"({"config":{"sample_rate":8000.0,"words":true}})").empty());
  for (const std::size_t bytes : {0U, 1U, 2U, 8000U}) {
    CHECK(json::parse(conversation.take_sound(std::string(bytes, '\0'))) == json{{"partial", ""}});
  }
  CHECK_FALSE(conversation.ended());
  CHECK(json::parse(conversation.take_text(R"({"eof":1})")) == json{{"text", ""}});
  CHECK(conversation.ended());
}

TEST_CASE("words are results in the form of vosk-server") {
  WsConversation conversation(load_spotter(commands()), commands());
  const json answer = json::parse(conversation.take_sound(stop()));
  REQUIRE(answer.contains("result"));
  const json& word = answer["result"][0];
  for (const char* field : {"word", "conf", "start", "end", "level", "snr"}) {
    CHECK(word.contains(field));
  }
  CHECK(word["word"] == "stop");
  CHECK(answer["text"] == "stop");
  CHECK(word["start"] <= word["end"]);
  CHECK(json::parse(conversation.take_sound("")) == json{{"partial", ""}});
}

TEST_CASE("words that others decide on come with the next answer") {
  std::vector<std::pair<std::string, std::string>> claims;
  const auto tell = [&claims](const StreamWord&, std::string won, std::string lost) {
    claims.emplace_back(std::move(won), std::move(lost));
  };
  WsConversation conversation(load_spotter(commands()), commands(), tell);
  CHECK(json::parse(conversation.take_sound(stop())) == json{{"partial", ""}});
  REQUIRE_FALSE(claims.empty());
  conversation.say(claims[0].first);
  const json won = json::parse(conversation.take_sound(""));
  CHECK(won["result"].size() == 1);
  conversation.say(claims[0].second);
  const json lost = json::parse(conversation.take_sound(""));
  CHECK(lost["suppressed"] == json::array({won["result"][0]["word"]}));
  CHECK(lost["partial"] == "");
}

TEST_CASE("texts that are no message are errors") {
  WsConversation conversation(test::small_spotter(), {});
  for (const char* text :
       {"", "{", "[]", "3", "\xff", R"({"config":3})", R"({"config":{"sample_rate":3999}})",
        R"({"config":{"sample_rate":768001}})", R"({"config":{"sample_rate":16000.5}})",
        R"({"config":{"sample_rate":"fast"}})", R"({"config":{"phrase_list":"stop"}})",
        R"({"config":{"phrase_list":["marmalade"]}})", R"({"config":{"phrase_list":[3]}})"}) {
    try {
      (void)conversation.take_text(text);
      FAIL(text);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::bad_data);
      CHECK(json::accept(WsConversation::error_text(error.what())));
    }
  }
  CHECK(conversation.take_text(R"({"config":{"sample_rate":4000}})").empty());
  CHECK(conversation.take_text(R"({"config":{"sample_rate":768000}})").empty());
  CHECK(conversation.take_text(R"({"config":{"phrase_list":[]}})").empty());
  CHECK(conversation.take_text("{}").empty());
}

TEST_CASE("tokens: a burst, then the rate") {
  TokenBucket bucket(10, 20);
  CHECK(bucket.take(20, 100));
  CHECK_FALSE(bucket.take(1, 100));
  CHECK_FALSE(bucket.take(6, 100.5));
  CHECK(bucket.take(5, 100.5));
  CHECK(bucket.owe(10, 100.5) == Approx(1));
  CHECK(bucket.owe(0, 101) == Approx(0.5));
  CHECK(bucket.owe(0, 1000) == 0);
  CHECK(bucket.take(20, 1000));
}
