// libFuzzer's entry for one of the targets: compiled with -DKWSD_FUZZ_TARGET=model, config, ...
#include <cstdint>

#include "app/base/log.h"
#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  kwsd::set_up_log("off");
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kwsd::fuzz::KWSD_FUZZ_TARGET(std::as_bytes(std::span(data, size)));
  return 0;
}
