// Which room answers: several microphones hear one word, and one of them is to react. The first detection of
// a word opens a window of 300 ms; the detection with the best SNR in it wins, the others, and those that
// come within 1 s of the first, are suppressed. Time is given. Thread: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kwsd {

class RoomArbiter {
 public:
  static constexpr double window_seconds = 0.3;
  static constexpr double straggler_seconds = 1.0;  ///< since the word's first detection
  static constexpr double active_seconds = 2.0;     ///< a stream without sound for so long is none

  /// A detection of a stream, and what the stream is told: `win` or `lose`.
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
  /// A stream has ended: its claims with it.
  void forget(std::uint64_t stream);
  /// Takes a detection. Where no other stream is active, it wins at once.
  void claim(Claim claim, double now);
  /// What is decided by `now`, in the order of the decisions.
  [[nodiscard]] std::vector<Verdict> decided(double now);
  /// When decided() has something next; infinity: nothing is open.
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
