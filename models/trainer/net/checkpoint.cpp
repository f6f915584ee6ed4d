#include "models/trainer/net/checkpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "app/base/atomic_file.h"
#include "engine/features/mfcc.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd::train {
namespace {

using nlohmann::json;

/// Checkpoints before version 2 call Binarizer::centred bi-real.
constexpr int formulas = 2;

json to_json(const NetInfo& info) {
  const NetOptions& o = info.options;
  const auto kind = [](Kind k) { return kind_names()[static_cast<std::size_t>(k)]; };
  json labels = json::array();
  for (const Label& label : info.labels) {
    labels.push_back({label.name, static_cast<int>(label.kind)});
  }
  json convs = json::array();
  for (const ConvShape& s : o.convs) {
    convs.push_back({s.channels, s.kernel_time, s.stride_time, s.stride_freq, s.kernel_freq, s.pool_time,
                     s.pool_stride, s.pool_freq});
  }
  const FeatureParams& f = info.features;
  return {{"architecture", architecture_names()[static_cast<std::size_t>(o.architecture)]},
          {"width", o.width},
          {"steps", o.steps},
          {"memory_size", o.memory_size},
          {"hidden_size", o.hidden_size},
          {"blocks", o.blocks},
          {"spectrum", o.spectrum},
          {"convs", convs},
          {"kinds", {kind(o.conv2), kind(o.linear), kind(o.memory), kind(o.pointwise)}},
          {"binarizer", binarizer_names()[static_cast<std::size_t>(o.binarizer)]},
          {"formulas", formulas},
          {"words", o.words},
          {"dropout", o.dropout},
          {"thin", o.thin},
          {"causal", o.causal},
          {"labels", labels},
          {"recipe", info.recipe},
          {"epochs_done", info.epochs_done},
          {"features",
           {{"frame_samples", f.frame_samples},
            {"hop_samples", f.hop_samples},
            {"fft_size", f.fft_size},
            {"mel_bands", f.mel_bands},
            {"coefficients", f.coefficients},
            {"mel_low_hz", f.mel_low_hz},
            {"mel_high_hz", f.mel_high_hz},
            {"log_floor", f.log_floor},
            {"mean", f.mean},
            {"scale", f.scale}}}};
}

/// Throws, as json does.
void require(bool right, const char* what) {
  if (!right) {
    throw std::out_of_range(what);
  }
}

template <class Enum>
Enum enum_from(const std::vector<std::string>& names, const json& name) {
  const auto found = std::find(names.begin(), names.end(), name.get<std::string>());
  require(found != names.end(), "unknown name");
  return static_cast<Enum>(found - names.begin());
}

/// What the sizes of the tensors follow from, before they are allocated.
void require_sizes(const NetInfo& info) {
  const auto within = [](int value, int low, int high) { require(value >= low && value <= high, "size"); };
  const NetOptions& o = info.options;
  within(o.steps, 1, limits::steps);
  within(o.memory_size, 1, limits::channels);
  within(o.hidden_size, 1, limits::channels);
  within(o.blocks, 0, limits::blocks);
  within(static_cast<int>(o.convs.size()), 1, limits::conv_layers);
  for (const ConvShape& s : o.convs) {
    within(s.channels, 1, limits::channels);
    within(s.kernel_time, 1, limits::kernel);
    within(s.kernel_freq, 1, limits::freq);
    within(s.pool_time, 1, limits::kernel);
    within(s.pool_stride, 1, limits::stride);
    within(s.pool_freq, 1, limits::freq);
    within(s.stride_time, 1, limits::stride);
    within(s.stride_freq, 1, limits::stride);
  }
  within(o.width, 0, limits::channels);
  within(o.labels, 3, limits::labels);
  within(o.words, 0, 1 << 20);
  require(o.dropout >= 0 && o.dropout < 1, "dropout");
  validate(info.features);
}

/// The tensors of an archive, of the sizes that the network has.
void load_net(NetImpl& net, torch::serialize::InputArchive& all, const std::string& key) {
  const auto tensors = [&net] {
    std::vector<torch::Tensor> found = net.parameters();
    for (const torch::Tensor& buffer : net.buffers()) {
      found.push_back(buffer);
    }
    return found;
  };
  std::vector<std::vector<std::int64_t>> sizes;
  for (const torch::Tensor& t : tensors()) {
    sizes.push_back(t.sizes().vec());
  }
  torch::serialize::InputArchive archive;
  all.read(key, archive);
  net.load(archive);
  std::size_t i = 0;
  for (const torch::Tensor& t : tensors()) {
    require(t.sizes().vec() == sizes[i++] && t.scalar_type() == torch::kFloat32, "tensor");
  }
}

NetInfo from_json(const json& j) {
  NetInfo info;
  NetOptions& o = info.options;
  o.architecture = enum_from<Architecture>(architecture_names(), j.value("architecture", "fsmn"));
  o.width = j.value("width", 0);
  o.steps = j.at("steps");
  o.memory_size = j.at("memory_size");
  o.hidden_size = j.at("hidden_size");
  o.blocks = j.at("blocks");
  if (j.contains("channels")) {  // from before the front-end was an option: the paper's
    o.convs[0].channels = j.at("channels").at(0);
    o.convs[1].channels = j.at("channels").at(1);
  } else {
    o.spectrum = j.at("spectrum");
    o.convs.clear();
    for (const json& conv : j.at("convs")) {
      ConvShape shape{conv.at(0), conv.at(1), conv.at(2), conv.at(3)};
      shape.kernel_freq = conv.size() > 4 ? conv.at(4).get<int>() : shape.kernel_time;  // before: square
      if (conv.size() > 5) {
        shape.pool_time = conv.at(5);
        shape.pool_stride = conv.at(6);
        shape.pool_freq = conv.at(7);
      }
      o.convs.push_back(shape);
    }
  }
  const json& kinds = j.at("kinds");
  o.conv2 = enum_from<Kind>(kind_names(), kinds.at(0));
  o.linear = enum_from<Kind>(kind_names(), kinds.at(1));
  o.memory = enum_from<Kind>(kind_names(), kinds.at(2));
  o.pointwise = enum_from<Kind>(kind_names(), kinds.at(3));
  o.binarizer = enum_from<Binarizer>(binarizer_names(), j.at("binarizer"));
  if (o.binarizer == Binarizer::bi_real && j.value("formulas", 1) < formulas) {
    o.binarizer = Binarizer::centred;
  }
  o.words = j.at("words");
  o.dropout = j.at("dropout");
  o.thin = j.at("thin");
  o.causal = j.value("causal", false);
  for (const json& label : j.at("labels")) {
    info.labels.push_back({label.at(0), static_cast<LabelKind>(label.at(1).get<int>())});
  }
  o.labels = static_cast<int>(info.labels.size());
  info.recipe = j.at("recipe");
  info.epochs_done = j.at("epochs_done");
  FeatureParams& f = info.features;
  const json& jf = j.at("features");
  f.frame_samples = jf.at("frame_samples");
  f.hop_samples = jf.at("hop_samples");
  f.fft_size = jf.at("fft_size");
  f.mel_bands = jf.at("mel_bands");
  f.coefficients = jf.at("coefficients");
  f.mel_low_hz = jf.at("mel_low_hz");
  f.mel_high_hz = jf.at("mel_high_hz");
  f.log_floor = jf.at("log_floor");
  f.mean = jf.at("mean").get<std::vector<float>>();
  f.scale = jf.at("scale").get<std::vector<float>>();
  o.coefficients = static_cast<int>(f.coefficients);
  require_sizes(info);
  return info;
}

/// Loads tensors to `device`, wherever they were saved from.
torch::serialize::InputArchive open_archive(const std::filesystem::path& path, torch::Device device) {
  if (!std::filesystem::is_regular_file(path)) {
    throw Error(ErrorKind::no_input, path.string() + ": no such file, expected a checkpoint of kwsd-train");
  }
  torch::serialize::InputArchive archive;
  try {
    archive.load_from(path.string(), device);
  } catch (const c10::Error&) {
    throw Error(ErrorKind::bad_data, path.string() + ": damaged, or no checkpoint of kwsd-train");
  }
  return archive;
}

}  // namespace

const std::vector<std::string>& kind_names() {
  static const std::vector<std::string> names{"real", "int8", "bit1", "bits2", "bits4"};
  return names;
}

void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint,
                     const torch::optim::Optimizer* optimizer) {
  torch::serialize::OutputArchive archive;
  const auto write_part = [&](const std::string& key, const auto& part) {
    torch::serialize::OutputArchive sub;
    part.save(sub);
    archive.write(key, sub);
  };
  archive.write("info", c10::IValue(to_json(checkpoint.info).dump()));
  write_part("average", *checkpoint.average);
  if (optimizer != nullptr) {
    write_part("net", *checkpoint.net);
    write_part("optimizer", *optimizer);
  }
  // Into memory first: libtorch's writer ends the program when its output fails.
  std::string bytes;
  archive.save_to([&](const void* data, std::size_t count) {
    bytes.append(static_cast<const char*>(data), count);
    return count;
  });
  AtomicFile file(path);
  file.write(bytes.data(), bytes.size());
  file.commit();
}

Checkpoint load_checkpoint(const std::filesystem::path& path) {
  auto archive = open_archive(path, torch::kCPU);
  try {
    Checkpoint checkpoint;
    c10::IValue text;
    archive.read("info", text);
    checkpoint.info = from_json(json::parse(text.toStringRef()));
    checkpoint.net = Net(checkpoint.info.options);
    checkpoint.average = Net(checkpoint.info.options);
    load_net(*checkpoint.average, archive, "average");
    torch::serialize::InputArchive unfinished;
    load_net(*checkpoint.net, archive, archive.try_read("net", unfinished) ? "net" : "average");
    return checkpoint;
  } catch (const std::exception&) {  // c10::Error and json's: their texts run over many lines
    throw Error(ErrorKind::bad_data, path.string() + ": damaged, or a checkpoint of another version");
  }
}

void load_optimizer(const std::filesystem::path& path, torch::optim::Optimizer& optimizer) {
  auto archive = open_archive(path, optimizer.param_groups().front().params().front().device());
  torch::serialize::InputArchive state;
  if (!archive.try_read("optimizer", state)) {
    throw Error(ErrorKind::bad_data,
                path.string() +
                    ": has no optimizer state, expected one of an unfinished run (--init starts from it)");
  }
  try {
    optimizer.load(state);
  } catch (const std::exception&) {
    throw Error(ErrorKind::bad_data,
                path.string() + ": its optimizer state is damaged, or of another network");
  }
}

void require_labels(const std::filesystem::path& file, const std::vector<Label>& found,
                    const std::vector<Label>& expected) {
  const auto same = [](const Label& a, const Label& b) { return a.name == b.name && a.kind == b.kind; };
  if (std::equal(found.begin(), found.end(), expected.begin(), expected.end(), same)) {
    return;
  }
  const auto list = [](const std::vector<Label>& labels) {
    std::string text;
    for (const Label& label : labels) {
      text += (text.empty() ? "" : ",") + label.name;
    }
    return text;
  };
  throw Error(ErrorKind::usage, file.string() + ": its labels are " + list(found) +
                                    "; expected those of --keywords: " + list(expected));
}

}  // namespace kwsd::train
