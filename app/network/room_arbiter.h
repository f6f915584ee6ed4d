// Decides which room answers: several microphones detect the same word, and only one of them should react.
// The first detection of a word opens a window of 300 ms; the detection with the best SNR in it wins, the
// others, and those that arrive within 1 s of the first, are suppressed. The caller passes the time. Thread:
// one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kwsd {

class RoomArbiter {
 public:
  static constexpr double window_seconds = 0.3;
  static constexpr double straggler_seconds = 1.0;  ///< since the word's first detection
  static constexpr double active_seconds = 2.0;     ///< a stream without sound for this long is inactive

  /// A detection of a stream, and the callbacks of its decision: `win` or `lose`.
  struct Claim {
    std::uint64_t stream = 0;
    std::string word;
    double snr_db = 0;
    std::string win, lose;
  };
  struct Verdict {
    std::uint64_t stream = 0;
    std::string text;
  };

  /// A stream has sent sound.
  void hear(std::uint64_t stream, double now);
  /// A stream has ended: its claims are removed.
  void forget(std::uint64_t stream);
  /// Takes a detection. If no other stream is active, it wins immediately.
  void claim(Claim claim, double now);
  /// The decisions made by `now`, in their order.
  [[nodiscard]] std::vector<Verdict> decided(double now);
  /// Time of the next decision; infinity: none is pending.
  [[nodiscard]] double due() const;

 private:
  struct Contest {
    std::string word;
    double opened = 0;
    bool open = true;
    std::vector<Claim> claims;
  };
  struct Active {
    std::uint64_t stream = 0;
    double last = 0;
  };

  [[nodiscard]] bool alone(std::uint64_t stream, double now) const;
  void close(Contest& contest);

  std::vector<Active> streams_;
  std::vector<Contest> contests_;
  std::vector<Verdict> verdicts_;
};

}  // namespace kwsd
