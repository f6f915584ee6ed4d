#include "app/daemon/controls.h"

#include <utility>

#include "app/base/log.h"
#include "app/base/words.h"

namespace kwsd {

Controls::Controls(Pipeline& pipeline, bool live, const RecognitionOptions& options)
    : pipeline_(pipeline), live_(live) {
  set_branch(fixed_branch(options.branch));
}

void Controls::set_branch(std::optional<BranchId> fixed) noexcept {
  fixed_ = fixed;
  pipeline_.set_branch(branch(), governor_.load());
}

BranchId Controls::branch() const noexcept {
  return fixed_.value_or(live_ ? governor_.branch() : BranchId::full);
}

bool Controls::set_threshold(std::string_view word, float threshold, std::optional<BranchId> branch) {
  if (!pipeline_.thresholds().want(word, threshold, branch)) {
    return false;
  }
  Change change{word_key(word), branch, threshold};
  std::erase_if(changed_, [&](const Change& c) { return c.word == change.word && c.branch == branch; });
  changed_.push_back(std::move(change));
  return true;
}

void Controls::copy_thresholds(ThresholdBoard& next) const noexcept {
  for (const Change& change : changed_) {
    next.want(change.word, change.threshold, change.branch);
  }
}

void Controls::govern(double now_seconds, double backlog_seconds) noexcept {
  if (!live_ || (governed_seconds_ >= 0 && now_seconds - governed_seconds_ < 0.1)) {
    return;
  }
  governed_seconds_ = now_seconds;
  const BranchId before = governor_.branch();
  if (governor_.update(now_seconds, load_.sample(now_seconds), backlog_seconds) != before && !fixed_) {
    spdlog::info("governor: {}", governor_.reason());  // the event reports the rest
  }
  pipeline_.set_branch(branch(), governor_.load());
}

}  // namespace kwsd
