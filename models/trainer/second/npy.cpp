#include "models/trainer/second/npy.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <fstream>
#include <numeric>
#include <string>

#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd::train {

torch::Tensor load_npy(const std::filesystem::path& path, const std::vector<std::int64_t>& shape) {
  constexpr std::size_t preamble = 10;  // magic, version 1.0, length of the header
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw Error(ErrorKind::no_input, path.string() + ": cannot be read, expected a file of the embedding");
  }
  const auto bad = [&](const std::string& found, const std::string& expected) {
    return Error(ErrorKind::bad_data, path.string() + ": found " + found + ", expected " + expected);
  };
  std::string begin(preamble, '\0');
  file.read(begin.data(), preamble);
  if (!file || begin.compare(0, 8, std::string("\x93NUMPY\x01\x00", 8)) != 0) {
    throw bad("no array of version 1", "NumPy's .npy");
  }
  std::string header(static_cast<unsigned char>(begin[8]) + 256U * static_cast<unsigned char>(begin[9]),
                     '\0');
  file.read(header.data(), static_cast<std::streamsize>(header.size()));
  const std::string expected = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}{}), }}",
                                           fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  const auto end = header.find_last_not_of(" \n");
  if (!file || end == std::string::npos || header.substr(0, end + 1) != expected) {
    throw bad("the header " + printable(header.substr(0, end + 1)), expected);
  }
  torch::Tensor array = torch::empty(shape);
  const auto bytes = static_cast<std::streamsize>(static_cast<std::size_t>(array.numel()) * sizeof(float));
  file.read(reinterpret_cast<char*>(array.data_ptr<float>()), bytes);
  if (file.gcount() != bytes || file.peek() != std::ifstream::traits_type::eof()) {
    throw bad("another length", fmt::format("{} bytes of numbers", bytes));
  }
  if (!torch::isfinite(array).all().item<bool>()) {
    throw bad("infinities or NaN", "numbers");
  }
  return array;
}

}  // namespace kwsd::train
