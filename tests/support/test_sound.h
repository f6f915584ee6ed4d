// The sound of tests/data, which is 16 kHz, mono, int16 behind a header of 44 bytes. Thread: any.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace kwsd::test {

[[nodiscard]] inline std::vector<std::int16_t> read_test_sound(const std::filesystem::path& path) {
  static_assert(std::endian::native == std::endian::little);
  std::ifstream in(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (bytes.size() < 44 || bytes.substr(36, 4) != "data") {
    throw std::runtime_error(path.string() + ": no test sound");
  }
  std::vector<std::int16_t> samples((bytes.size() - 44) / 2);
  std::memcpy(samples.data(), bytes.data() + 44, samples.size() * 2);
  return samples;
}

[[nodiscard]] inline std::vector<float> as_float(const std::vector<std::int16_t>& samples) {
  std::vector<float> out;
  for (const std::int16_t sample : samples) {
    out.push_back(static_cast<float>(sample) / 32768.0F);
  }
  return out;
}

}  // namespace kwsd::test
