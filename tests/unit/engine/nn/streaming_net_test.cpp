// A streaming net against the naive convolution of the whole stream: bit for bit, every kernel set, whatever
// the sequence of branches, pauses and resets.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "engine/detect/detector.h"
#include "engine/model/model_file.h"
#include "engine/nn/network.h"
#include "tests/support/allocations.h"
#include "tests/support/naive_network.h"
#include "tests/support/random_model.h"

namespace {

using namespace kwsd;
using namespace kwsd::test;

constexpr BranchId branches[] = {BranchId::full, BranchId::half, BranchId::quarter};

RandomModelOptions small_stream_options() {
  RandomModelOptions o;
  o.streaming = true;
  o.memory_size = 24;
  o.hidden_size = 40;
  o.blocks = 4;
  o.labels = 5;
  o.steps = 6;
  o.conv_stride_time[1] = 1;
  return o;
}

std::vector<std::int8_t> random_stream_frames(unsigned seed, int count, std::uint32_t coefficients) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0, 30);
  std::vector<std::int8_t> out(static_cast<std::size_t>(count) * coefficients);
  std::generate(out.begin(), out.end(),
                [&] { return static_cast<std::int8_t>(std::clamp(normal(generator), -127.0F, 127.0F)); });
  return out;
}

/// What a stream must say of `frames`: the logits of each branch by the frames pushed when they are due.
class Expected {
 public:
  Expected(const Model& model, const std::vector<std::int8_t>& frames) {
    for (const BranchId branch : branches) {
      const auto logits = naive_stream_logits(model, frames, branch);
      const int late = model.lookahead_steps(branch);
      for (std::size_t t = 0; t < logits.size(); ++t) {
        const auto step = static_cast<std::int64_t>(t) + late;
        by_end_[branch][model.step_frames() + step * model.step_stride_frames()] = logits[t];
      }
    }
  }
  [[nodiscard]] const std::vector<float>& at(BranchId branch, std::int64_t end) const {
    return by_end_.at(branch).at(end);
  }
  /// Results due in (after, until].
  [[nodiscard]] std::size_t due(BranchId branch, std::int64_t after, std::int64_t until) const {
    const auto& ends = by_end_.at(branch);
    return static_cast<std::size_t>(std::distance(ends.upper_bound(after), ends.upper_bound(until)));
  }

 private:
  std::map<BranchId, std::map<std::int64_t, std::vector<float>>> by_end_;
};

std::vector<float> copied(std::span<const float> values) {
  return {values.begin(), values.end()};
}

std::span<const std::int8_t> frame_of(const std::vector<std::int8_t>& frames, int f, const Model& model) {
  const std::size_t width = model.features.coefficients;
  return std::span(frames).subspan(static_cast<std::size_t>(f) * width, width);
}

/// Feeds `frames` and asks a random branch now and then, at most `longest` frames apart.
void compare(Stream& stream, const Model& model, const std::vector<std::int8_t>& frames, int longest,
             std::mt19937& random) {
  const Expected expected(model, frames);
  const int count = static_cast<int>(frames.size() / model.features.coefficients);
  std::int64_t asked = 0;
  int pause = 1;
  BranchId branch = BranchId::full;
  for (int f = 0; f < count; ++f) {
    stream.push_frame(frame_of(frames, f, model));
    REQUIRE(stream.window_ready() == (f + 1 >= model.step_frames()));
    if (!stream.window_ready() || --pause > 0) {
      continue;
    }
    pause = 1 + static_cast<int>(random() % static_cast<unsigned>(longest));
    branch = random() % 3 == 0 ? branches[random() % 3] : branch;
    const auto results = stream.classify(branch);
    CAPTURE(f, asked, branch);
    const std::int64_t oldest =
        std::max<std::int64_t>(asked, f + 1 - std::int64_t{most_pending_steps} * model.step_stride_frames());
    REQUIRE(results.size() <= most_pending_steps);
    REQUIRE(results.size() >= expected.due(branch, oldest, f + 1));
    for (const Posteriors& result : results) {
      CAPTURE(result.end_frame);
      REQUIRE(result.end_frame > asked);
      REQUIRE(copied(result.logits) == expected.at(branch, result.end_frame));
      float sum = 0;
      for (const float p : result.values) {
        REQUIRE((p >= 0 && p <= 1));
        sum += p;
      }
      REQUIRE(sum == Approx(1).margin(1e-5));
    }
    asked = f + 1;
  }
}

void compare(const Model& model, const Kernels& kernels, int frames, int longest, unsigned seed) {
  const Network network(std::make_shared<const Model>(model), kernels);
  Stream stream(network);
  std::mt19937 random(seed);
  compare(stream, model, random_stream_frames(seed, frames, model.features.coefficients), longest, random);
}

}  // namespace

TEST_CASE("a streamed net computes the convolution of the whole stream, on every kernel set") {
  for (const Kernels* kernels : all_kernels()) {
    if (!kernels->supported()) continue;
    DYNAMIC_SECTION(kernels->name) {
      SECTION("the shapes that ship") {
        RandomModelOptions o = streaming_options();
        o.spectrum = GENERATE(false, true);
        compare(random_model(31, o), *kernels, 200, 4, 1);
      }
      SECTION("blocks that look ahead") {
        RandomModelOptions o = small_stream_options();
        o.most_ahead = 4;
        compare(random_model(GENERATE(32U, 33U, 34U), o), *kernels, 150, 5, 2);
      }
      SECTION("any number of steps and channels") {
        RandomModelOptions o = small_stream_options();
        std::tie(o.steps, o.memory_size, o.hidden_size) = GENERATE(table<int, int, int>({{1, 1, 5},
                                                                                         {3, 31, 129},
                                                                                         {8, 65, 5},
                                                                                         {17, 130, 129},
                                                                                         {1, 130, 5},
                                                                                         {3, 1, 129},
                                                                                         {8, 31, 129},
                                                                                         {17, 65, 5}}));
        o.blocks = 3;
        compare(random_model(35, o), *kernels, 90, 4, 3);
      }
      SECTION("a step every 24 ms, every 96 ms") {
        RandomModelOptions o = small_stream_options();
        o.conv_stride_time[0] = o.conv_stride_time[1] = GENERATE(1, 2);
        compare(random_model(36, o), *kernels, 150, 9, 4);
      }
    }
  }
}

TEST_CASE("any sequence of branches, pauses and resets gives what the convolution gives") {
  RandomModelOptions o = small_stream_options();
  o.most_ahead = 2;
  for (unsigned seed = 40; seed < 50; ++seed) {
    CAPTURE(seed);
    const Model model = random_model(seed, o);
    const Network network(std::make_shared<const Model>(model), select_kernels("auto"));
    Stream stream(network);
    std::mt19937 random(seed);
    for (int part = 0; part < 4; ++part) {  // pauses of more than the steps that may wait, too
      const int longest = part % 2 == 0 ? 6 : 2 * (most_pending_steps + 4);
      compare(
          stream, model,
          random_stream_frames(seed + static_cast<unsigned>(part), 20 + static_cast<int>(random() % 150), 32),
          longest, random);
      stream.reset();
      CHECK_FALSE(stream.window_ready());
    }
  }
}

TEST_CASE("a stream that keeps all branches gives each at every step") {
  RandomModelOptions o = small_stream_options();
  o.most_ahead = 1;
  const Model model = random_model(61, o);
  const auto frames = random_stream_frames(61, 120, 32);
  const Expected expected(model, frames);
  const Network network(std::make_shared<const Model>(model), select_kernels("auto"));
  Stream stream(network, {}, KeptBranches::all);
  for (int f = 0; f < 120; ++f) {
    stream.push_frame(frame_of(frames, f, model));
    if (f % 5 != 0 || !stream.window_ready()) continue;
    for (const BranchId branch : branches) {
      const auto results = stream.classify(branch);
      CHECK(results.size() == expected.due(branch, f - 4, f + 1));
      for (const Posteriors& result : results) {
        CHECK(copied(result.logits) == expected.at(branch, result.end_frame));
      }
    }
  }
}

TEST_CASE("the second stage sees the window that ends with a candidate, and both are averaged") {
  RandomModelOptions o = small_stream_options();
  o.streaming = GENERATE(true, false);
  o.second = true;
  o.second_blocks = GENERATE(0, 2);
  o.most_ahead = 1;
  o.gate = GENERATE(0.0F, 0.8F, 1.0F);
  const Model model = random_model(62, o);
  RandomModelOptions alone = o;
  alone.second = false;
  const Model first = random_model(62, alone);
  REQUIRE(model.second->net.window_frames() > model.step_frames());
  const auto frames = random_stream_frames(62, 160, 32);
  const auto shared = std::make_shared<const Model>(model);
  const Network network(shared, select_kernels("auto"));
  const Network first_network(std::make_shared<const Model>(first), select_kernels("auto"));
  const Network second_network(std::shared_ptr<const Model>(shared, &shared->second->net),
                               select_kernels("reference"));
  Stream stream(network);
  Stream first_stream(first_network);
  std::int64_t open = 0;
  std::mt19937 random(62);
  for (int f = 0; f < 160; ++f) {
    stream.push_frame(frame_of(frames, f, model));
    first_stream.push_frame(frame_of(frames, f, model));
    if (!stream.window_ready() || random() % 6 != 0) continue;
    const BranchId branch = branches[random() % 3];
    const auto both = stream.classify(branch);
    const auto one = first_stream.classify(branch);
    REQUIRE(both.size() == one.size());
    for (std::size_t i = 0; i < both.size(); ++i) {
      float sum = 0;
      for (std::size_t n = 0; n < 5; ++n) {
        sum += model.labels[n].kind == LabelKind::keyword ? one[i].values[n] : 0.0F;
      }
      std::vector<float> wanted = copied(one[i].values);
      if (sum >= o.gate) {
        ++open;
        // The first frame stands for those before it.
        std::vector<std::int8_t> window;
        for (std::int64_t k = one[i].end_frame - model.second->net.window_frames(); k < one[i].end_frame;
             ++k) {
          const auto frame = frame_of(frames, static_cast<int>(std::max<std::int64_t>(k, 0)), model);
          window.insert(window.end(), frame.begin(), frame.end());
        }
        Stream second(second_network);
        for (int k = 0; k < model.second->net.window_frames(); ++k)
          second.push_frame(frame_of(window, k, model));
        std::vector<float> p2(5);
        second.classify(BranchId::full, p2);
        CHECK(copied(second.logits()) == naive_logits(model.second->net, window, BranchId::full));
        for (std::size_t n = 0; n < 5; ++n) wanted[n] = 0.5F * (wanted[n] + p2[n]);
      }
      CHECK(copied(both[i].values) == wanted);
      CHECK(copied(both[i].logits) == copied(one[i].logits));
    }
  }
  CHECK(stream.second_stage().windows == open);
  CHECK(stream.second_stage().openings <= open);
  CHECK((o.gate == 1.0F || open > 0));
  CHECK(first_stream.second_stage().windows == 0);
}

TEST_CASE("a reset stream with a second stage is a new stream") {
  RandomModelOptions o = small_stream_options();
  o.second = true;
  o.gate = 0;
  const Model model = random_model(63, o);
  const Network network(std::make_shared<const Model>(model), select_kernels("auto"));
  Stream used(network);
  Stream fresh(network);
  const auto noise = random_stream_frames(64, 70, 32);
  const auto frames = random_stream_frames(65, 70, 32);
  for (int f = 0; f < 70; ++f) used.push_frame(frame_of(noise, f, model));
  (void)used.classify(BranchId::full);
  used.reset();
  for (int f = 0; f < 70; ++f) {
    used.push_frame(frame_of(frames, f, model));
    fresh.push_frame(frame_of(frames, f, model));
    if (f < 20 || f % 7 != 0) continue;
    const auto a = used.classify(BranchId::half);
    const auto b = fresh.classify(BranchId::half);
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(copied(a[i].values) == copied(b[i].values));
  }
}

TEST_CASE("a streaming net allocates nothing after construction, whatever it is asked") {
  RandomModelOptions o = streaming_options();
  o.second = true;
  o.gate = 0.5F;
  const Model model = random_model(66, o);
  const auto frames = random_stream_frames(66, 200, 32);
  for (const Kernels* kernels : all_kernels()) {
    if (!kernels->supported()) continue;
    CAPTURE(kernels->name);
    const Network network(std::make_shared<const Model>(model), *kernels);
    Stream stream(network);
    std::size_t results = 0;
    const AllocationCounter counter;
    for (int f = 0; f < 200; ++f) {
      stream.push_frame(frame_of(frames, f, model));
      if (f == 120) stream.reset();
      if (stream.window_ready() && f % 3 == 0) results += stream.classify(branches[f / 20 % 3]).size();
    }
    CHECK(counter.so_far().count == 0);
    CHECK(results > 60);
  }
}

TEST_CASE("an observer sees the steps of a streaming net as they are computed") {
  RandomModelOptions o = small_stream_options();
  o.second = true;
  o.gate = 0;
  const Model model = random_model(67, o);
  const auto frames = random_stream_frames(67, 40, 32);
  const Network network(std::make_shared<const Model>(model), select_kernels("auto"));
  std::map<std::string, std::size_t> values;
  Stream watched(network,
                 [&](const LayerOutput& out) { values[std::string(out.name)] += out.values.size(); });
  Stream plain(network);
  for (int f = 0; f < 40; ++f) {
    watched.push_frame(frame_of(frames, f, model));
    plain.push_frame(frame_of(frames, f, model));
  }
  const auto a = watched.classify(BranchId::half);
  const auto b = plain.classify(BranchId::half);
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(copied(a[i].values) == copied(b[i].values));
  const std::size_t steps = a.size();
  CHECK(values["steps"] == steps * 24);
  CHECK(values["memory"] == 2 * steps * 24);
  CHECK(values["hidden"] == 2 * steps * 40);
  CHECK(values["project"] == 2 * steps * 24);
  CHECK(values["second steps"] > 0);
}

TEST_CASE("a thousand changes of branch in an hour: the events of all branches computed throughout") {
  RandomModelOptions o = small_stream_options();
  o.coefficients = 8;
  o.conv_channels[0] = o.conv_channels[1] = 2;
  o.memory_size = 16;
  o.hidden_size = 24;
  o.most_ahead = 1;
  const Model model = random_model(68, o);
  const Network network(std::make_shared<const Model>(model), select_kernels("auto"));
  Stream stream(network);
  Stream all(network, {}, KeptBranches::all);
  Detector detector(model, model.detector);
  Detector reference(model, model.detector);
  for (const BranchId branch : branches) {
    for (int label = 0; label < 3; ++label) {
      detector.set_threshold(branch, label, 0.5F);
      reference.set_threshold(branch, label, 0.5F);
    }
  }
  constexpr int frames = 150'000;  // an hour, 24 ms each
  std::mt19937 random(69);
  std::vector<std::int8_t> frame(8);
  BranchId branch = BranchId::full;
  int changes = 0;
  std::size_t events = 0;
  for (int f = 0; f < frames; ++f) {
    for (std::int8_t& q : frame) {  // sound that comes and goes
      q = static_cast<std::int8_t>(static_cast<int>(random() % 81) - 40 + 60 * (f / 40 % 3 - 1));
    }
    stream.push_frame(frame);
    all.push_frame(frame);
    if (f % 4 != 0 || !stream.window_ready()) continue;
    if (random() % 23 == 0) {
      const BranchId before = branch;
      branch = branches[random() % 3];
      changes += branch != before ? 1 : 0;
    }
    const auto found = stream.classify(branch);
    std::span<Posteriors> expected;
    for (const BranchId other : branches) {
      if (other != branch) (void)all.classify(other);
    }
    expected = all.classify(branch);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      const std::int64_t end = found[i].end_frame * 384;
      const auto a = detector.push(found[i].values, end, branch);
      const auto b = reference.push(expected[i].values, end, branch);
      REQUIRE(a.size() == b.size());
      events += a.size();
      for (std::size_t k = 0; k < a.size(); ++k) {
        REQUIRE((a[k].label == b[k].label && a[k].score == b[k].score && a[k].end_sample == b[k].end_sample));
      }
    }
  }
  CHECK(changes >= 1000);
  CHECK(events > 100);
}
