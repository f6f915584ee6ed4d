// D-FSMN and BiFSMN with three branches, as libtorch modules (paper, section 3). The kinds of the layers
// are options: full precision for the teacher, ±1 and few-bit for what the daemon runs.
// Thread: one.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/model/model.h"
#include "models/trainer/net/architectures.h"
#include "models/trainer/net/binarize.h"
#include "models/trainer/net/conv_net.h"
#include "models/trainer/net/norm.h"

namespace kwsd::train {

/// How a layer multiplies while training.
enum class Kind { real, int8, bit1, bits2, bits4 };

/// fsmn: D-FSMN, what the daemon runs. conv: a teacher alone (conv_net.h). The others: for comparison
/// (architectures.h).
enum class Architecture { fsmn, conv, fsmn_2015, vgg19, bc_resnet, audiomer };

/// The names for --architecture, in the order of the enumeration.
[[nodiscard]] const std::vector<std::string>& architecture_names();

/// One convolution of the front-end; square where only the time is given.
struct ConvShape {
  int channels = 16, kernel_time = 5, stride_time = 2, stride_freq = 2, kernel_freq = kernel_time;
  int pool_time = 1, pool_stride = 1,
      pool_freq = 1;  ///< a maximum over its outputs, as in engine/model/model.h

  [[nodiscard]] bool pools() const noexcept { return pool_time * pool_freq > 1; }
  /// Frames of its input, and between two, of one output after the maximum.
  [[nodiscard]] int reach() const noexcept { return kernel_time + (pool_time - 1) * stride_time; }
  [[nodiscard]] int stride() const noexcept { return stride_time * pool_stride; }

  /// Zeros at both ends of the frequency axis. There are none in time.
  [[nodiscard]] int pad_freq() const noexcept { return (kernel_freq - 1) / 2; }
  /// Rows of its output for so many of its input, before and after the maximum.
  [[nodiscard]] int conv_freq(int in) const noexcept {
    return (in + 2 * pad_freq() - kernel_freq) / stride_freq + 1;
  }
  [[nodiscard]] int out_freq(int in) const noexcept { return conv_freq(in) / pool_freq; }
  bool operator==(const ConvShape&) const = default;
};

struct NetOptions {
  Architecture architecture = Architecture::fsmn;
  int coefficients = 32;
  int steps = 8;
  int memory_size = 128, hidden_size = 256, blocks = 8;
  bool spectrum = false;  ///< the DCT undone before the first conv: it slides over mel bands
  /// Of a conv net, the first's channels are its width.
  std::vector<ConvShape> convs{{16, 5, 2, 2}, {32, 5, 2, 2}};
  Kind conv2 = Kind::real, linear = Kind::real, memory = Kind::real, pointwise = Kind::real;
  Binarizer binarizer = Binarizer::centred;
  int width = 0;  ///< of the architectures for comparison; 0: their papers'
  int labels = 12, words = 36;
  double dropout = 0.1;
  bool thin = true;  ///< three branches (TBA); false: the full one alone
  /// The memory filters look back alone, t-4 .. t: the net runs over a stream step by step. `steps` are then
  /// those that the classifier sees.
  bool causal = false;

  [[nodiscard]] int branches() const noexcept {
    return thin && architecture == Architecture::fsmn ? branch_count : 1;
  }
  /// The net's input is samples instead of features.
  [[nodiscard]] bool takes_samples() const noexcept { return architecture == Architecture::audiomer; }
  /// Its inner layers are 1-bit (of an FSMN the pointwise convs).
  [[nodiscard]] bool is_binary() const noexcept { return pointwise == Kind::bit1; }
  /// Blocks of a branch, ascending: every, every second, every fourth, the last of each group.
  [[nodiscard]] std::vector<int> branch_blocks(int branch) const;
  /// Frames of one window, and between two of its steps.
  [[nodiscard]] int frames() const noexcept;
  /// Frames that one step sees.
  [[nodiscard]] int first_frames() const noexcept { return frames() - (steps - 1) * step_frames(); }
  /// 0 .. branches() - 1.
  [[nodiscard]] std::vector<int> all_branches() const;
  [[nodiscard]] int step_frames() const noexcept;

  bool operator==(const NetOptions&) const = default;
};

/// Steps of int8 activations per unit, and of the features per standard deviation.
inline constexpr double activation_steps = 32;

/// Weights of one block, shared by the branches.
struct BlockImpl : torch::nn::Module {
  explicit BlockImpl(const NetOptions& options);
  torch::Tensor memory;   // [C][5]
  torch::Tensor expand;   // [H][C][1]
  torch::Tensor project;  // [C][H][1]
};
TORCH_MODULE(Block);

/// BN and PReLU of one block in one branch.
struct BlockNormsImpl : torch::nn::Module {
  explicit BlockNormsImpl(const NetOptions& options);
  Norm memory_sign, memory, sign, hidden, project;
  Slope memory_slope, hidden_slope, project_slope;
};
TORCH_MODULE(BlockNorms);

struct BranchOutput {
  torch::Tensor logits;                 // [B][labels]
  torch::Tensor words;                  // [B][words], auxiliary
  std::vector<torch::Tensor> features;  // per block of the branch: [B][C][T]; conv: none
};

/// The output of one convolution of the front-end, as it went by.
struct ConvTap {
  std::size_t conv = 0;
  torch::Tensor output;  ///< after batch norm and maximum, before the PReLU: [B][channels][time][freq]
};

struct NetImpl : torch::nn::Module {
  explicit NetImpl(const NetOptions& options);
  /// features: [B][frames][coefficients], quantized. Branches 0 .. count - 1.
  std::vector<BranchOutput> forward(const torch::Tensor& features, int count);
  /// Of a causal net: features [B][frames][coefficients] of whole streams, the first step ending with frame
  /// first_frames() - 1. Per branch in `branches` the logits of every step: [B][steps][labels].
  /// outputs, where given, get those of all blocks, or the front-end's where there is none: [C][B · steps]
  /// each.
  std::vector<torch::Tensor> forward_streams(const torch::Tensor& features, const std::vector<int>& branches,
                                             std::vector<torch::Tensor>* outputs = nullptr,
                                             ConvTap* tap = nullptr);
  /// The output of convolution tap.conv alone, and nothing above it.
  void run_to(const torch::Tensor& features, ConvTap& tap);
  /// Copies every parameter and buffer that `other` has under the same name; if sizes differ, the common part
  /// (the first channels). The front-end only from one with the same kernels, of the classifier the steps at
  /// the same times. Returns the number of copies.
  int copy_from(const NetImpl& other);
  /// From now on the first `count` convolutions, and what lies before them, do not change.
  void freeze(std::size_t count);
  /// Called after each step of the optimizer: constrains the latent weights for the binarizer
  /// (constrain_weight).
  void constrain();
  /// The matrix that turns quantized MFCC back into a log-mel spectrum, where there is one.
  void set_features(const FeatureParams& features);

  NetOptions options;
  double progress = 0;        ///< share of training done
  bool real_weights = false;  ///< stage one: binary activations, real weights
  torch::Tensor rad;          ///< sum of rad_loss over all that the last forward signed (binarizer rad)
  int rad_terms = 0;          ///< how many

  ConvNet conv{nullptr};                // Architecture::conv: all there is
  std::shared_ptr<WholeNetImpl> whole;  // all architectures but fsmn: all there is (of conv, the same)
  std::shared_ptr<Precision> precision;

  torch::Tensor spectrum;            // [bands][coefficients], with NetOptions::spectrum
  Norm spectrum_norm{nullptr};       // of the bands
  std::vector<torch::Tensor> convs;  // [out][in][kernel_time][kernel_freq]
  torch::Tensor linear;              // [C][freq · channels][1]
  std::vector<Norm> front_norms;     // [convs + 1], the last of the linear layer
  std::vector<Slope> front_slopes;
  std::vector<Block> blocks;
  std::vector<std::vector<BlockNorms>> norms;  // [branch][its blocks]
  std::vector<Norm> last;                      // [branch]
  torch::nn::Linear classifier{nullptr}, word_classifier{nullptr};

 private:
  /// A block's weights as they multiply: quantized once for all branches.
  struct BlockWeights {
    torch::Tensor memory, expand, project;  // [C][5], [H][C], [C][H]
  };
  std::vector<BranchOutput> forward_whole(const torch::Tensor& features);
  // In and out: [C][B · steps].
  torch::Tensor front_end(const torch::Tensor& features, ConvTap* tap = nullptr);
  torch::Tensor run_convs(const torch::Tensor& features, std::size_t count, ConvTap* tap);
  std::int64_t steps_ = 0;  // of the clips that are being computed
  torch::Tensor block(const torch::Tensor& x, const BlockWeights& weights, BlockNormsImpl& norm);
  torch::Tensor memory(const torch::Tensor& x, const torch::Tensor& taps, BlockNormsImpl& norm);
  torch::Tensor run_branch(const torch::Tensor& first, const std::vector<BlockWeights>& weights,
                           std::size_t b, std::vector<torch::Tensor>* outputs);
  torch::Tensor norm_then_sign(const torch::Tensor& x, NormImpl& norm);

  torch::Tensor activation(const torch::Tensor& x, Kind kind, double shift);
  torch::Tensor signed_activation(const torch::Tensor& x, std::int64_t channels);
  torch::Tensor weight(const torch::Tensor& w, Kind kind) const;
  [[nodiscard]] std::vector<BlockWeights> block_weights() const;
};
TORCH_MODULE(Net);

/// The offset subtracted from a PReLU output before it is made 1-bit or few-bit.
inline constexpr double front_end_shift = 0.5;

}  // namespace kwsd::train
