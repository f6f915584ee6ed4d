// The files of the page (assets/), embedded by CMake. Thread: any.
#pragma once

#include <span>
#include <string_view>

namespace kwsd {

struct Asset {
  std::string_view path;  ///< "/app.js"
  std::string_view type;  ///< of its content, as HTTP names it
  std::string_view text;
};

[[nodiscard]] std::span<const Asset> web_assets() noexcept;

}  // namespace kwsd
