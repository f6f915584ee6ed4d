// Contracts that are checked at run time: in the builds dev, asan and tsan (KWSD_CONTRACTS), and nowhere
// else. Thread: any.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace kwsd {

#ifdef KWSD_CONTRACTS
inline constexpr bool contracts = true;
#else
inline constexpr bool contracts = false;
#endif

/// Ends the program with a line that says which contract is broken.
[[noreturn]] inline void contract_broken(const char* contract) noexcept {
  std::fprintf(stderr, "kwsd: defect: %s\n", contract);
  std::abort();
}

inline void check_contract(bool holds, const char* contract) noexcept {
  if (contracts && !holds) {
    contract_broken(contract);
  }
}

/// Reserves what only one thread may do for the first thread that does it, until `release`.
class OneThread {
 public:
  void check(const char* contract) noexcept {
    if (contracts) {
      const std::thread::id self = std::this_thread::get_id();
      std::thread::id owner;
      check_contract(owner_.compare_exchange_strong(owner, self, std::memory_order_relaxed) || owner == self,
                     contract);
    }
  }
  /// The next thread that does it becomes the owner.
  void release() noexcept { owner_.store({}, std::memory_order_relaxed); }

 private:
  std::atomic<std::thread::id> owner_{};
};

/// While an object of this class exists, its thread may not allocate: `operator new` ends the program
/// (app/base/allocation_guard.cpp, which the program kwsd links in builds that check contracts).
class NoAllocation {
 public:
  NoAllocation() noexcept { ++depth(); }
  ~NoAllocation() { --depth(); }
  NoAllocation(const NoAllocation&) = delete;
  NoAllocation& operator=(const NoAllocation&) = delete;

  /// How many exist on this thread.
  static int& depth() noexcept {
    static thread_local int count = 0;
    return count;
  }
};

}  // namespace kwsd
