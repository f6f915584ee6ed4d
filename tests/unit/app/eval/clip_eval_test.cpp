// kwsd eval --data: which clips count as what, the figures, and the report.
#include "app/eval/clip_eval.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "app/base/random.h"
#include "app/eval/clip_report.h"
#include "engine/audio/fit_window.h"
#include "engine/features/mfcc.h"
#include "engine/model/error.h"
#include "engine/spotter/posterior_stream.h"
#include "tests/support/naive_network.h"
#include "tests/support/random_model.h"
#include "tests/support/temporary_folder.h"

using namespace kwsd;
using namespace kwsd::test;
namespace fs = std::filesystem;

namespace {

Model small_model() {
  RandomModelOptions options;
  options.memory_size = 32;
  options.hidden_size = 64;
  options.labels = 4;
  Model model = random_model(5, options);
  model.labels = {{"go", LabelKind::keyword},
                  {"stop", LabelKind::keyword},
                  {"unknown", LabelKind::unknown},
                  {"silence", LabelKind::silence}};
  return model;
}

/// Noise of a length and level of its own for each file name; "empty" holds nothing, "bad" is damaged.
std::vector<float> made_up_sound(const fs::path& file) {
  const std::string stem = file.stem().string();
  if (stem == "bad") {
    throw Error(ErrorKind::bad_data, file.string() + ": damaged");
  }
  Random random(stable_hash(file.filename().string()));
  std::vector<float> samples(stem == "empty" ? 0 : 4000 + random.below(20000));
  const double level = random.uniform(0.001, 0.5);
  for (float& v : samples) {
    v = random.uniform_f(-level, level);
  }
  return samples;
}

std::vector<ClipFile> made_up_clips(int count) {
  std::vector<ClipFile> clips;
  for (int i = 0; i < count; ++i) {
    clips.push_back({"clip" + std::to_string(i) + ".wav", i % 4});
  }
  return clips;
}

/// The label that the definition of the network gives for a clip.
int naive_label(const Model& model, const std::vector<float>& clip, BranchId branch) {
  std::vector<float> window(static_cast<std::size_t>(model.window_samples()));
  fit_window(std::span<const float>(clip), std::span<float>(window));
  Mfcc mfcc(model.features);
  std::vector<std::int8_t> frames;
  std::vector<std::int8_t> frame(model.features.coefficients);
  for (int f = 0; f < model.window_frames(); ++f) {
    mfcc.compute_quantized(
        std::span<const float>(window).subspan(static_cast<std::size_t>(f) * model.features.hop_samples,
                                               model.features.frame_samples),
        frame);
    frames.insert(frames.end(), frame.begin(), frame.end());
  }
  const std::vector<float> logits = naive_logits(model, frames, branch);
  return static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

std::string bytes_of(const std::vector<std::vector<int>>& rows) {
  return nlohmann::json(rows).dump();
}

}  // namespace

TEST_CASE("folders are taken for the label they hold") {
  const TemporaryFolder folder;
  for (const char* file : {"go/a.wav", "go/b.FLAC", "stop/c.ogg", "bird/d.wav", "_silence_/e.wav",
                           "silence/f.wav", "_background_noise_/g.wav", ".hidden/h.wav", "go/notes.txt",
                           "go/.i.wav", "unknown/j.wav", "Go/k.wav", " GO_/l.wav", "loose.wav"}) {
    folder.write(file);
  }
  const Model model = small_model();
  const DataSet set = find_clips(folder.path(), {}, model.labels);
  std::vector<std::pair<std::string, int>> found;
  for (const ClipFile& clip : set.clips) {
    found.emplace_back(clip.path.lexically_relative(folder.path()).string(), clip.label);
  }
  REQUIRE(found == std::vector<std::pair<std::string, int>>{{" GO_/l.wav", 0},
                                                            {"Go/k.wav", 0},
                                                            {"_silence_/e.wav", 3},
                                                            {"bird/d.wav", 2},
                                                            {"go/a.wav", 0},
                                                            {"go/b.FLAC", 0},
                                                            {"silence/f.wav", 3},
                                                            {"stop/c.ogg", 1},
                                                            {"unknown/j.wav", 2}});
  REQUIRE(set.missing.empty());
  REQUIRE(set.left_out == 0);
}

TEST_CASE("a model without an unknown label leaves other words out") {
  const TemporaryFolder folder;
  folder.write("go/a.wav");
  folder.write("bird/b.wav");
  const std::vector<Label> labels{{"go", LabelKind::keyword}};
  const DataSet set = find_clips(folder.path(), {}, labels);
  REQUIRE(set.clips.size() == 1);
  REQUIRE(set.left_out == 1);
}

TEST_CASE("a list picks clips, whatever their extension") {
  const TemporaryFolder folder;
  folder.write("go/a.flac");
  folder.write("go/b.flac");
  folder.write("stop/a.flac");
  const fs::path list = folder.write("list.txt", "go/a.wav\r\n\nstop/missing.wav\n");
  const Model model = small_model();
  const DataSet set = find_clips(folder.path(), list, model.labels);
  REQUIRE(set.clips.size() == 1);
  REQUIRE(set.clips[0].path == folder.path() / "go/a.flac");
  REQUIRE(set.missing == std::vector<std::string>{"stop/missing.wav"});
}

TEST_CASE("folders and lists that are wrong are named") {
  const TemporaryFolder folder;
  const Model model = small_model();
  const auto kind_of = [&](const fs::path& data, const fs::path& list) {
    try {
      (void)find_clips(data, list, model.labels);
    } catch (const Error& error) {
      INFO(error.what());
      REQUIRE(std::string(error.what()).find('\n') == std::string::npos);
      return error.kind();
    }
    return ErrorKind::internal;
  };
  REQUIRE(kind_of(folder.path() / "missing", {}) == ErrorKind::no_input);
  REQUIRE(kind_of(folder.path(), {}) == ErrorKind::bad_data);
  folder.write("go/a.wav");
  REQUIRE(kind_of(folder.path() / "go/a.wav", {}) == ErrorKind::no_input);
  REQUIRE(kind_of(folder.path(), folder.path() / "missing.txt") == ErrorKind::no_input);
  REQUIRE(kind_of(folder.path(), folder.path()) == ErrorKind::no_input);
  REQUIRE(kind_of(folder.path(), folder.write("empty.txt")) == ErrorKind::bad_data);
  REQUIRE(kind_of(folder.path(), folder.write("other.txt", "go/other.wav\n")) == ErrorKind::bad_data);
}

TEST_CASE("clips are recognised as the definition of the network says, on any number of threads") {
  const auto model = std::make_shared<const Model>(small_model());
  const Network network(model, select_kernels("reference"));
  const std::vector<ClipFile> clips = made_up_clips(24);
  const ClipEvaluation one = evaluate_clips(network, clips, made_up_sound, 1, [] {});
  std::atomic<int> calls{0};
  const ClipEvaluation four = evaluate_clips(network, clips, made_up_sound, 4, [&calls] { ++calls; });
  REQUIRE(calls == 24);
  REQUIRE(clip_report_json(*model, one) == clip_report_json(*model, four));
  REQUIRE(one.clips == 24);
  REQUIRE(one.skipped.empty());
  REQUIRE(clip_list_tsv(*model, one, {}) == clip_list_tsv(*model, four, {}));
  for (std::size_t b = 0; b < branch_count; ++b) {
    Confusion expected(4);
    for (const ClipFile& clip : clips) {
      expected.add(clip.label, naive_label(*model, made_up_sound(clip.path), static_cast<BranchId>(b)));
    }
    for (int said = 0; said < 4; ++said) {
      for (int heard = 0; heard < 4; ++heard) {
        CAPTURE(b, said, heard);
        REQUIRE(one.branches[b].count(said, heard) == expected.count(said, heard));
      }
    }
  }
}

TEST_CASE("a streaming net names a clip by its surest steps") {
  RandomModelOptions options = streaming_options();
  options.blocks = 4;
  options.memory_size = 32;
  options.hidden_size = 64;
  options.labels = 4;
  Model random = random_model(9, options);
  random.labels = small_model().labels;
  const auto model = std::make_shared<const Model>(random);
  const Network network(model, select_kernels("reference"));
  ClipClassifier classifier(network);
  std::set<int> named;
  for (const ClipFile& clip : made_up_clips(40)) {
    std::vector<float> samples = made_up_sound(clip.path);
    samples.resize(clip.path == "clip7.wav" ? 100 : samples.size());  // less than a frame
    const Predictions heard = classifier.classify(samples);
    samples.resize(std::max<std::size_t>(samples.size(), model->features.frame_samples));
    for (int b = 0; b < branch_count; ++b) {
      // All posteriors of the clip and of 21 more of its last frame (0.5 s), then the highest mean of four.
      PosteriorStream stream(network, model->hop_frames());
      std::vector<std::vector<float>> steps;
      const auto push = [&](std::span<const std::int8_t> frame) {
        if (stream.push_frame(frame)) {
          for (const Posteriors& step : stream.classify(static_cast<BranchId>(b))) {
            steps.emplace_back(step.values.begin(), step.values.end());
          }
        }
      };
      Mfcc mfcc(model->features);
      std::vector<std::int8_t> frame(model->features.coefficients);
      for (std::size_t at = 0; at + model->features.frame_samples <= samples.size();
           at += model->features.hop_samples) {
        mfcc.compute_quantized(std::span<const float>(samples).subspan(at, model->features.frame_samples),
                               frame);
        push(frame);
      }
      for (int i = 0; i < 21; ++i) {
        push(frame);
      }
      std::vector<double> surest(4, 0.0);
      for (std::size_t last = 0; last < steps.size(); ++last) {
        const std::size_t first = last < 3 ? 0 : last - 3;
        for (std::size_t label = 0; label < 4; ++label) {
          double sum = 0;
          for (std::size_t i = first; i <= last; ++i) {
            sum += static_cast<double>(steps[i][label]);
          }
          surest[label] = std::max(surest[label], sum / static_cast<double>(last - first + 1));
        }
      }
      const int keyword = surest[1] > surest[0] ? 1 : 0;
      const int expected = surest[static_cast<std::size_t>(keyword)] >= 0.2 ? keyword
                           : surest[2] >= 0.2                               ? 2
                                                                            : 3;
      CAPTURE(clip.path.string(), b, surest[0], surest[1], surest[2], surest[3]);
      const Prediction one = heard[static_cast<std::size_t>(b)];
      REQUIRE(one.label == expected);
      REQUIRE(static_cast<double>(one.posterior) ==
              Approx(surest[static_cast<std::size_t>(expected)]).epsilon(1e-4));
      named.insert(one.label);
    }
  }
  REQUIRE(named.size() > 1);
}

TEST_CASE("damaged and empty clips are named, counted and skipped") {
  const auto model = std::make_shared<const Model>(small_model());
  const Network network(model, select_kernels("reference"));
  std::vector<ClipFile> clips = made_up_clips(3);
  clips.insert(clips.begin() + 1, {"bad.wav", 0});
  clips.push_back({"empty.wav", 1});
  const ClipEvaluation evaluation = evaluate_clips(network, clips, made_up_sound, 2, [] {});
  REQUIRE(evaluation.clips == 3);
  REQUIRE(evaluation.skipped.size() == 2);
  REQUIRE(evaluation.skipped[0].path == "bad.wav");
  REQUIRE(evaluation.skipped[0].reason == "bad.wav: damaged");
  REQUIRE(evaluation.skipped[1].path == "empty.wav");
}

TEST_CASE("a line for each clip") {
  const Model model = small_model();
  ClipEvaluation evaluation;
  evaluation.predicted.push_back({{"data/go/a\t1.wav", 0}, {{{0, 0.75F}, {1, 0.5F}, {3, 1.0F}}}});
  REQUIRE(clip_list_tsv(model, evaluation, "data") ==
          "clip\tsaid\tfull\tposterior\thalf\tposterior\tquarter\tposterior\n"
          "go/a?1.wav\tgo\tgo\t0.75000000\tstop\t0.50000000\tsilence\t1.00000000\n");
}

TEST_CASE("figures of a known confusion") {
  const Model model = small_model();
  ClipEvaluation evaluation;
  evaluation.branches.assign(branch_count, Confusion(4));
  const std::vector<std::vector<int>> counts{{8, 1, 1, 0}, {0, 5, 0, 0}, {1, 1, 3, 0}, {0, 0, 0, 0}};
  for (int said = 0; said < 4; ++said) {
    for (int heard = 0; heard < 4; ++heard) {
      for (int n = 0; n < counts[static_cast<std::size_t>(said)][static_cast<std::size_t>(heard)]; ++n) {
        for (Confusion& branch : evaluation.branches) branch.add(said, heard);
        ++evaluation.clips;
      }
    }
  }
  const Confusion& full = evaluation.branches[0];
  REQUIRE(full.accuracy() == Approx(16.0 / 20));
  REQUIRE(full.recall(0).value() == Approx(0.8));
  REQUIRE(full.recall(1).value() == Approx(1.0));
  REQUIRE(full.recall(2).value() == Approx(0.6));
  REQUIRE_FALSE(full.recall(3));

  const nlohmann::ordered_json json = clip_report_json(model, evaluation);
  REQUIRE(json["model"] == model.name);
  REQUIRE(json["clips"] == 20);
  REQUIRE(json["labels"].dump() == R"(["go","stop","unknown","silence"])");
  for (const char* branch : {"full", "half", "quarter"}) {
    REQUIRE(json["branches"][branch]["accuracy"] == 0.8);
    REQUIRE(json["branches"][branch]["recall"].dump() ==
            R"({"go":0.8,"stop":1.0,"unknown":0.6,"silence":null})");
    REQUIRE(json["branches"][branch]["confusion"].dump() == bytes_of(counts));
  }
  const std::string text = clip_report_text(model, evaluation);
  CAPTURE(text);
  REQUIRE(text.find("accuracy      20   80.0 %   80.0 %   80.0 %\n") != std::string::npos);
  REQUIRE(text.find("  silence      0        -        -        -\n") != std::string::npos);
  REQUIRE(text.find("  go                 8     1        1        .\n") != std::string::npos);
}
