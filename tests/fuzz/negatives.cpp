#include <algorithm>
#include <cstdint>
#include <vector>

#include "app/enroll/negatives.h"
#include "engine/model/byte_io.h"
#include "engine/model/model_format.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace kwsd::fuzz {
namespace {

void read(std::span<const std::byte> file) {
  Negatives negatives;
  if (refused(ErrorKind::bad_data, [&] { negatives = parse_negatives(file, "fuzz"); })) {
    return;
  }
  const auto again = serialize_negatives(negatives);
  expect(std::equal(again.begin(), again.end(), file.begin(), file.end()),
         "negatives that are written otherwise");
  std::size_t values = 0;
  for (const NegativeRun* run : negatives.without({"stop"})) {
    values += negatives.frames_of(*run).size();
  }
  expect(values <= negatives.frames.size(), "runs that are longer than the file");
}

}  // namespace

void negatives(std::span<const std::byte> bytes) {
  read(bytes);
  ByteWriter file;  // the bytes behind a right header
  file.array(std::span(std::string_view("KWSDNEGS")));
  file.value(std::uint32_t{1});
  file.value(static_cast<std::uint32_t>(bytes.size()));
  file.value(model_format::crc32(bytes));
  file.array(bytes);
  read(file.bytes());
}

}  // namespace kwsd::fuzz
