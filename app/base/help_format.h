// How --help shows an option: "--channel N (1 to 1024; default 1)", in lines of at most 80 columns. Thread:
// set-up.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>

namespace kwsd {

/// `text` wrapped at spaces into lines of at most `columns` characters; its own line breaks are kept. A
/// longer word has a line of its own.
[[nodiscard]] std::string wrapped(const std::string& text, std::size_t columns);

class HelpFormat final : public CLI::Formatter {
 public:
  [[nodiscard]] std::string make_option(const CLI::Option* option, bool is_positional) const override;
  [[nodiscard]] std::string make_option_opts(const CLI::Option* option) const override;
  [[nodiscard]] std::string make_subcommand(const CLI::App* command) const override;
  [[nodiscard]] std::string make_description(const CLI::App* app) const override;
  [[nodiscard]] std::string make_footer(const CLI::App* app) const override;
};

}  // namespace kwsd
