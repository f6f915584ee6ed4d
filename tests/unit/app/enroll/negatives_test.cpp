#include "app/enroll/negatives.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "app/enroll/negative_streams.h"
#include "engine/model/error.h"
#include "tests/support/random_model.h"

namespace kwsd {
namespace {

Negatives some_negatives() {
  Negatives n;
  n.features = test::random_model(3).features;
  n.collections = {{"talk", "CC0", 0.5}, {"rooms", "CC0", 0.25}};
  const std::size_t width = n.features.coefficients;
  std::size_t first = 0;
  const auto add = [&](std::size_t collection, NegativeKind kind, const std::string& text,
                       std::size_t frames) {
    n.runs.push_back({collection, kind, text, first, frames});
    first += frames;
  };
  add(0, NegativeKind::plain, "TURN ON THE RADIO", 80);
  add(0, NegativeKind::hard, "", 65);
  add(1, NegativeKind::noise, "", 50);
  for (std::size_t i = 0; i < first * width; ++i) {
    n.frames.push_back(static_cast<std::int8_t>(static_cast<int>(i * 37 % 255) - 127));
  }
  return n;
}

std::string message_of(std::span<const std::byte> bytes) {
  try {
    static_cast<void>(parse_negatives(bytes, "file"));
  } catch (const Error& error) {
    return error.kind() == ErrorKind::bad_data ? error.what() : "another kind";
  }
  return "";
}

TEST_CASE("negatives are read as they were written") {
  const Negatives before = some_negatives();
  const auto bytes = serialize_negatives(before);
  const Negatives after = parse_negatives(bytes, "file");
  CHECK(after.features == before.features);
  CHECK(after.frames == before.frames);
  REQUIRE(after.runs.size() == 3);
  CHECK(after.runs[0].text == "TURN ON THE RADIO");
  CHECK(after.runs[1].kind == NegativeKind::hard);
  CHECK(after.runs[2].collection == 1);
  CHECK(after.collections[1].licence == "CC0");
  CHECK(serialize_negatives(after) == bytes);
}

TEST_CASE("runs in which a keyword is said are left out") {
  const Negatives n = some_negatives();
  CHECK(n.without({"radio"}).size() == 2);
  CHECK(n.without({"marmalade"}).size() == 3);
}

TEST_CASE("a file of negatives that is cut short or changed is an error of one line") {
  const auto bytes = serialize_negatives(some_negatives());
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 8) {
    const std::string message = message_of(std::span(bytes).first(size));
    CHECK(message.find("file: ") == 0);
    CHECK(message.find('\n') == std::string::npos);
  }
  auto changed = bytes;
  changed[bytes.size() / 2] ^= std::byte{1};
  CHECK(message_of(changed).find("checksum") != std::string::npos);
}

TEST_CASE("what the format cannot hold is not written") {
  Negatives n = some_negatives();
  n.runs[1].first_frame += 1;
  CHECK_THROWS_AS(serialize_negatives(n), Error);
  n = some_negatives();
  n.runs[0].collection = 9;
  CHECK_THROWS_AS(serialize_negatives(n), Error);
}

TEST_CASE("negatives are as long as they are, and as what was searched") {
  const Negatives n = some_negatives();
  const auto runs = n.without({});
  const NegativeLengths lengths = lengths_of(n, runs);
  CHECK(lengths.plain == static_cast<std::int64_t>(130 * n.features.hop_samples));
  CHECK(lengths.all == 27 * 100 * 16000);  // 0.75 h
  const auto model = std::make_shared<const Model>(test::random_model(3));
  const Network network(model, select_kernels("reference"));
  const NegativeStreams streams = classify_negatives(network, n, runs);
  CHECK(streams.plain.windows.end_samples.size() < streams.all.windows.end_samples.size());
  CHECK(std::is_sorted(streams.all.windows.end_samples.begin(), streams.all.windows.end_samples.end()));
  CHECK(streams.all.windows.posteriors[0].size() ==
        streams.all.windows.end_samples.size() * model->labels.size());
  Negatives other = n;
  other.features.mean[0] += 1;
  CHECK_THROWS_AS(classify_negatives(network, other, runs), Error);
}

}  // namespace
}  // namespace kwsd
