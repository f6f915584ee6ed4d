#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "app/network/wyoming_connection.h"
#include "tests/fuzz/expect.h"
#include "tests/support/small_spotter.h"
#include "tests/fuzz/targets.h"

namespace kwsd::fuzz {

namespace {

std::shared_ptr<const WyomingService> small_service() {
  RecognitionOptions recognition;
  recognition.thresholds = {"0.1"};  // so that there are detections
  return std::make_shared<const WyomingService>(make_wyoming_service(test::small_spotter(), recognition, "en"));
}

}  // namespace

void wyoming(std::span<const std::byte> bytes) {
  static const std::shared_ptr<const WyomingService> service = small_service();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t piece = bytes.empty() ? 1 : 1 + std::to_integer<std::size_t>(bytes.front()) * 17;
  WyomingConnection connection(service);
  std::string answers;
  bool open = true;
  for (std::size_t at = 0; at < text.size() && open; at += piece) {
    open = connection.take(text.substr(at, piece), answers);
  }
  WyomingReader reader;  // what is answered is what a client can read
  reader.push(answers);
  while (const auto answer = reader.next()) {
    expect(!answer->type.empty(), "an answer without type");
  }
}

}  // namespace kwsd::fuzz
