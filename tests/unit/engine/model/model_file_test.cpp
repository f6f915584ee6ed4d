// Model files: round trip, and every kind of damage gives one clear error.
#include "engine/model/model_file.h"

#include <boost/crc.hpp>
#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <random>

#include "engine/model/capabilities.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"
#include "engine/nn/network.h"
#include "tests/support/allocations.h"
#include "tests/support/random_model.h"

namespace {

using namespace kwsd;
using namespace kwsd::test;

RandomModelOptions small() {
  RandomModelOptions o;
  o.memory_size = 20;
  o.hidden_size = 33;
  o.blocks = 4;
  o.labels = 4;
  o.steps = 3;
  return o;
}

RandomModelOptions small_streaming() {
  RandomModelOptions o = small();
  o.streaming = o.second = true;
  o.most_ahead = 4;
  return o;
}

/// A window model and a streaming one.
Model either(unsigned seed) {
  return random_model(seed, GENERATE(false, true) ? small_streaming() : small());
}

/// One more layer in front, of `channels` channels that are made from `kernel` frames, `stride` apart.
void prepend_layer(Model& model, int channels, int kernel, int stride) {
  ConvLayer layer = model.front_end.front();
  layer.in_channels = layer.kernel_freq = layer.stride_freq = 1;
  layer.pad_freq = 0;
  layer.out_channels = channels;
  layer.out_freq = layer.in_freq;
  layer.kernel_time = kernel;
  layer.stride_time = stride;
  layer.output = OutputKind::int8;
  layer.out_planes = 1;
  layer.weights.inputs = kernel;
  layer.weights.outputs = channels;
  layer.weights.int8.assign(static_cast<std::size_t>(kernel * channels), 1);
  layer.affine.channels.resize(static_cast<std::size_t>(channels));
  ConvLayer& next = model.front_end.front();
  next.in_channels = channels;
  next.weights.inputs = next.kernel_time * next.kernel_freq * channels;
  next.weights.int8.assign(static_cast<std::size_t>(next.weights.inputs * next.out_channels), 1);
  model.front_end.insert(model.front_end.begin(), layer);
}

/// Makes the size and checksum in the header right again, so that a change reaches the fields.
void seal(std::vector<std::byte>& file) {
  boost::crc_32_type crc;
  crc.process_bytes(file.data() + 20, file.size() - 20);
  const std::uint32_t header[2] = {static_cast<std::uint32_t>(file.size() - 20), crc.checksum()};
  std::memcpy(file.data() + 12, header, sizeof header);
}

}  // namespace

TEST_CASE("a model survives the file, whatever its kinds") {
  RandomModelOptions o = small();
  o.conv2 = GENERATE(Catch::Generators::from_range(kinds_at(Place::conv)));
  o.linear = GENERATE(Catch::Generators::from_range(kinds_at(Place::conv)));
  o.memory = GENERATE(Catch::Generators::from_range(kinds_at(Place::memory)));
  o.classifier = GENERATE(Catch::Generators::from_range(kinds_at(Place::classifier)));
  o.spectrum = GENERATE(false, true);
  const Model model = random_model(11, o);
  const auto bytes = serialize_model(model);
  const Model again = parse_model(bytes, "again");
  CHECK(serialize_model(again) == bytes);
  CHECK(again.name == model.name);
  CHECK(again.features == model.features);
  CHECK(again.blocks[1].memory == model.blocks[1].memory);
  CHECK(again.blocks[1].expand.words == model.blocks[1].expand.words);
  CHECK(again.branches[2].blocks == model.branches[2].blocks);
  CHECK(again.branches[1].params[1].project.channels == model.branches[1].params[1].project.channels);
  CHECK(again.branches[0].thresholds == model.branches[0].thresholds);
}

TEST_CASE("a detector and a second stage survive the file, of streaming models and of window models") {
  RandomModelOptions o = small_streaming();
  o.streaming = GENERATE(true, false);
  o.second = GENERATE(false, true);
  o.second_blocks = GENERATE(0, 2);
  Model model = random_model(11, o);
  model.detector.min_windows = 3;
  model.detector.refractory_seconds = 2;
  const auto bytes = serialize_model(model);
  CHECK(bytes[8] == (o.streaming ? std::byte{3} : std::byte{4}));
  const Model again = parse_model(bytes, "again");
  CHECK(serialize_model(again) == bytes);
  CHECK(again.streaming == o.streaming);
  CHECK(again.detector == model.detector);
  for (std::size_t i = 0; i < model.blocks.size(); ++i) CHECK(again.blocks[i].ahead == model.blocks[i].ahead);
  REQUIRE((again.second != nullptr) == o.second);
  if (o.second) {
    CHECK(again.second->gate == model.second->gate);
    CHECK(again.second->net.window_frames() == model.second->net.window_frames());
    CHECK(again.second->net.labels.size() == model.labels.size());
    CHECK(again.second->net.branches[0].blocks == model.second->net.branches[0].blocks);
    CHECK(again.second->net.branches[1].blocks.empty());
  }
}

TEST_CASE("a model file cut anywhere is refused") {
  const auto bytes = serialize_model(either(12));
  for (std::size_t n = 0; n < bytes.size(); n += n < 400 ? 1 : 37) {
    std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK_THROWS_AS(parse_model(cut, "cut"), Error);
    if (n >= 20) {
      seal(cut);
      CHECK_THROWS_AS(parse_model(cut, "cut"), Error);
    }
  }
}

TEST_CASE("a flipped bit is found by the checksum") {
  const auto bytes = serialize_model(either(13));
  for (std::size_t bit = 0; bit < bytes.size() * 8; bit += bit < 1600 ? 1 : 61) {
    auto flipped = bytes;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    CHECK_THROWS_AS(parse_model(flipped, "flipped"), Error);
  }
}

TEST_CASE("hostile bytes behind a right checksum neither crash nor allocate much") {
  const auto bytes = serialize_model(either(14));
  std::mt19937 generator(15);
  int refused = 0;
  for (int i = 0; i < 1500; ++i) {
    auto hostile = bytes;
    for (int k = 0; k < 1 + i % 3; ++k) {
      const std::size_t at = 20 + generator() % (i % 2 == 0 ? 600 : hostile.size() - 20);
      hostile[at] = static_cast<std::byte>(i % 5 == 0 ? 0xff : generator());
    }
    seal(hostile);
    try {
      const auto model = parse_model(hostile, "hostile");
      CHECK(parse_model(serialize_model(model), "again").name == model.name);
    } catch (const Error& error) {
      ++refused;
      CHECK(error.kind() == ErrorKind::bad_data);
      CHECK(std::string(error.what()).find('\n') == std::string::npos);
    }
  }
  CHECK(refused > 100);
}

TEST_CASE("a window that is too long, or strides whose product overflows, are refused") {
  Model model = random_model(18, small());
  SECTION("strides of 8, one after the other, and a single step") {
    model.steps = 1;
    model.classifier.inputs = model.memory_size;
    model.classifier.int8.resize(static_cast<std::size_t>(model.memory_size) * model.labels.size());
    for (int i = 0; i < 5; ++i) prepend_layer(model, 1, 1, 8);
  }
  SECTION("strides of 8 and as many steps as there may be") {
    model.steps = limits::steps;
    for (int i = 0; i < 5; ++i) prepend_layer(model, 1, 16, 8);
  }
  SECTION("a window of too many frames") {
    for (int i = 0; i < 2; ++i) prepend_layer(model, 1, 16, 8);
  }
  CHECK_THROWS_WITH(serialize_model(model), Catch::Contains("window: found") && Catch::Contains("expected"));
}

TEST_CASE("a model whose stream would take too much memory is refused") {
  Model model = random_model(19, small());
  prepend_layer(model, 256, 16, 4);
  prepend_layer(model, 256, 16, 8);
  CHECK(model.stream_bytes() > limits::stream_bytes);
  CHECK_THROWS_WITH(serialize_model(model), Catch::Contains("working memory: found"));
}

TEST_CASE("only a layer of one row makes rows of its channels") {
  RandomModelOptions o = small();
  o.spectrum = true;
  Model model = random_model(21, o);
  model.front_end[1].output = OutputKind::rows;  // of 17 rows
  CHECK_THROWS_WITH(serialize_model(model), Catch::Contains("conv output 5: found 16 channels x 17 rows") &&
                                                Catch::Contains("expected at most 128 channels x 1 row"));
  model.front_end[1].output = OutputKind::residual;
  CHECK_THROWS_WITH(serialize_model(model),
                    Catch::Contains("conv output: found 4, expected 1, 2, 3, 5 or 6"));
}

TEST_CASE("a stream takes the memory that its model says") {
  RandomModelOptions o = GENERATE(false, true) ? streaming_options() : RandomModelOptions{};
  o.second = GENERATE(false, true);
  o.conv2 = GENERATE(Catch::Generators::from_range(kinds_at(Place::conv)));
  o.memory_size = GENERATE(32, 256);
  const auto model = std::make_shared<const Model>(random_model(20, o));
  const Network network(model, select_kernels("reference"));
  const AllocationCounter counter;
  const Stream stream(network);
  const auto taken = static_cast<double>(counter.so_far().bytes);
  const auto said = static_cast<double>(model->stream_bytes());
  CAPTURE(taken, said);
  CHECK(taken < 1.25 * said + 8192);
  CHECK(taken > 0.8 * said);
}

TEST_CASE("errors name the file, the field, what was found and what was expected") {
  auto bytes = serialize_model(random_model(16, small()));
  SECTION("other version") {
    bytes[8] = std::byte{9};
    CHECK_THROWS_WITH(parse_model(bytes, "a.kwsm"),
                      Catch::Contains("a.kwsm: version: found 9, expected 2 to 4"));
  }
  SECTION("no model") {
    bytes[0] = std::byte{'R'};
    CHECK_THROWS_WITH(parse_model(bytes, "a.wav"), Catch::Contains("a.wav: magic: found other bytes"));
  }
  SECTION("too large") {
    bytes.resize(max_model_bytes + 1);
    CHECK_THROWS_WITH(parse_model(bytes, "a.kwsm"), Catch::Contains("a.kwsm: size"));
  }
  SECTION("bytes too many") {
    bytes.push_back(std::byte{0});
    seal(bytes);
    CHECK_THROWS_WITH(parse_model(bytes, "a.kwsm"), Catch::Contains("end of model: found 1 bytes more"));
  }
  SECTION("missing file and directory") {
    CHECK_THROWS_WITH(load_model("/nonexistent/x.kwsm"),
                      Catch::Contains("/nonexistent/x.kwsm: cannot be opened"));
    CHECK_THROWS_WITH(load_model("/tmp"), Catch::Contains("found a directory"));
    CHECK_THROWS_WITH(load_model("/dev/zero"), Catch::Contains("found a special file"));
  }
}

TEST_CASE("a model that the format cannot hold is not written") {
  Model model = random_model(17, small());
  SECTION("name") {
    model.name = "two words";
  }
  SECTION("threshold") {
    model.branches[0].thresholds[0] = 1.5F;
  }
  SECTION("no keyword") {
    for (Label& label : model.labels) label.kind = LabelKind::unknown;
  }
  SECTION("label twice") {
    model.labels[1].name = model.labels[0].name;
  }
  SECTION("hidden threshold") {
    model.branches[0].params[0].hidden_at_least[0] = 100;
  }
  SECTION("a window net that looks ahead as far as a streaming one may") {
    model.blocks[0].ahead = 1;
  }
  SECTION("a streaming net with a 1-bit memory filter, a float classifier, out of range") {
    model = random_model(17, small_streaming());
    const int what = GENERATE(0, 1, 2, 3);
    if (what == 0) model.blocks[0].memory_kind = LayerKind::bit1;
    if (what == 1) model.classifier.kind = LayerKind::float32;
    if (what == 2) model.blocks[0].ahead = 5;
    if (what == 3) model.detector.min_windows = 0;
  }
  SECTION("a second stage that is a streaming net, whose gate is out of range, or with thresholds") {
    model = random_model(17, small_streaming());
    auto second = *model.second;
    const int what = GENERATE(0, 1, 2);
    if (what == 0) second.net.streaming = true;
    if (what == 1) second.gate = never_opens + 0.5F;
    if (what == 2) second.net.branches[0].thresholds.assign(4, 0.5F);
    model.second = std::make_shared<const SecondStage>(second);
  }
  CHECK_THROWS_AS(serialize_model(model), Error);
}

TEST_CASE("UTF-8 is told from other bytes") {
  CHECK(is_utf8("stop"));
  CHECK(is_utf8("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8e\xa4"));
  for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xe2\x82", "\xff", "\xf4\x90\x80\x80", "a\x80"}) {
    CHECK_FALSE(is_utf8(bad));
  }
}
