#include "app/bench/bench_report.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "app/bench/float_net.h"
#include "tests/support/random_model.h"

namespace kwsd::test {
namespace {

constexpr Timing times(double median) {
  return {median, 0.9 * median, 1.5 * median};
}

/// Made-up figures: a set that is 4, 8 and 16 times faster than float32.
BenchReport example() {
  BenchReport report;
  report.model = "a<b>";
  report.cpu = "4 x Cortex-A72";
  report.selected = "fast";
  report.hop_ms = 96;
  report.steps = 8;
  report.new_steps = 2;
  report.float_library = "XNNPACK";
  report.sets.push_back({"fast", "for the test", {}, {}});
  for (std::size_t b = 0; b < branch_count; ++b) {
    const double part = 1.0 / (1 << b);
    report.float32[b] = {times(400 * part), times(200)};
    report.sets[0].windows[b] = {times(100 * part * part), times(90)};
    report.sets[0].stages[b].fill(times(10));
  }
  return report;
}

TEST_CASE("the report of bench as JSON has every figure") {
  const nlohmann::ordered_json json = bench_json(example());
  CHECK(json["model"] == "a<b>");
  CHECK(json["cpu"] == "4 x Cortex-A72");
  CHECK(json["auto"] == "fast");
  CHECK(json["float32"]["library"] == "XNNPACK");
  CHECK(json["float32"]["branches"]["half"]["whole_window"]["median"] == 200.0);
  const auto& half = json["sets"]["fast"]["half"];
  CHECK(half["whole_window"]["median"] == 25.0);
  CHECK(half["whole_window"]["low"] == 22.5);
  CHECK(half["in_stream"]["high"] == 135.0);
  CHECK(half["windows_per_second"] == 1e4);  // 90 us, and 10 of MFCC
  CHECK(half["stages"].size() == stage_names.size());
  CHECK(half["stages"]["memory"]["median"] == 10.0);
  CHECK(half["faster_than_float32"]["whole_window"] == 8.0);
  CHECK(half["faster_than_float32"]["in_stream"] == Approx(200.0 / 90));
}

TEST_CASE("the report of bench in words names what it compares") {
  const std::string text = bench_text(example());
  CHECK_THAT(text, Catch::Contains("fast        half  25.0 +50 -10 %  90.0 +50 -10 %      10000  8.00x") &&
                       Catch::Contains("CPU: 4 x Cortex-A72; --kernels auto takes fast here.") &&
                       Catch::Contains("XNNPACK") && Catch::Contains("8 front-end steps") &&
                       Catch::Contains("96.0 ms later: 2 of the steps are new") &&
                       Catch::Contains("60.0"));  // the sum of six stages
}

TEST_CASE("without float32 the report says why") {
  BenchReport report = example();
  report.float_library.clear();
  report.float_missing = "it is a test";
  CHECK_THAT(bench_text(report), Catch::Contains("No comparison with float32: it is a test.") &&
                                     !Catch::Contains("float32     "));
  const nlohmann::ordered_json json = bench_json(report);
  CHECK(json["float32"].is_null());
  CHECK_FALSE(json["sets"]["fast"]["full"].contains("faster_than_float32"));
}

TEST_CASE("the picture of the split has a bar for each branch, and its text escaped") {
  const std::string svg = bench_svg(example());
  CHECK_THAT(svg, Catch::StartsWith("<svg ") && Catch::EndsWith("</svg>\n") &&
                      Catch::Contains("a&lt;b&gt;") && Catch::Contains("fast quarter"));
  // six equal stages of a bar 480 wide
  std::size_t bars = 0;
  for (std::size_t at = svg.find("width=\"80.0\""); at != std::string::npos;
       at = svg.find("width=\"80.0\"", at + 1)) {
    ++bars;
  }
  CHECK(bars == branch_count * stage_count);
}

TEST_CASE("samples are summed up by their middle") {
  std::vector<double> samples;
  for (int i = 0; i <= 50; ++i) {
    samples.push_back((i * 37) % 51);  // 0 to 50 in disorder
  }
  const Timing t = summarize(samples);
  CHECK(t.median_us == 25);
  CHECK(t.low_us == 5);
  CHECK(t.high_us == 45);
}

TEST_CASE("the float32 net can be built for models of several kinds and shapes") {
  if (FloatNet::library().empty()) {
    WARN("built without XNNPACK, not tested");
    return;
  }
  RandomModelOptions small{.steps = 5, .memory_size = 32, .hidden_size = 64, .blocks = 3};
  small.conv2 = small.linear = LayerKind::bitn;
  for (const Model& model : {random_model(1), random_model(2, small)}) {
    FloatNet net(model);
    net.run_whole(BranchId::full);
    net.run_in_stream(BranchId::quarter);
  }
}

}  // namespace
}  // namespace kwsd::test
