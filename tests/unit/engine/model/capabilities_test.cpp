// The table of layer kinds and outputs, against the reader and against FORMAT.md, which prints it.
#include "engine/model/capabilities.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "engine/model/error.h"
#include "engine/model/model_file.h"
#include "tests/support/random_model.h"

namespace kwsd::test {
namespace {

constexpr LayerKind all_kinds[] = {LayerKind::bit1, LayerKind::bitn, LayerKind::int8, LayerKind::float32,
                                   LayerKind::unit};

/// The cells of a table's row "| a | b |", without spaces around them.
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  std::string cell;
  std::getline(in, cell, '|');
  while (std::getline(in, cell, '|')) {
    const std::size_t first = cell.find_first_not_of(' ');
    out.push_back(first == std::string::npos ? ""
                                             : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
  }
  return out;
}

/// The lines of the table under the heading "### `heading`" of FORMAT.md.
std::vector<std::vector<std::string>> format_table(const std::string& heading) {
  std::ifstream file(KWSD_SOURCE "/models/FORMAT.md");
  std::vector<std::vector<std::string>> rows;
  std::string line;
  while (std::getline(file, line) && line != "### " + heading) {
  }
  while (std::getline(file, line) && line.rfind('#', 0) != 0) {
    if (line.rfind("| ", 0) == 0) rows.push_back(cells(line));
  }
  return rows;
}

bool readable(const RandomModelOptions& options) {
  try {
    (void)serialize_model(random_model(31, options));  // reads what it wrote
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

TEST_CASE("each place takes the kinds of the table and no others") {
  for (const LayerKind kind : all_kinds) {
    CAPTURE(kind_name(kind));
    RandomModelOptions o{.steps = 2, .memory_size = 16, .hidden_size = 16, .blocks = 1, .labels = 3};
    SECTION("memory filter") {
      o.memory = kind;
      CHECK(readable(o) == allows(Place::memory, kind));
    }
    SECTION("classifier") {
      o.classifier = kind;
      CHECK(readable(o) == allows(Place::classifier, kind));
    }
    SECTION("memory filter of a stream") {
      o.streaming = true;
      o.memory = kind;
      CHECK(readable(o) == allows(Place::stream_memory, kind));
    }
    SECTION("classifier of a stream") {
      o.streaming = true;
      o.classifier = kind;
      CHECK(readable(o) == allows(Place::stream_classifier, kind));
    }
    SECTION("convolutions") {
      if (kind != LayerKind::float32 && kind != LayerKind::unit) {  // no output feeds one
        o.conv2 = kind;
        CHECK(readable(o) == allows(Place::conv, kind));
      }
    }
  }
}

TEST_CASE("every output feeds a kind that may follow it") {
  for (const OutputCapability& capability : conv_outputs) {
    CAPTURE(static_cast<int>(capability.output));
    CHECK(allows(Place::conv, capability.next));
    CHECK(capability_of(capability.output).next == capability.next);
    CHECK(capability.planes <= capability.planes_most);
  }
  for (const LayerKind kind : kinds_at(Place::conv)) {
    CHECK(capability_of(output_for(kind)).next == kind);
  }
}

TEST_CASE("FORMAT.md prints the table of kinds") {
  const auto table = format_table("Which layer may be of which kind");
  const std::pair<const char*, Place> places[] = {{"first convolution", Place::first_conv},
                                                  {"other convolutions, linear", Place::conv},
                                                  {"memory filter", Place::memory},
                                                  {"expand, project", Place::pointwise},
                                                  {"classifier", Place::classifier},
                                                  {"memory filter of a stream", Place::stream_memory},
                                                  {"classifier of a stream", Place::stream_classifier}};
  REQUIRE(table.size() == 1 + std::size(places));
  REQUIRE(table[0].size() == 1 + layer_kinds.size());
  for (std::size_t p = 0; p < std::size(places); ++p) {
    const auto& row = table[1 + p];
    REQUIRE(row.size() == 1 + layer_kinds.size());
    CHECK(row[0] == places[p].first);
    for (std::size_t k = 0; k < layer_kinds.size(); ++k) {
      CAPTURE(row[0], layer_kinds[k].name);
      CHECK((row[1 + k] == "yes") == layer_kinds[k].at(places[p].second));
    }
  }
}

}  // namespace kwsd::test
