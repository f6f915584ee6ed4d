// Captures what PortAudio, ALSA and JACK print to file descriptor 2, and catches their failed assertions. The
// log has a descriptor of its own (app/base/log.h) and is not affected. Thread: one at a time (all PortAudio
// calls come from one thread).
#pragma once

#include <string>
#include <type_traits>
#include <utility>

namespace kwsd {

/// While an object of this class exists, the output is kept; then it goes to the log at level debug.
class LibraryOutput {
 public:
  LibraryOutput() noexcept;
  ~LibraryOutput();
  LibraryOutput(const LibraryOutput&) = delete;
  LibraryOutput& operator=(const LibraryOutput&) = delete;

  /// Ends the capture. Returns the line that explains a failure, with ": " in front: ALSA's last one,
  /// otherwise the last one; empty if nothing was printed.
  [[nodiscard]] std::string reason();

 private:
  std::string end() noexcept;

  int saved_ = -1;  // the real descriptor 2; -1: nothing is redirected
  int kept_ = -1;   // a file in memory
};

/// Calls run(context), which makes only calls of C libraries. A failed assertion in one of them ends run with
/// Error (unavailable), not the program. Elsewhere a failed assertion ends the program, with a line in the
/// log.
void run_trapped(void (*run)(void*), void* context);

/// The same for any callable; returns its result.
template <typename Call>
auto trapped(Call call) {
  if constexpr (std::is_void_v<decltype(call())>) {
    run_trapped([](void* context) { (*static_cast<Call*>(context))(); }, &call);
  } else {
    std::pair<Call*, decltype(call())> work{&call, {}};
    run_trapped(
        [](void* context) {
          auto& self = *static_cast<decltype(work)*>(context);
          self.second = (*self.first)();
        },
        &work);
    return work.second;
  }
}

}  // namespace kwsd
