#include "app/eval/clip_score.h"

#include <algorithm>
#include <vector>

#include "engine/spotter/spotter_stream.h"

namespace kwsd {
namespace {

constexpr std::size_t silence_before = 8000, silence_after = 16000;  // samples

class HighestScore final : public SpotterObserver {
 public:
  explicit HighestScore(std::size_t label) : label_(label) {}
  void on_window(SpotterStream& stream, std::size_t model, std::int64_t) noexcept override {
    if (model == 0) {
      highest = std::max(highest, stream.scores(0)[label_]);
    }
  }
  float highest = 0;

 private:
  std::size_t label_;
};

}  // namespace

ClipScore score_clip(const std::shared_ptr<const Spotter>& spotter, std::span<const float> clip,
                     const std::string& keyword) {
  const std::vector<Label>& labels = spotter->models()[0]->labels;
  const auto found = std::find_if(labels.begin(), labels.end(),
                                  [&keyword](const Label& label) { return label.name == keyword; });
  if (found == labels.end()) {
    return {};
  }
  const auto label = static_cast<std::size_t>(found - labels.begin());
  std::vector<float> samples(silence_before, 0.0F);
  samples.insert(samples.end(), clip.begin(), clip.end());
  samples.resize(samples.size() + silence_after, 0.0F);
  HighestScore observer(label);
  ClipScore score;
  SpotterStream stream(spotter);
  stream.set_observer(&observer);
  stream.push(std::span<const float>(samples), [&](const Spotting& word) {
    score.detections += word.model == 0 && word.detection.label == static_cast<int>(label) ? 1 : 0;
  });
  score.highest = observer.highest;
  return score;
}

}  // namespace kwsd
