#include <cstdio>

#include "app/base/svg.h"
#include "app/bench/bench_report.h"

namespace kwsd {
namespace {

constexpr double left = 130, top = 70, width = 480, bar = 18, gap = 6, set_gap = 14;
constexpr std::array<const char*, stage_count> colours{"#57606a", "#1f6feb", "#d9730d",
                                                       "#2da44e", "#8250df", "#cf222e"};

template <class... Values>
void add(std::string& svg, const char* format, Values... values) {
  char line[512];
  std::snprintf(line, sizeof line, format, values...);
  svg += line;
}

void add_legend(std::string& svg) {
  double x = left;
  for (std::size_t s = 0; s < stage_names.size(); ++s) {
    add(svg, "<rect x=\"%.0f\" y=\"40\" width=\"10\" height=\"10\" fill=\"%s\"/>\n", x, colours[s]);
    add(svg, "<text x=\"%.0f\" y=\"49\">%s</text>\n", x + 14, std::string(stage_names[s]).c_str());
    x += 28 + 7.0 * static_cast<double>(stage_names[s].size());
  }
}

/// One bar: the shares of the stages, and the sum at its end.
void add_bar(std::string& svg, double y, const std::string& name,
             const std::array<Timing, stage_count>& stages) {
  double sum = 0;
  for (const Timing& t : stages) {
    sum += t.median_us;
  }
  add(svg, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n", left - 8, y + 13,
      svg_escaped(name).c_str());
  double x = left;
  for (std::size_t s = 0; s < stages.size() && sum > 0; ++s) {
    const double share = stages[s].median_us / sum;
    add(svg,
        "<rect x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"%.0f\" fill=\"%s\"><title>%s %.2f us, %.0f "
        "%%</title></rect>\n",
        x, y, width * share, bar, colours[s], std::string(stage_names[s]).c_str(), stages[s].median_us,
        100 * share);
    x += width * share;
  }
  add(svg, "<text x=\"%.0f\" y=\"%.0f\">%.1f us</text>\n", left + width + 8, y + 13, sum);
}

}  // namespace

std::string bench_svg(const BenchReport& report) {
  const double height =
      top + static_cast<double>(report.sets.size()) * (branch_count * (bar + gap) + set_gap) + 10;
  std::string svg;
  add(svg,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height=\"%.0f\" viewBox=\"0 0 720 %.0f\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n",
      height, height);
  svg += "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"20\" y=\"24\" font-size=\"15\">" +
         svg_escaped(report.model) + ": where the time of a window in a stream goes</text>\n";
  add_legend(svg);
  double y = top;
  for (const SetTimes& set : report.sets) {
    for (std::size_t b = 0; b < set.stages.size(); ++b) {
      add_bar(svg, y, set.name + " " + branch_name(static_cast<BranchId>(b)), set.stages[b]);
      y += bar + gap;
    }
    y += set_gap;
  }
  return svg + "</svg>\n";
}

}  // namespace kwsd
