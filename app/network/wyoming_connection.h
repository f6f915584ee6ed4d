// One conversation of the Wyoming protocol: messages of a client in, messages to the client out. Knows no
// socket. Thread: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "app/audio/resampler.h"
#include "app/network/wyoming_message.h"
#include "app/settings/options.h"
#include "engine/spotter/spotter_stream.h"

namespace kwsd {

/// What all conversations share. Immutable.
struct WyomingService {
  std::shared_ptr<const Spotter> spotter;
  RecognitionOptions recognition;  ///< thresholds and branch
  nlohmann::json info;             ///< the answer to `describe`
};

/// `language` is the code of each keyword's language, such as "en".
[[nodiscard]] WyomingService make_wyoming_service(std::shared_ptr<const Spotter> spotter,
                                                  const RecognitionOptions& recognition,
                                                  const std::string& language);

class WyomingConnection {
 public:
  explicit WyomingConnection(std::shared_ptr<const WyomingService> service);

  /// Takes bytes of the client and appends the answers to `answers`. False when the bytes were no message:
  /// the answers say so, and the connection must be closed after they are sent.
  [[nodiscard]] bool take(std::string_view bytes, std::string& answers);

 private:
  struct AudioFormat {
    std::uint32_t rate_hz = 0;
    int width = 0, channels = 0;  // bytes, count
    bool operator==(const AudioFormat&) const = default;
  };

  void answer(const WyomingMessage& message, std::string& answers);
  void choose_keywords(const nlohmann::json& data);
  void start_audio(const nlohmann::json& data);
  void set_format(const nlohmann::json& data);
  void take_audio(const WyomingMessage& message, std::string& answers);
  void push(std::span<const float> samples, std::string& answers);

  std::shared_ptr<const WyomingService> service_;
  WyomingReader reader_;
  SpotterStream stream_;
  std::vector<std::vector<bool>> wanted_;  // [models][labels]
  AudioFormat format_;
  std::unique_ptr<Resampler> resampler_;
  double start_ms_ = 0;      // timestamp of the sample at origin_
  std::int64_t origin_ = 0;  // stream sample of the last audio-start
  bool detected_ = false;    // since then
};

}  // namespace kwsd
