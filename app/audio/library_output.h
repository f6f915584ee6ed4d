// What PortAudio, ALSA and JACK print to file descriptor 2, and where their assertions go. The log has a
// descriptor of its own (app/base/log.h) and is not touched. Thread: one at a time (all PortAudio calls come
// from one thread).
#pragma once

#include <string>
#include <type_traits>
#include <utility>

namespace kwsd {

/// While one of these lives, what is printed is kept; then it goes to the log, level debug.
class LibraryOutput {
 public:
  LibraryOutput() noexcept;
  ~LibraryOutput();
  LibraryOutput(const LibraryOutput&) = delete;
  LibraryOutput& operator=(const LibraryOutput&) = delete;

  /// Ends it. The line that says why something failed, with ": " in front: ALSA's last one, otherwise the
  /// last one; empty where nothing was printed.
  [[nodiscard]] std::string reason();

 private:
  std::string end() noexcept;

  int saved_ = -1;  // the real descriptor 2; -1: nothing is redirected
  int kept_ = -1;   // a file in memory
};

/// run(context), which consists of calls of C libraries alone. An assertion that fails in one ends it with
/// Error (unavailable), not the program. Elsewhere a failed assertion ends the program, with a line in the
/// log.
void run_trapped(void (*run)(void*), void* context);

/// The same for anything that can be called; returns its result.
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
