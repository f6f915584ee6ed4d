#include "app/streams/stream_governor.h"

#include <algorithm>
#include <utility>

namespace kwsd {
namespace {

constexpr double choose_again_seconds = 10;
constexpr double cost_seconds = 3;                    // over which the cost of a stream is averaged
constexpr double part_to_thin = 0.4;                  // of the work, at least
constexpr double least_part = 0.25, most_part = 0.7;  // outside of these the choice has aged

BranchId thinner(BranchId branch) noexcept {
  return branch == BranchId::full ? BranchId::half : BranchId::quarter;
}

}  // namespace

std::shared_ptr<StreamGovernor::Member> StreamGovernor::join(std::string name) {
  auto member = std::make_shared<Member>(std::move(name));
  member->branch_ = level_ == BranchId::quarter ? BranchId::half : BranchId::full;
  members_.push_back(member);
  return member;
}

std::vector<StreamGovernor::Change> StreamGovernor::update(double now_seconds, const CpuLoad& load,
                                                           double backlog_seconds) {
  std::erase_if(members_, [](const auto& member) { return member.expired(); });
  measure(now_seconds - std::exchange(measured_seconds_, now_seconds));
  const BranchId level = governor_.update(now_seconds, load, backlog_seconds);
  if (level == level_ && (level == BranchId::full || now_seconds - chosen_seconds_ < choose_again_seconds)) {
    return {};
  }
  const bool same_level = std::exchange(level_, level) == level;
  chosen_seconds_ = now_seconds;
  const double part = thinned_part();
  return same_level && part >= least_part && part <= most_part ? std::vector<Change>{} : choose(level);
}

/// The cost of the streams that are thinner than the others, as a share of all; 0.5 if no stream costs
/// anything.
double StreamGovernor::thinned_part() const {
  const BranchId others = level_ == BranchId::quarter ? BranchId::half : BranchId::full;
  double total = 0;
  double thinned = 0;
  for (const auto& weak : members_) {
    if (const auto member = weak.lock()) {
      total += member->cost_;
      thinned += member->branch() != others ? member->cost_ : 0;
    }
  }
  return total > 0 ? thinned / total : (least_part + most_part) / 2;
}

void StreamGovernor::measure(double elapsed_seconds) {
  if (!(elapsed_seconds > 0)) {
    return;
  }
  const double weight = std::min(1.0, elapsed_seconds / cost_seconds);
  for (const auto& weak : members_) {
    const auto member = weak.lock();
    if (!member) {
      continue;
    }
    const std::int64_t spent = member->nanoseconds_.load(std::memory_order_relaxed);
    const double cost = 1e-9 *
                        static_cast<double>(spent - std::exchange(member->counted_nanoseconds_, spent)) /
                        elapsed_seconds;
    member->cost_ += weight * (cost - member->cost_);
  }
}

std::vector<StreamGovernor::Change> StreamGovernor::choose(BranchId level) {
  std::vector<std::shared_ptr<Member>> members;
  double total = 0;
  for (const auto& weak : members_) {
    if (auto member = weak.lock()) {
      total += member->cost_;
      members.push_back(std::move(member));
    }
  }
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& a, const auto& b) { return a->cost_ > b->cost_; });
  std::vector<Change> changes;
  double thinned = 0;
  for (const auto& member : members) {
    const BranchId others = level == BranchId::quarter ? BranchId::half : BranchId::full;
    const bool costly = level != BranchId::full && thinned < part_to_thin * total;
    const BranchId branch = costly ? thinner(others) : others;
    thinned += member->cost_;
    if (member->branch_.exchange(branch) != branch) {
      changes.push_back({member->name_, branch, total > 0 ? member->cost_ / total : 0});
    }
  }
  return changes;
}

}  // namespace kwsd
