#include "app/eval/curve_svg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "app/base/svg.h"

namespace kwsd {
namespace {

constexpr double left = 60, top = 44, width = 520, height = 300;
constexpr double most_per_hour = 100;
constexpr std::array<const char*, 6> colours{"#1f6feb", "#d9730d", "#2da44e",
                                             "#8250df", "#cf222e", "#57606a"};

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

std::string point(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

struct Axes {
  double least_per_hour;
  double most_missed;

  [[nodiscard]] double x(double per_hour) const {
    const double share = std::log(std::clamp(per_hour, least_per_hour, most_per_hour) / least_per_hour) /
                         std::log(most_per_hour / least_per_hour);
    return left + width * share;
  }
  [[nodiscard]] double y(double missed) const {
    return top + height - height * std::clamp(missed, 0.0, most_missed) / most_missed;
  }
};

void line(std::string& svg, double x1, double y1, double x2, double y2) {
  svg += "<line x1=\"" + point(x1) + "\" y1=\"" + point(y1) + "\" x2=\"" + point(x2) + "\" y2=\"" +
         point(y2) + "\" stroke=\"#d0d7de\"/>\n";
}

void text(std::string& svg, double x, double y, const char* anchor, const std::string& words) {
  svg += "<text x=\"" + point(x) + "\" y=\"" + point(y) + "\" text-anchor=\"" + anchor + "\">" +
         svg_escaped(words) + "</text>\n";
}

void draw_axes(std::string& svg, const Axes& axes, const std::string& per_hour_title) {
  for (int step = 0; step <= 5; ++step) {
    const double percent = 20 * step * axes.most_missed;
    const double y = axes.y(percent / 100.0);
    line(svg, left, y, left + width, y);
    text(svg, left - 6, y + 4, "end", number(percent) + " %");
  }
  for (const double per_hour : {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0}) {
    if (per_hour >= axes.least_per_hour) {
      line(svg, axes.x(per_hour), top, axes.x(per_hour), top + height);
      text(svg, axes.x(per_hour), top + height + 16, "middle", number(per_hour));
    }
  }
  text(svg, left + width / 2, top + height + 36, "middle", per_hour_title);
  text(svg, left, top - 8, "start", "missed");
}

void draw_curve(std::string& svg, const Axes& axes, const Curve& curve, std::size_t index) {
  const std::string colour = colours[index % colours.size()];
  svg += "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" + colour + "\" points=\"";
  for (const auto& [per_hour, missed] : curve.points) {
    svg += point(axes.x(per_hour)) + "," + point(axes.y(missed)) + " ";
  }
  svg += "\"/>\n";
  if (curve.chosen.first >= 0) {
    svg += "<circle r=\"5\" fill=\"" + colour + "\" cx=\"" + point(axes.x(curve.chosen.first)) + "\" cy=\"" +
           point(axes.y(curve.chosen.second)) + "\"/>\n";
  }
  const double y = top + 16 + 18 * static_cast<double>(index);
  svg += "<rect x=\"" + point(left + width - 150) + "\" y=\"" + point(y - 9) +
         "\" width=\"12\" height=\"12\" fill=\"" + colour + "\"/>\n";
  text(svg, left + width - 132, y + 2, "start", curve.name);
}

/// Top of the vertical axis: 0.5 if that shows all curves down to one false accept per hour.
double most_missed(std::span<const Curve> curves) {
  for (const Curve& curve : curves) {
    for (const auto& [per_hour, missed] : curve.points) {
      if (per_hour >= 1 && missed > 0.5) {
        return 1;
      }
    }
  }
  return 0.5;
}

}  // namespace

std::string curve_svg(const std::string& title, const std::string& per_hour, std::span<const Curve> curves,
                      double hours) {
  const Axes axes{std::clamp(1.0 / std::max(hours, 1e-6), 0.01, 10.0), most_missed(curves)};
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 610 400\" width=\"610\" height=\"400\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#24292f\">\n"
      "<rect width=\"610\" height=\"400\" fill=\"#ffffff\"/>\n";
  text(svg, left, 20, "start", title);
  draw_axes(svg, axes, per_hour);
  for (std::size_t i = 0; i < curves.size(); ++i) {
    draw_curve(svg, axes, curves[i], i);
  }
  return svg + "</svg>\n";
}

}  // namespace kwsd
