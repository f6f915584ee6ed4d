// How --help puts an option: "--channel N (1 to 1024; default 1)". Thread: main, set-up.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace kwsd {

class HelpFormat final : public CLI::Formatter {
 public:
  [[nodiscard]] std::string make_option_opts(const CLI::Option* option) const override;
};

}  // namespace kwsd
