// The Wyoming protocol's messages, byte by byte.
#include "app/network/wyoming_message.h"

#include <catch2/catch.hpp>

#include "engine/model/error.h"

using namespace kwsd;

TEST_CASE("a message is the same however its bytes arrive") {
  const std::string bytes =
      "{\"type\":\"audio-chunk\",\"data\":{\"rate\":1,\"width\":2},\"data_length\":10,\"payload_length\":3}\n"
      "{\"rate\":9}a\nc"
      "{\"type\":\"ping\"}\n";
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    WyomingReader reader;
    std::vector<WyomingMessage> found;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      reader.push(std::string_view(bytes).substr(at, size));
      while (auto message = reader.next()) {
        found.push_back(std::move(*message));
      }
    }
    REQUIRE(found.size() == 2);
    CHECK(found[0].type == "audio-chunk");
    CHECK(found[0].data["rate"] == 9);  // the block wins
    CHECK(found[0].data["width"] == 2);
    CHECK(found[0].payload == "a\nc");
    CHECK(found[1].type == "ping");
    CHECK(found[1].data.empty());
  }
}

TEST_CASE("lengths are read up to their limits, and no further") {
  const auto accepts = [](const std::string& bytes) {
    WyomingReader reader;
    reader.push(bytes);
    try {
      (void)reader.next();
      return true;
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::bad_data);
      return false;
    }
  };
  CHECK(accepts("{\"type\":\"a\",\"data_length\":65536}\n"));
  CHECK_FALSE(accepts("{\"type\":\"a\",\"data_length\":65537}\n"));
  CHECK(accepts("{\"type\":\"a\",\"payload_length\":1048576}\n"));
  CHECK_FALSE(accepts("{\"type\":\"a\",\"payload_length\":1048577}\n"));
  CHECK_FALSE(accepts("{\"type\":\"a\",\"payload_length\":-1}\n"));
  CHECK_FALSE(accepts("{\"type\":\"a\",\"payload_length\":1.5}\n"));
  CHECK_FALSE(accepts("{\"type\":\"a\",\"payload_length\":99999999999999999999}\n"));
  CHECK(accepts("{\"type\":\"a\",\"data_length\":null,\"data\":null}\n"));
  const auto filled = [](std::size_t bytes) {  // a line, without its line break
    const std::string line = R"({"type":"a","x":""})";
    return line.substr(0, line.size() - 2) + std::string(bytes - line.size(), 'y') + "\"}";
  };
  CHECK(filled(65536).size() == 65536);
  CHECK(accepts(filled(65536) + "\n"));
  CHECK_FALSE(accepts(filled(65537) + "\n"));
  CHECK(accepts(std::string(65536, 'x')));  // its line break may follow
  CHECK_FALSE(accepts(std::string(65537, 'x')));
  CHECK_FALSE(accepts(std::string(65536, '[') + "\n"));
  CHECK_FALSE(accepts("{\"type\":\"a\",\"data_length\":2}\n[]"));
}

TEST_CASE("the longest message is read") {
  WyomingReader reader;
  reader.push("{\"type\":\"a\",\"data_length\":65536,\"payload_length\":1048576}\n");
  reader.push(R"({"x":")" + std::string(65528, 'y') + "\"}");
  reader.push(std::string(1048575, 'p'));
  CHECK_FALSE(reader.next());
  reader.push("q{\"type\":\"b\"}\n");
  const auto message = reader.next();
  REQUIRE(message);
  CHECK(message->data["x"].get<std::string>().size() == 65528);
  CHECK(message->payload.size() == 1048576);
  CHECK(message->payload.back() == 'q');
  CHECK(reader.next()->type == "b");
}

TEST_CASE("what is written can be read") {
  const nlohmann::json data{{"name", "Über"}, {"timestamp", 12}};
  WyomingReader reader;
  reader.push(wyoming_text("detection", data));
  const auto message = reader.next();
  REQUIRE(message);
  CHECK(message->type == "detection");
  CHECK(message->data == data);
  CHECK_FALSE(reader.next());
}
