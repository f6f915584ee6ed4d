#include "app/enroll/negatives.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "app/audio/scan.h"
#include "engine/model/byte_io.h"
#include "engine/model/error.h"
#include "engine/model/feature_io.h"
#include "engine/model/limits.h"
#include "engine/model/model_format.h"

namespace kwsd {
namespace {

constexpr std::string_view magic = "KWSDNEGS";
constexpr std::uint32_t version = 1;
constexpr std::size_t header_bytes = 20;

std::string utf8(ByteReader& in, std::string_view field, std::size_t most) {
  std::string text = in.text(field, most);
  if (!is_utf8(text)) {
    in.fail(field, "bytes that are not UTF-8", "UTF-8 text");
  }
  return text;
}

NegativeCollection read_collection(ByteReader& in) {
  NegativeCollection c;
  c.name = utf8(in, "collection name", limits::name_bytes);
  c.licence = utf8(in, "collection licence", most_licence_bytes);
  c.hours = in.real<double>("collection hours", 0.0, 1e6);
  return c;
}

NegativeRun read_run(ByteReader& in, std::size_t collections, std::size_t first_frame) {
  NegativeRun run;
  run.collection = in.integer<std::uint8_t>("run collection", 0, static_cast<std::int64_t>(collections) - 1);
  run.kind = static_cast<NegativeKind>(in.integer<std::uint8_t>("run kind", 0, 2));
  run.text = utf8(in, "run text", most_run_text_bytes);
  run.frames = in.integer<std::uint16_t>("run frames", 1, most_run_frames);
  run.first_frame = first_frame;
  return run;
}

Negatives read_payload(ByteReader& in) {
  Negatives n;
  n.features = read_features(in);
  const auto collections = in.integer<std::uint16_t>("collections", 1, most_negative_collections);
  for (int i = 0; i < collections; ++i) {
    n.collections.push_back(read_collection(in));
  }
  const auto runs = in.integer<std::uint16_t>("runs", 1, most_negative_runs);
  std::size_t frames = 0;
  for (int i = 0; i < runs; ++i) {
    n.runs.push_back(read_run(in, n.collections.size(), frames));
    frames += n.runs.back().frames;
  }
  n.frames = in.array<std::int8_t>(frames * n.features.coefficients, "frames");
  if (std::find(n.frames.begin(), n.frames.end(), -128) != n.frames.end()) {
    in.fail("frames", "-128", "-127 to 127");
  }
  if (in.remaining() != 0) {
    in.fail("end of negatives", std::to_string(in.remaining()) + " bytes more", "none");
  }
  return n;
}

/// Whether the format can represent all of it.
bool is_expressible(const Negatives& n) {
  std::size_t frames = 0;
  bool fits = !n.collections.empty() && n.collections.size() <= most_negative_collections &&
              !n.runs.empty() && n.runs.size() <= most_negative_runs;
  for (const NegativeRun& run : n.runs) {
    fits = fits && run.collection < n.collections.size() && run.frames >= 1 &&
           run.frames <= most_run_frames && run.first_frame == frames &&
           run.text.size() <= most_run_text_bytes;
    frames += run.frames;
  }
  return fits && n.frames.size() == frames * n.features.coefficients;
}

}  // namespace

std::vector<const NegativeRun*> Negatives::talk_without(const std::vector<std::string>& words) const {
  std::vector<const NegativeRun*> out = without(words);
  std::erase_if(out, [](const NegativeRun* run) { return run->kind != NegativeKind::plain; });
  return out;
}

std::vector<const NegativeRun*> Negatives::without(const std::vector<std::string>& words) const {
  std::vector<const NegativeRun*> out;
  for (const NegativeRun& run : runs) {
    if (run.text.empty() || !says_any(run.text, words)) {
      out.push_back(&run);
    }
  }
  return out;
}

Negatives parse_negatives(std::span<const std::byte> bytes, std::string_view source) {
  ByteReader header(bytes, source);
  if (bytes.size() > max_negatives_bytes) {
    header.fail("size", std::to_string(bytes.size()) + " bytes",
                "at most " + std::to_string(max_negatives_bytes));
  }
  const auto found = header.take(magic.size(), "magic");
  if (std::memcmp(found.data(), magic.data(), found.size()) != 0) {
    header.fail("magic", "other bytes", "'" + std::string(magic) + "': no file of negatives");
  }
  static_cast<void>(header.integer<std::uint32_t>("version", version, version));
  const auto payload_bytes = header.value<std::uint32_t>("payload size");
  const auto checksum = header.value<std::uint32_t>("checksum");
  if (payload_bytes != header.remaining()) {
    header.fail("payload size", std::to_string(header.remaining()) + " bytes", std::to_string(payload_bytes));
  }
  const auto payload = bytes.subspan(header_bytes);
  if (model_format::crc32(payload) != checksum) {
    header.fail("checksum", std::to_string(model_format::crc32(payload)), std::to_string(checksum));
  }
  ByteReader in(payload, source);
  return read_payload(in);
}

Negatives load_negatives(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    throw Error(ErrorKind::no_input, path.string() + ": no such file, expected a file of negatives");
  }
  std::ifstream file(path, std::ios::binary);
  std::vector<std::byte> bytes(max_negatives_bytes + 1);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file.is_open() || file.bad()) {
    throw Error(ErrorKind::no_input, path.string() + ": cannot be read");
  }
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return parse_negatives(bytes, path.string());
}

std::vector<std::byte> serialize_negatives(const Negatives& n) {
  if (!is_expressible(n)) {
    throw Error(ErrorKind::internal, "negatives that the format cannot hold");
  }
  ByteWriter payload;
  write_features(payload, n.features);
  payload.value(static_cast<std::uint16_t>(n.collections.size()));
  for (const NegativeCollection& c : n.collections) {
    payload.text(c.name);
    payload.text(c.licence);
    payload.value(c.hours);
  }
  payload.value(static_cast<std::uint16_t>(n.runs.size()));
  for (const NegativeRun& run : n.runs) {
    payload.value(static_cast<std::uint8_t>(run.collection));
    payload.value(static_cast<std::uint8_t>(run.kind));
    payload.text(run.text);
    payload.value(static_cast<std::uint16_t>(run.frames));
  }
  payload.array(std::span(n.frames));
  ByteWriter file;
  file.array(std::span(magic));
  file.value(version);
  file.value(static_cast<std::uint32_t>(payload.bytes().size()));
  file.value(model_format::crc32(payload.bytes()));
  file.array(std::span(std::as_const(payload.bytes())));
  return std::move(file.bytes());
}

}  // namespace kwsd
