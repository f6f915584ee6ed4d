#include "models/trainer/word/word_report.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <sstream>

#include "app/audio/sound_16k.h"
#include "app/base/svg.h"
#include "engine/model/error.h"
#include "models/trainer/data/rate.h"

namespace kwsd::train {
namespace {

constexpr std::size_t most_embedded = 200;  // recordings; the others are links

constexpr const char* style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse}td,th{padding:.2em .8em;border-bottom:1px solid #ddd;text-align:left}"
    "pre{overflow-x:auto;background:#f6f6f6;padding:1em}.bad{color:#b00020}svg{max-width:100%;height:auto}"
    "audio{height:2em}";

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t n) {
      return n < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[n])) : 0U;
    };
    const std::uint32_t three = at(i) << 16U | at(i + 1) << 8U | at(i + 2);
    out += digits[three >> 18U];
    out += digits[(three >> 12U) & 63U];
    out += i + 1 < bytes.size() ? digits[(three >> 6U) & 63U] : '=';
    out += i + 2 < bytes.size() ? digits[three & 63U] : '=';
  }
  return out;
}

/// A WAV file of 16 kHz, mono, 16 bit.
std::string wav_of(const std::vector<std::int16_t>& samples) {
  std::string out;
  const auto number = [&out](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) {
      out += static_cast<char>(value >> static_cast<unsigned>(8 * i));
    }
  };
  const auto bytes = static_cast<std::uint32_t>(2 * samples.size());
  out += "RIFF";
  number(36 + bytes, 4);
  out += "WAVEfmt ";
  number(16, 4);
  number(1, 2);
  number(1, 2);
  number(sample_rate_hz, 4);
  number(2 * sample_rate_hz, 4);
  number(2, 2);
  number(16, 2);
  out += "data";
  number(bytes, 4);
  for (const std::int16_t sample : samples) {
    number(static_cast<std::uint16_t>(sample), 2);
  }
  return out;
}

std::string audio_of(const std::filesystem::path& path, bool embed) {
  const std::string link = svg_escaped(std::filesystem::absolute(path).lexically_normal().string());
  if (embed) {
    try {
      return "<audio controls preload=\"none\" src=\"data:audio/wav;base64," +
             base64(wav_of(load_recording_pcm16(path, {1, 10, true}))) + "\"></audio>";
    } catch (const Error&) {
      // The link shows that the recording exists.
    }
  }
  return "<a href=\"file://" + link + "\">" + link + "</a>";
}

bool right(const ScoredClip& clip, const ClipScore& score) {
  return clip.is_word == (score.detections > 0);
}

std::string score_cell(const ScoredClip& clip, const ClipScore& score) {
  return fmt::format("<td{}>{:.2f}, {}</td>", right(clip, score) ? "" : " class=\"bad\"",
                     static_cast<double>(score.highest), score.detections > 0 ? "detected" : "not detected");
}

std::string clip_table(const std::vector<ScoredClip>& clips) {
  const bool compares = std::any_of(clips.begin(), clips.end(), [](const ScoredClip& c) { return c.before; });
  std::string html =
      fmt::format("<table><tr><th>file</th><th>kind</th><th>used for</th>{}<th>score</th><th></th></tr>\n",
                  compares ? "<th>before</th>" : "");
  std::size_t number = 0;
  for (const ScoredClip& clip : clips) {
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td>", svg_escaped(clip.path.filename().string()),
                        clip.kind, clip.trained ? "training" : "measuring");
    html += !compares ? "" : clip.before ? score_cell(clip, *clip.before) : "<td></td>";
    html +=
        score_cell(clip, clip.now) + "<td>" + audio_of(clip.path, number++ < most_embedded) + "</td></tr>\n";
  }
  return html + "</table>\n";
}

/// Loss over epochs, as a line.
std::string training_svg(const std::string& log) {
  std::istringstream lines(log);
  std::string line;
  std::vector<double> losses;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line)) {
    std::istringstream columns(line);
    double epoch = 0;
    double loss = 0;
    if (columns >> epoch >> loss) {
      losses.push_back(loss);
    }
  }
  if (losses.size() < 2) {
    return {};
  }
  const double most = *std::max_element(losses.begin(), losses.end());
  std::string points;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    points += fmt::format("{:.1f},{:.1f} ",
                          40 + 540.0 * static_cast<double>(i) / static_cast<double>(losses.size() - 1),
                          180 - 160 * losses[i] / std::max(most, 1e-9));
  }
  return fmt::format(
      "<svg viewBox=\"0 0 600 210\" role=\"img\" aria-label=\"loss per epoch\"><path d=\"M40 20V180H580\" "
      "fill=\"none\" stroke=\"#888\"/><polyline points=\"{}\" fill=\"none\" stroke=\"#1565c0\" "
      "stroke-width=\"2\"/><text x=\"5\" y=\"25\" font-size=\"12\">{:.1f}</text><text x=\"300\" y=\"200\" "
      "font-size=\"12\">epochs, 1 to {}</text></svg>\n",
      points, most, losses.size());
}

std::string without_prolog(std::string svg) {
  const auto start = svg.find("<svg");
  return start == std::string::npos ? svg : svg.substr(start);
}

std::string list_of(const std::vector<std::string>& items) {
  std::string html = "<ul>\n";
  for (const std::string& item : items) {
    html += "<li>" + svg_escaped(item) + "</li>\n";
  }
  return html + "</ul>\n";
}

std::string made_of(const WordReport& r) {
  return fmt::format("{} recording{} and {} synthetic voices", r.recordings, r.recordings == 1 ? "" : "s",
                     r.voices);
}

}  // namespace

std::string right_of(const std::vector<ScoredClip>& clips, const std::string& kind) {
  std::size_t all = 0;
  std::size_t now = 0;
  std::size_t before = 0;
  bool compares = false;
  for (const ScoredClip& clip : clips) {
    if (clip.kind == kind) {
      ++all;
      now += right(clip, clip.now) ? 1U : 0U;
      compares = compares || clip.before;
      before += clip.before && right(clip, *clip.before) ? 1U : 0U;
    }
  }
  return fmt::format("{} of {} right", now, all) + (compares ? fmt::format(", {} before", before) : "");
}

std::string report_html(const WordReport& r) {
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>{0}</title><style>{1}</style></head><body>\n<h1>{0}</h1>\n"
      "<p>Made from {2}. The threshold of the full branch is {3:.2f}.</p>\n",
      svg_escaped(r.word), style, made_of(r), static_cast<double>(r.threshold));
  html += "<h2>Misses and false accepts</h2>\n" + without_prolog(report_svg(r.calibration)) + "<pre>" +
          svg_escaped(report_text(r.calibration)) + "</pre>\n";
  if (!r.clips.empty()) {
    html += "<h2>Recordings</h2>\n<p>Each between silences, with the full branch.</p>\n";
    for (const char* kind : {"recording", "missed before", "false accept before"}) {
      if (std::any_of(r.clips.begin(), r.clips.end(),
                      [kind](const ScoredClip& c) { return c.kind == kind; })) {
        html += fmt::format("<p>{}: {}.</p>\n", kind, right_of(r.clips, kind));
      }
    }
    html += clip_table(r.clips);
  }
  html += "<h2>Training</h2>\n" + training_svg(r.training_log) + "<pre>" + svg_escaped(r.recipe) + "</pre>\n";
  html += r.notes.empty() ? "" : "<h2>Notes and what was skipped</h2>\n" + list_of(r.notes);
  return html + "</body></html>\n";
}

std::string card_text(const WordReport& r) {
  std::string text = fmt::format(
      "# {}\n\nSpots \"{}\". Made by `kwsd-train word` from {}, and from base.pt.{}\n\n## "
      "Recipe\n\n```\n{}```\n\n## "
      "Figures\n\n",
      r.name, r.word, made_of(r),
      r.second_stage
          ? " Its second stage has the vectors of base.kwsm, which started from Google's speech embedding "
            "(Apache-2.0), and a classifier of the recordings."
          : "",
      r.recipe);
  if (!r.clips.empty()) {
    text += fmt::format(
        "The recordings, each between silences (full branch): {}. Most were trained on: the others are "
        "marked in {}.html.\n\n",
        right_of(r.clips, "recording"), r.name);
  }
  return text + "```\n" + report_text(r.calibration) + "```\n\nFalse accepts were counted on " +
         r.counted_on + ". These are few hours: expect other rates where other people talk.\n";
}

}  // namespace kwsd::train
