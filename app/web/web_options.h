// Options of `kwsd web`. Thread: any.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kwsd {

struct WebOptions {
  std::vector<std::string> uris{
      "tcp://127.0.0.1:2780"};        ///< ignored where the service manager passes sockets
  std::vector<std::string> hosts;     ///< further names of the page, behind a proxy
  bool remote = false;                ///< addresses that other machines reach are allowed
  std::string control;                ///< path of the control socket
  std::filesystem::path data;         ///< folder of recordings and mistakes
  std::filesystem::path clips;        ///< of kwsd run --save-clips; empty: none
  std::filesystem::path near_misses;  ///< of kwsd run --save-near-misses; empty: none
  std::string config;                 ///< of the programs that it starts: --config; empty: the usual files
  std::string train = "kwsd-train";   ///< the program that trains, found as a shell does
};

/// Where `kwsd-train word` writes models, reports and its state.
[[nodiscard]] inline std::filesystem::path trainings(const WebOptions& options) {
  return options.data / "training";
}

}  // namespace kwsd
