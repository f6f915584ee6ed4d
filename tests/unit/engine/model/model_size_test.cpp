// What a model would take in float32: the cards have the figures of the trainer's own count.
#include "engine/model/model_size.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "engine/model/model_file.h"

using namespace kwsd;

TEST_CASE("each card has the file's size and its parameters in float32") {
  const std::filesystem::path models = std::filesystem::path(KWSD_SOURCE) / "models";
  for (const char* name :
       {"commands", "commands-window", "commands-small", "commands-paper", "computer", "jarvis"}) {
    CAPTURE(name);
    const std::filesystem::path file = models / (std::string(name) + ".kwsm");
    const std::int64_t parameters = float32_parameters(load_model(file));
    std::ifstream in(models / (std::string(name) + ".md"));
    const std::string card{std::istreambuf_iterator<char>(in), {}};
    std::smatch found;
    REQUIRE(std::regex_search(
        card, found, std::regex("has ([0-9]+) bytes\\. Its ([0-9]+) parameters would take ([0-9]+) bytes")));
    CHECK(found[1] == std::to_string(std::filesystem::file_size(file)));
    CHECK(found[2] == std::to_string(parameters));
    CHECK(found[3] == std::to_string(4 * parameters));
  }
}
