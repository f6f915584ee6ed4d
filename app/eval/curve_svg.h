// Miss rate against false accepts per hour, as a picture. Thread: any, pure.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kwsd {

/// One line of the picture, e.g. a branch. Points from few to many false accepts.
struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;  // false accepts per hour, miss rate in [0, 1]
  /// The chosen operating point, drawn as a dot; negative: none.
  std::pair<double, double> chosen{-1, -1};
};

/// A stand-alone SVG document. The horizontal axis is logarithmic, from the least that `hours` of negatives
/// can show (one event) to 100 per hour; fewer is drawn at its left end.
/// `per_hour` names the axis: "false accepts per hour of stream".
[[nodiscard]] std::string curve_svg(const std::string& title, const std::string& per_hour,
                                    std::span<const Curve> curves, double hours);

}  // namespace kwsd
