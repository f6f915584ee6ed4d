// The second stage: numbers of the embedding, what starts from them, and the way into a model file.
#include <catch2/catch.hpp>

#include <array>
#include <fstream>
#include <string>

#include "engine/model/error.h"
#include "engine/model/model_file.h"
#include "engine/nn/network.h"
#include "models/trainer/net/export.h"
#include "models/trainer/net/integer_net.h"
#include "models/trainer/net/provenance.h"
#include "models/trainer/second/npy.h"
#include "models/trainer/second/transfer.h"
#include "models/trainer/second/vectors.h"
#include "tests/support/temporary_folder.h"

using namespace kwsd;
using namespace kwsd::train;
using torch::Tensor;

namespace {

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string npy_bytes(const Tensor& array, const std::string& shape, const std::string& type = "<f4") {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.resize(117, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  const Tensor values = array.contiguous();
  return bytes + header +
         std::string(reinterpret_cast<const char*>(values.data_ptr<float>()),
                     static_cast<std::size_t>(values.numel()) * sizeof(float));
}

void save_npy(const std::filesystem::path& path, const Tensor& array) {
  std::string shape;
  for (const auto size : array.sizes()) {
    shape += (shape.empty() ? "" : ", ") + std::to_string(size);
  }
  write(path, npy_bytes(array, array.dim() == 1 ? shape + "," : shape));
}

/// An embedding of random numbers, of which the values of every layer keep their size.
void save_embedding(const std::filesystem::path& folder) {
  torch::manual_seed(11);
  save_npy(folder / "window.npy", torch::hann_window(512));
  Tensor filters = torch::zeros({257, 32});
  for (int m = 0; m < 32; ++m) {
    filters.slice(0, 2 + 3 * m, 6 + 3 * m).select(1, m).fill_(1);
  }
  save_npy(folder / "mel_filters.npy", filters);
  save_npy(folder / "bn00.npy", torch::stack({torch::ones(24), torch::zeros(24)}));
  constexpr std::array widths{24, 24, 24, 48, 48, 48, 48, 72, 72, 72, 72, 96, 96, 96, 96, 96, 96, 96, 96, 96};
  std::int64_t in = 1;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::int64_t time = i == 0 || (i % 2 == 0) || i == 19 ? 3 : 1;
    const std::int64_t mel = i == 0 ? 3 : time == 3 ? 1 : 3;
    const std::string name = "conv" + std::string(i < 10 ? "0" : "") + std::to_string(i);
    save_npy(folder / (name + "_w.npy"), torch::randn({widths[i], in, time, mel}) *
                                             std::sqrt(1.5 / static_cast<double>(in * time * mel)));
    if (i > 0 && i < 19) {
      save_npy(folder / (name + "_b.npy"), 0.1 * torch::randn({widths[i]}));
    }
    in = widths[i];
  }
}

FeatureParams features() {
  FeatureParams f;
  f.mean.assign(f.coefficients, 0.5F);
  f.scale.assign(f.coefficients, 8.0F);
  return f;
}

NetOptions second_net(const SecondWidths& widths) {
  NetOptions o;
  o.spectrum = o.causal = true;
  o.thin = false;
  o.convs = second_convs(widths);
  o.memory_size = o.hidden_size = widths.back();
  o.blocks = o.words = 0;
  o.steps = 4;
  o.labels = 4;
  o.conv2 = o.linear = Kind::int8;
  o.pointwise = Kind::bit1;
  o.dropout = 0;
  return o;
}

Tensor some_frames(std::int64_t streams, std::int64_t frames) {
  return (40 * torch::randn({streams, frames, 32})).round().clamp(-127, 127);
}

Checkpoint trained(const NetOptions& o) {
  Checkpoint c;
  c.info.options = o;
  c.info.labels = {{"yes", LabelKind::keyword},
                   {"no", LabelKind::keyword},
                   {"unknown", LabelKind::unknown},
                   {"silence", LabelKind::silence}};
  c.info.recipe = "{}";
  c.info.features = features();
  c.net = Net(o);
  c.average = Net(o);
  torch::NoGradGuard no_grad;
  c.net->set_features(c.info.features);
  c.net->train();  // statistics as after training
  for (int i = 0; i < 30; ++i) {
    c.net->forward_streams(some_frames(4, 70), {0});
  }
  c.average->copy_from(*c.net);
  c.average->eval();
  return c;
}

}  // namespace

TEST_CASE("an array of NumPy is read, and a wrong one is named") {
  const kwsd::test::TemporaryFolder folder;
  const auto path = folder.path() / "a.npy";
  const Tensor array = torch::arange(6).to(torch::kFloat32).view({2, 3});
  save_npy(path, array);
  CHECK(torch::equal(load_npy(path, {2, 3}), array));
  const std::string good = npy_bytes(array, "2, 3");
  const auto refused = [&](const std::string& bytes, const std::string& part) {
    write(path, bytes);
    CHECK_THROWS_WITH(load_npy(path, {2, 3}), Catch::Contains("a.npy") && Catch::Contains(part));
  };
  refused(npy_bytes(array, "3, 2"), "'shape': (3, 2)");
  refused(npy_bytes(array, "2, 3", "<f8"), "'<f8'");
  refused(good.substr(0, good.size() - 1), "another length");
  refused(good + "x", "another length");
  refused(good.substr(0, 60), "header");
  refused("", "no array");
  refused("PK\x03\x04" + good, "no array");
  refused(npy_bytes(array / 0.0, "2, 3"), "infinities");
  CHECK_THROWS_WITH(load_npy(folder.path() / "none.npy", {1}), Catch::Contains("cannot be read"));
}

TEST_CASE("the embedding has a vector every 80 ms, from 775 ms of sound") {
  const kwsd::test::TemporaryFolder folder;
  save_embedding(folder.path());
  const SpeechEmbedding embedding(folder.path());
  torch::manual_seed(1);
  const Tensor sound = 0.1 * torch::randn({2, 16000});
  const auto vectors = [&](const Tensor& samples) { return embedding.outputs(samples, {19})[0]; };
  // 76 frames of 512 samples, 160 apart.
  CHECK(vectors(sound.slice(1, 0, 75 * 160 + 512)).sizes() == torch::IntArrayRef({2, 96, 1, 1}));
  CHECK(vectors(sound.slice(1, 0, 83 * 160 + 512)).size(2) == 2);
  const Tensor first = vectors(sound.slice(1, 0, 83 * 160 + 512));
  const Tensor later = vectors(sound.slice(1, SpeechEmbedding::stride_samples, 83 * 160 + 512));
  CHECK(torch::allclose(first.slice(2, 1), later, 1e-3, 1e-3));
}

TEST_CASE("a second stage starts with the embedding's numbers, the channels that matter most") {
  const kwsd::test::TemporaryFolder folder;
  save_embedding(folder.path());
  torch::manual_seed(2);
  const Tensor sound = 0.1 * torch::randn({2, 24000});
  const SpeechEmbedding embedding(folder.path());
  SECTION("all channels") {
    const NetOptions o = second_net(second_widths);
    Net net(o);
    net->set_features(features());
    EmbeddingTeacher(folder.path(), o, features(), sound).start(*net);
    for (std::size_t layer = 3; layer < 19; ++layer) {
      CAPTURE(layer);
      CHECK(torch::equal(net->convs[layer - 1], embedding.layers()[layer].weight));
    }
    CHECK(torch::equal(net->convs[18].slice(2, 0, 5, 2), embedding.layers()[19].weight));
    CHECK(net->convs[18].slice(2, 1, 5, 2).abs().max().item<float>() == 0);
    // Means and deviations of the embedding's values, to one scale a layer.
    const auto moments = embedding.moments(sound);
    const Tensor ratio = net->front_norms[5]->gain / moments[6].deviation;
    CHECK(ratio.max().item<float>() == Approx(ratio.min().item<float>()));
    CHECK(torch::allclose(net->front_norms[5]->bias, moments[6].mean * ratio[0]));
  }
  SECTION("fewer channels") {
    const NetOptions o = second_net({12, 20, 30, 40, 16});
    Net net(o);
    net->set_features(features());
    EmbeddingTeacher(folder.path(), o, features(), sound).start(*net);
    CHECK(net->convs[4].sizes() == torch::IntArrayRef({20, 20, 1, 3}));
    CHECK(net->convs[18].size(0) == 96);  // all of its vector
    const Tensor& all = embedding.layers()[19].weight;
    bool found = false;  // each column of the last layer is one of the embedding's
    for (std::int64_t c = 0; c < all.size(1); ++c) {
      found = found || torch::equal(all.select(1, c), net->convs[18].select(1, 0).slice(1, 0, 5, 2));
    }
    CHECK(found);
  }
  SECTION("another net is refused") {
    NetOptions o = second_net(second_widths);
    o.convs[4].channels = 47;
    CHECK_THROWS_WITH(EmbeddingTeacher(folder.path(), o, features(), sound), Catch::Contains("train-second"));
  }
}

TEST_CASE("the differences from the embedding are shares of the variance, at the same times") {
  const kwsd::test::TemporaryFolder folder;
  save_embedding(folder.path());
  torch::manual_seed(3);
  const NetOptions o = second_net(second_widths);
  // Sound whose loudness changes, so that neighbouring vectors differ.
  const Tensor sound = 0.2 * torch::randn({2, 48000}) * torch::sin(torch::arange(48000) / 3000.0);
  const EmbeddingTeacher teacher(folder.path(), o, features(), sound);
  const SpeechEmbedding embedding(folder.path());
  const std::int64_t steps = ((48000 - 640) / 384) / 2 + 1;
  const auto flat = [&](double value) {
    ConvTap tap = EmbeddingTeacher::vector_tap();
    tap.output = torch::full({2, 96, steps, 1}, value);
    return teacher.vector_loss(tap, sound, steps).item<double>();
  };
  CHECK(flat(1000) > 100);
  // The embedding's own vectors at the times of the steps leave little of the variance; moved by 240 ms, much
  // more.
  const Tensor vectors = embedding.outputs(sound, {19})[0];
  const auto moments = embedding.moments(sound);
  const double scale =
      (moments[19].mean.square() + moments[19].deviation.square()).mean().sqrt().item<double>();
  const auto as_student = [&](double late_seconds) {
    ConvTap tap = EmbeddingTeacher::vector_tap();
    tap.output = torch::zeros({2, 96, steps, 1});
    for (std::int64_t i = 0; i < steps; ++i) {
      const double end = 640 + static_cast<double>(i) * 768 - 480 - 16000 * late_seconds;
      const double place =
          std::clamp((end - SpeechEmbedding::window_samples) / SpeechEmbedding::stride_samples, 0.0,
                     static_cast<double>(vectors.size(2)) - 1.001);
      const auto below = static_cast<std::int64_t>(place);
      const double share = place - static_cast<double>(below);
      tap.output.select(2, i).copy_(
          ((1 - share) * vectors.select(2, below) + share * vectors.select(2, below + 1)) / scale);
    }
    return teacher.vector_loss(tap, sound, steps).item<double>();
  };
  CHECK(as_student(0) < 0.5 * as_student(0.24));
}

TEST_CASE("a second stage gives the trainer's integers in the engine, behind a model's gate") {
  torch::manual_seed(5);
  Checkpoint checkpoint = trained(second_net({6, 8, 10, 12, 16}));
  const Model net = to_second_stage(checkpoint, features(), some_frames(4, 90));
  CHECK(net.branches[0].thresholds.empty());
  CHECK(net.step_stride_frames() == 2);
  const Network network(std::make_shared<const Model>(net), select_kernels("auto"));
  Stream stream(network);
  const Tensor windows = some_frames(6, net.window_frames());
  const Tensor frames = windows.to(torch::kInt8).contiguous();
  std::vector<float> posteriors(net.labels.size());
  torch::NoGradGuard no_grad;
  const Tensor integer = integer::logits(net, BranchId::full, windows);
  const Tensor real = checkpoint.average->forward_streams(windows, {0})[0];
  const Tensor last = real.select(1, real.size(1) - 1);
  CHECK((torch::softmax(last, 1) - torch::softmax(integer, 1)).abs().mean().item<double>() < 0.05);
  for (std::int64_t i = 0; i < windows.size(0); ++i) {
    stream.reset();
    for (std::int64_t f = 0; f < windows.size(1); ++f) {
      stream.push_frame({frames[i][f].data_ptr<std::int8_t>(), 32});
    }
    stream.classify(BranchId::full, posteriors);
    for (std::size_t n = 0; n < posteriors.size(); ++n) {
      CHECK(stream.logits()[n] == integer[i][static_cast<std::int64_t>(n)].item<float>());
    }
  }
}

TEST_CASE("a base hands on the vectors that the second stage of another model has inside") {
  Model base = load_model(KWSD_SOURCE "/models/base.kwsm");
  const Model commands = load_model(KWSD_SOURCE "/models/commands.kwsm");
  base.second = nullptr;
  add_vectors(base, commands);
  CHECK(base.second->gate == never_opens);
  CHECK(serialize_model(base) == serialize_model(load_model(KWSD_SOURCE "/models/base.kwsm")));

  torch::manual_seed(3);
  const int frames = commands.second->net.window_frames();
  const Tensor sound = torch::randint(-60, 60, {frames, 32}, torch::kInt8).contiguous();
  const auto newest = [&](const Model& of, const std::string& name, int index) {
    std::vector<std::int32_t> values;
    const Network network(std::shared_ptr<const Model>(of.second, &of.second->net), select_kernels("auto"));
    Stream stream(network, [&](const LayerOutput& out) {
      if (out.name == name && out.index == index) {
        values.assign(out.values.begin(), out.values.end());
      }
    });
    for (std::int64_t f = 0; f < frames; ++f) {
      stream.push_frame({sound[f].data_ptr<std::int8_t>(), 32});
    }
    static_cast<void>(stream.classify(BranchId::full));
    return values;
  };
  const auto inside =
      newest(commands, "front-end", static_cast<int>(commands.second->net.front_end.size()) - 3);
  const auto handed_on = newest(base, "classifier input", 0);  // [96][10]
  REQUIRE(inside.size() == 96);
  REQUIRE(handed_on.size() == 960);
  for (std::size_t c = 0; c < 96; ++c) {
    CHECK(handed_on[c * 10 + 9] == inside[c]);
  }
}

TEST_CASE("vectors are taken from a second stage of their shape alone, of the same features") {
  Model base = load_model(KWSD_SOURCE "/models/base.kwsm");
  Model commands = load_model(KWSD_SOURCE "/models/commands.kwsm");
  SECTION("no second stage") {
    commands.second = nullptr;
  }
  SECTION("another shape") {
    auto second = std::make_shared<SecondStage>(*commands.second);
    second->net.front_end.erase(second->net.front_end.end() - 2);
    commands.second = second;
  }
  SECTION("other features") {
    commands.features.scale[3] *= 2;
  }
  CHECK_THROWS_AS(add_vectors(base, commands), Error);
}

TEST_CASE("a second stage takes the features of the first, whatever their mean and scale") {
  torch::manual_seed(6);
  Checkpoint checkpoint = trained(second_net({6, 8, 10, 12, 16}));
  NetImpl& net = *checkpoint.average;
  net.options.conv2 = net.options.linear = net.options.pointwise = Kind::real;  // no rounding in between
  FeatureParams other = features();
  for (std::size_t j = 0; j < other.mean.size(); ++j) {
    other.mean[j] = 0.1F * static_cast<float>(j) - 1;
    other.scale[j] = 5.0F + 0.3F * static_cast<float>(j);
  }
  torch::NoGradGuard no_grad;
  const Tensor cepstra = 4 * torch::randn({2, 80, 32});
  const auto quantized = [&](const FeatureParams& f) {
    return (cepstra - torch::tensor(f.mean)) * torch::tensor(f.scale);
  };
  const Tensor before = net.forward_streams(quantized(features()), {0})[0];
  take_features(checkpoint, other);
  const Tensor after = net.forward_streams(quantized(other), {0})[0];
  CHECK(torch::allclose(before, after, 1e-3, 1e-3));
  other.hop_samples = 320;
  CHECK_THROWS_WITH(take_features(checkpoint, other), Catch::Contains("another kind"));
}

TEST_CASE(
    "a model with a second stage says how both were trained, and nothing of the first alone's thresholds") {
  Model model;
  model.provenance = R"({"recipe":{"--epochs":["36"]},"calibration":{"keywords":2}})";
  NetInfo info;
  info.recipe = R"({"--embedding":["/somewhere/embedding"]})";
  info.epochs_done = 26;
  add_second_stage(model, info);
  CHECK(model.provenance ==
        R"({"recipe":{"--epochs":["36"]},"second_stage":{"epochs":26,"made_by":"kwsd-train","recipe":)"
        R"({"--embedding":["embedding"]}}})");
  model.provenance = "no JSON";
  add_second_stage(model, info);
  CHECK(model.provenance.find("second_stage") != std::string::npos);
}

TEST_CASE("frozen convs do not change, the others do") {
  torch::manual_seed(7);
  Checkpoint checkpoint = trained(second_net({6, 8, 10, 12, 16}));
  NetImpl& net = *checkpoint.net;
  torch::optim::AdamW optimizer(net.parameters(), torch::optim::AdamWOptions(0.01).weight_decay(0.1));
  const auto step = [&] {
    optimizer.zero_grad();
    net.forward_streams(some_frames(2, 70), {0})[0].square().sum().backward();
    optimizer.step();
  };
  step();
  net.freeze(10);
  const Tensor spectrum = net.spectrum.clone();
  const Tensor ninth = net.convs[9].clone();
  const Tensor tenth = net.convs[10].clone();
  step();
  CHECK(torch::equal(net.spectrum, spectrum));
  CHECK(torch::equal(net.convs[9], ninth));
  CHECK_FALSE(torch::equal(net.convs[10], tenth));
}
