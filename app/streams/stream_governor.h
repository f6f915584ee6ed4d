// Chooses the branch that each of many streams can afford: if the machine is short of CPU time, the streams
// that cost most become thinner, and the others keep their branch.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/streams/governor.h"

namespace kwsd {

class StreamGovernor {
 public:
  /// One stream. Thread: the one that processes the stream.
  class Member {
   public:
    explicit Member(std::string name) : name_(std::move(name)) {}
    /// CPU or wall seconds that a piece of its work took.
    void spent(double seconds) noexcept {
      nanoseconds_.fetch_add(static_cast<std::int64_t>(1e9 * seconds), std::memory_order_relaxed);
    }
    /// The branch to use from here on.
    [[nodiscard]] BranchId branch() const noexcept { return branch_.load(std::memory_order_relaxed); }

   private:
    friend class StreamGovernor;
    const std::string name_;
    std::atomic<std::int64_t> nanoseconds_{0};
    std::atomic<BranchId> branch_{BranchId::full};
    std::int64_t counted_nanoseconds_ = 0;  // the governor's
    double cost_ = 0;                       // seconds of work a second, a mean of the last ones
  };

  struct Change {
    std::string name;  ///< of the stream
    BranchId branch;   ///< from here on
    double share;      ///< of all streams' work, [0, 1]
  };

  explicit StreamGovernor(const GovernorParams& params = {}) : governor_(params) {}

  // Thread: one.

  /// A stream that the governor controls as long as the owner keeps it.
  [[nodiscard]] std::shared_ptr<Member> join(std::string name);
  /// Call a few times a second, as Governor::update. If that returns half, the costliest streams that make up
  /// at least two fifths of the work run the half branch; if it returns quarter, they run the quarter branch
  /// and the others the half one. The streams are chosen when that changes, and again after 10 s when they
  /// have come to make up less than a quarter of the work or more than seven tenths. Returns the changes, the
  /// costliest streams first.
  std::vector<Change> update(double now_seconds, const CpuLoad& load, double backlog_seconds);

  [[nodiscard]] const Governor& governor() const noexcept { return governor_; }

 private:
  void measure(double elapsed_seconds);
  [[nodiscard]] double thinned_part() const;
  std::vector<Change> choose(BranchId level);

  Governor governor_;
  std::vector<std::weak_ptr<Member>> members_;
  BranchId level_ = BranchId::full;
  double chosen_seconds_ = 0, measured_seconds_ = -1;
};

}  // namespace kwsd
