// Requests of the page: what a method, a target and a body ask for. Does not depend on a socket. Thread: any,
// pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/web/gate.h"

namespace kwsd {

struct ApiRequest {
  enum class Kind : std::uint8_t {
    // GET
    state,   ///< everything that the page shows
    events,  ///< a stream of changes
    curve,   ///< name: a model
    report,  ///< name: a model that was trained
    listen,  ///< id: a sound
    // POST
    threshold,      ///< value; word (empty: every keyword)
    keep,           ///< writes the thresholds in force to the configuration
    mute,           ///< muted
    add_model,      ///< name
    remove_model,   ///< name
    replace_model,  ///< name, by
    record,         ///< word, count: with the microphone of this machine
    take,           ///< word, count, rate: with the browser's
    sound,          ///< sound: of the browser's microphone
    enroll,         ///< word, mistakes
    train,          ///< word, mistakes, quick
    stop,           ///< recording, enrolling or training
    mark,           ///< id, mark
    remove,         ///< id: a recording
  };
  enum class Mark : std::uint8_t { none, missed, false_accept };

  Kind kind = Kind::state;
  std::string word, name, by, id;
  double value = 0;
  int count = 0;
  std::uint32_t rate_hz = 0;
  bool muted = false, mistakes = false, quick = false;
  Mark mark = Mark::none;
  std::string_view sound;  ///< of the body: 16 bit, little-endian, mono
};

inline constexpr std::size_t most_json_bytes = 4096;
inline constexpr std::size_t most_sound_bytes = 1U << 18U;  ///< of one request

/// Whether a target belongs to the API, and what a request with this method and target wants.
[[nodiscard]] bool is_api(std::string_view target) noexcept;
[[nodiscard]] Access access_of(std::string_view method, std::string_view target) noexcept;
/// The most bytes that the body of a request to this target may have.
[[nodiscard]] std::size_t most_body_bytes(std::string_view target) noexcept;

/// Throws Error: no_input for a target that does not exist, usage for a method or a body that does not fit:
/// "count: found 0, expected a number from 1 to 100". `body` outlives the result.
[[nodiscard]] ApiRequest parse_api_request(std::string_view method, std::string_view target,
                                           std::string_view body);

}  // namespace kwsd
