#include <cmath>

#include "models/trainer/net/architectures.h"
#include "models/trainer/net/linear_attention.h"

namespace kwsd::train {
namespace {

using torch::Tensor;

constexpr std::int64_t heads = 2;
constexpr std::int64_t token_samples = 128;
constexpr int audiomer_channels[] = {1, 4, 8, 8, 16, 16, 32, 32, 64, 64};  // of Audiomer-S

/// g x / |x| before a layer.
struct ScaleNormImpl : torch::nn::Module {
  ScaleNormImpl() : gain(register_parameter("gain", torch::ones(1))) {}
  Tensor forward(const Tensor& x) { return x / x.norm(2, -1, true).clamp_min(1e-5) * gain; }
  Tensor gain;
};
TORCH_MODULE(ScaleNorm);

/// FAVOR+ attention of x [B][N][C] to a context [B][M][C], linear in N and M, with head_size ln(head_size)
/// random features.
struct LinearAttentionImpl : torch::nn::Module {
  LinearAttentionImpl(std::int64_t channels, std::int64_t of_head, const std::shared_ptr<Precision>& how)
      : precision(how), head_size(of_head) {
    const LayerShape in{.from = channels, .to = heads * head_size};
    query = register_module("query", Layer(in, how));
    key = register_module("key", Layer(in, how));
    value = register_module("value", Layer(in, how));
    out = register_module("out",
                          Layer(LayerShape{.from = heads * head_size, .to = channels, .bias = true}, how));
    directions = register_buffer("directions", orthogonal_directions(random_features(), head_size));
  }
  Tensor forward(const Tensor& x, const Tensor& context) {
    const auto by_head = [this](const Tensor& t) {
      return t.view({t.size(0), t.size(1), heads, head_size}).transpose(1, 2);
    };
    const Tensor mixed =
        linear_attention(by_head(query(x)), by_head(key(context)), by_head(value(context)), directions);
    if (precision->trace != nullptr) {
      const std::int64_t both = x.size(1) + context.size(1);
      precision->trace->push_back({"attention",
                                   {heads, x.size(1), head_size},
                                   0,
                                   heads * both * random_features() * 2 * head_size,
                                   "real"});
    }
    return out(mixed.transpose(1, 2).flatten(2));
  }

  [[nodiscard]] std::int64_t random_features() const {
    const auto size = static_cast<double>(head_size);
    return static_cast<std::int64_t>(size * std::log(size));
  }

  std::shared_ptr<Precision> precision;
  std::int64_t head_size;
  Layer query{nullptr}, key{nullptr}, value{nullptr}, out{nullptr};
  Tensor directions;  // [random_features][head_size]
};
TORCH_MODULE(LinearAttention);

/// Depthwise and pointwise conv, then squeeze and excitation: [B][from][N] -> [B][to][N / stride].
struct SeparableConvImpl : torch::nn::Module {
  SeparableConvImpl(std::int64_t from, std::int64_t to, std::int64_t stride, bool real,
                    const std::shared_ptr<Precision>& how)
      : norm(register_module("norm", Norm(static_cast<int>(from)))) {
    constexpr std::int64_t kernel = 5, squeezed = 8;
    depthwise = register_module("depthwise", Layer(LayerShape{.from = from,
                                                              .to = from,
                                                              .kernel = {kernel},
                                                              .stride = {stride},
                                                              .padding = {kernel / 2},
                                                              .groups = from,
                                                              .real = real},
                                                   how));
    pointwise = register_module("pointwise",
                                Layer(LayerShape{.from = from, .to = to, .kernel = {1}, .real = real}, how));
    squeeze = register_module(
        "squeeze",
        Layer(LayerShape{.from = to, .to = squeezed, .kernel = {1}, .bias = true, .real = real}, how));
    excite = register_module(
        "excite",
        Layer(LayerShape{.from = squeezed, .to = to, .kernel = {1}, .bias = true, .real = real}, how));
    activation = register_module("activation", Activation(squeezed, *how));
  }
  Tensor forward(const Tensor& x) {
    const Tensor y = pointwise(norm(depthwise(x)));
    return y * excite(activation(squeeze(y.mean(2, true)))).sigmoid();
  }

  Layer depthwise{nullptr}, pointwise{nullptr}, squeeze{nullptr}, excite{nullptr};
  Norm norm;
  Activation activation{nullptr};
};
TORCH_MODULE(SeparableConv);

/// q + ff(attention(q, context)) + a strided conv of x: half as many steps.
struct AudiomerBlockImpl : torch::nn::Module {
  AudiomerBlockImpl(std::int64_t from, std::int64_t to, std::int64_t head_size, bool real,
                    const std::shared_ptr<Precision>& how)
      : to_query(register_module("to_query", SeparableConv(from, to, 2, real, how))),
        to_context(register_module("to_context", SeparableConv(from, to, 4, real, how))),
        attention(register_module("attention", LinearAttention(to, head_size, how))),
        attention_norm(register_module("attention_norm", ScaleNorm())),
        ff_norm(register_module("ff_norm", ScaleNorm())),
        residual_norm(register_module("residual_norm", Norm(static_cast<int>(to)))),
        residual_activation(register_module("residual_activation", Activation(to, *how))) {
    constexpr std::int64_t expansion = 2;
    widen =
        register_module("widen", Layer(LayerShape{.from = to, .to = 2 * expansion * to, .bias = true}, how));
    narrow =
        register_module("narrow", Layer(LayerShape{.from = expansion * to, .to = to, .bias = true}, how));
    residual = register_module(
        "residual",
        Layer(LayerShape{.from = from, .to = to, .kernel = {2}, .stride = {2}, .real = real}, how));
  }
  Tensor forward(const Tensor& x) {  // [B][from][N], N even
    const Tensor q = to_query(x).transpose(1, 2);
    const Tensor context = to_context(x).transpose(1, 2);
    const auto halves = widen(ff_norm(attention(attention_norm(q), context))).chunk(2, -1);
    const Tensor y = q + narrow(torch::gelu(halves[0]) * halves[1]);
    return y.transpose(1, 2) + residual_activation(residual_norm(residual(x)));
  }

  SeparableConv to_query, to_context;
  LinearAttention attention;
  ScaleNorm attention_norm, ff_norm;
  Layer widen{nullptr}, narrow{nullptr}, residual{nullptr};
  Norm residual_norm;
  Activation residual_activation;
};
TORCH_MODULE(AudiomerBlock);

class Audiomer : public WholeNetImpl {
 public:
  Audiomer(const ArchitectureSizes& s, const std::shared_ptr<Precision>& how)
      : dropout_(s.dropout), token_(register_parameter("token", torch::randn({1, 1, token_samples}))) {
    const std::int64_t head_size = std::int64_t{8} * s.width;  // 32 of Audiomer-S
    std::int64_t from = audiomer_channels[0];
    for (std::size_t i = 1; i < std::size(audiomer_channels); ++i) {
      const std::int64_t to = audiomer_channels[i] / audiomer_channels[1] * s.width;
      blocks_.push_back(
          register_module("block" + std::to_string(i - 1), AudiomerBlock(from, to, head_size, i == 1, how)));
      from = to;
    }
    hidden_ = register_module("hidden", Layer(LayerShape{.from = from, .to = from, .bias = true}, how));
    classifier_ = register_module(
        "classifier", Layer(LayerShape{.from = from, .to = s.labels, .bias = true, .real = true}, how));
    word_classifier_ = register_module("word_classifier", torch::nn::Linear(from, std::max(s.words, 1)));
  }
  std::pair<Tensor, Tensor> forward(const Tensor& samples) override {
    Tensor x = torch::avg_pool1d(samples, 2);  // 8 kHz
    x = torch::cat({token_.expand({x.size(0), 1, token_samples}), x}, 2);
    for (AudiomerBlock& block : blocks_) {
      x = block(torch::constant_pad_nd(x, {0, x.size(2) % 2}));
    }
    x = x.select(2, 0);  // of the token
    Tensor h = torch::dropout(torch::gelu(hidden_(x)), dropout_, is_training());
    return {classifier_(h), word_classifier_(x)};
  }

 private:
  double dropout_;
  Tensor token_;
  std::vector<AudiomerBlock> blocks_;
  Layer hidden_{nullptr}, classifier_{nullptr};
  torch::nn::Linear word_classifier_{nullptr};
};

}  // namespace

std::shared_ptr<WholeNetImpl> make_audiomer(const ArchitectureSizes& sizes,
                                            const std::shared_ptr<Precision>& precision) {
  return std::make_shared<Audiomer>(sizes, precision);
}

}  // namespace kwsd::train
