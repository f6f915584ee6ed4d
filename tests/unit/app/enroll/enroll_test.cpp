#include "app/enroll/enroll.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "app/audio/pcm16.h"
#include "app/audio/scan.h"
#include "app/audio/sound_16k.h"
#include "app/enroll/positives.h"
#include "app/eval/clip_score.h"
#include "app/eval/stream_score.h"
#include "engine/audio/endpoints.h"
#include "engine/model/error.h"
#include "engine/model/model_file.h"
#include "tests/unit/app/enroll/dtw_spotter.h"

namespace kwsd {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<const Model> base() {
  return std::make_shared<const Model>(load_model(KWSD_SOURCE "/models/base.kwsm"));
}

/// Every fortieth of the shipped runs: enough for a test, quick to embed.
Negatives few_negatives() {
  const Negatives all = load_negatives(KWSD_SOURCE "/models/negatives.kwsn");
  Negatives some;
  some.features = all.features;
  some.collections = all.collections;
  for (std::size_t i = 0; i < all.runs.size(); i += 40) {
    NegativeRun run = all.runs[i];
    const auto frames = all.frames_of(run);
    run.first_frame = some.frames.size() / some.features.coefficients;
    some.frames.insert(some.frames.end(), frames.begin(), frames.end());
    some.runs.push_back(run);
  }
  for (NegativeCollection& collection : some.collections) {
    collection.hours /= 40;
  }
  return some;
}

/// A "word" of three gliding tones with overtones; `way` chooses which, `shift` changes the pitch.
std::vector<float> tones(const std::array<double, 4>& way, double shift) {
  std::vector<float> samples(16000, 0.0F);
  double phase = 0;
  for (std::size_t i = 4000; i < 12000; ++i) {
    const double place = static_cast<double>(i - 4000) / 8000 * 3;
    const auto part = static_cast<std::size_t>(place);
    const double hz = shift * (way[part] + (place - static_cast<double>(part)) * (way[part + 1] - way[part]));
    phase += 2 * 3.14159265358979 * hz / 16000;
    samples[i] =
        static_cast<float>(0.1 * (std::sin(phase) + 0.5 * std::sin(2 * phase) + 0.3 * std::sin(3 * phase)));
  }
  return samples;
}

constexpr std::array<double, 4> rising{300, 500, 1400, 2200}, falling{2400, 900, 700, 350};

std::vector<EnrollClip> rising_clips() {
  std::vector<EnrollClip> clips;
  for (const double shift : {0.94, 0.97, 1.0, 1.03}) {
    clips.push_back({"rising", tones(rising, shift)});
  }
  return clips;
}

EnrollOptions options_for(const std::string& word) {
  EnrollOptions options;
  options.word = options.name = word;
  return options;
}

TEST_CASE("an enrolled model is a model file like any other, and finds what it was made from") {
  const Negatives negatives = few_negatives();
  const Enroller enroller(base(), select_kernels("auto"), negatives, 2);
  const Enrolled enrolled = enroller.enroll(rising_clips(), options_for("whistle"));
  REQUIRE(enrolled.found_left_out.size() == 4);
  CHECK(std::count(enrolled.found_left_out.begin(), enrolled.found_left_out.end(), true) >= 3);
  CHECK(enrolled.negative_hours > 0);
  CHECK(enrolled.false_accepts_per_hour[0] <= 1 / enrolled.negative_hours);
  const auto bytes = serialize_model(enrolled.model);
  const auto model = std::make_shared<const Model>(parse_model(bytes, "enrolled"));
  CHECK(model->labels[0].name == "whistle");
  const auto spotter = std::make_shared<const Spotter>(std::vector<std::shared_ptr<const Model>>{model},
                                                       select_kernels("auto"));
  CHECK(score_clip(spotter, tones(rising, 1.015), "whistle").detections == 1);
  CHECK(score_clip(spotter, tones(falling, 1), "whistle").detections == 0);

  const Enroller alone(base(), select_kernels("reference"), negatives, 1);
  CHECK(serialize_model(alone.enroll(rising_clips(), options_for("whistle")).model) == bytes);
}

TEST_CASE("a false accept that is given as a mistake scores lower afterwards") {
  Negatives negatives = few_negatives();
  const std::vector<float> similar = tones({300, 500, 1400, 1400}, 1);
  const auto score = [&] {
    const Enroller enroller(base(), select_kernels("auto"), negatives, 2);
    EnrollOptions options = options_for("whistle");
    options.leave_out = false;
    const auto model = std::make_shared<const Model>(enroller.enroll(rising_clips(), options).model);
    const auto spotter = std::make_shared<const Spotter>(std::vector<std::shared_ptr<const Model>>{model},
                                                         select_kernels("auto"));
    return score_clip(spotter, similar, "whistle").highest;
  };
  const float before = score();
  add_negative(negatives, similar);
  CHECK(score() < before);
}

TEST_CASE("enrolling says what it cannot be done with") {
  const Negatives negatives = few_negatives();
  const Enroller enroller(base(), select_kernels("auto"), negatives, 2);
  CHECK_THROWS_AS(enroller.enroll({}, options_for("whistle")), Error);
  Negatives other = negatives;
  other.features.mean[0] += 1;
  CHECK_THROWS_AS(Enroller(base(), select_kernels("auto"), other, 1), Error);
}

// From here on with recordings: KWSD_DATA.

struct Speaker {
  std::string word, who;
  std::vector<EnrollClip> clips;
};

/// Words of Speech Commands and wake words that the base does not know, by people with four recordings or
/// more.
std::vector<Speaker> speakers(const fs::path& data) {
  std::vector<Speaker> out;
  UnreadableFiles unreadable;
  for (const char* word :
       {"speech_commands/backward", "speech_commands/follow", "speech_commands/forward",
        "speech_commands/four", "speech_commands/house", "speech_commands/learn", "speech_commands/nine",
        "speech_commands/seven", "speech_commands/six", "speech_commands/three", "speech_commands/two",
        "speech_commands/visual", "speech_commands/wow", "wake_words/hey_scout", "wake_words/hey_chatterbox",
        "wake_words/computer"}) {
    std::map<std::string, std::vector<fs::path>> by_speaker;
    if (!fs::is_directory(data / word)) {
      continue;
    }
    for (const fs::path& file : sound_files(data / word, unreadable)) {
      const std::string stem = file.stem().string();
      const std::string who = stem.starts_with("ovos_") ? stem.substr(0, stem.find('.')) : speaker_of(stem);
      by_speaker[who].push_back(file);
    }
    for (const auto& [who, files] : by_speaker) {
      if (files.size() >= 4 && files.size() < 30) {
        Speaker speaker{fs::path(word).filename().string(), who, {}};
        std::replace(speaker.word.begin(), speaker.word.end(), '_', ' ');
        for (const fs::path& file : files) {
          speaker.clips.push_back({file.string(), load_recording(file, {1, 10, false})});
        }
        out.push_back(std::move(speaker));
      }
    }
  }
  return out;
}

/// Frames of about so many hours of learners' English, in which nobody has been heard before.
std::vector<std::int8_t> held_out_talk(const fs::path& data,
                                       const std::shared_ptr<const MfccTables>& features, double hours) {
  UnreadableFiles unreadable;
  std::vector<std::int8_t> frames;
  const auto wanted = static_cast<std::size_t>(hours * 3600 * 16000 / features->params().hop_samples *
                                               features->params().coefficients);
  const std::vector<fs::path> files = sound_files(data / "speech/speechocean", unreadable);
  for (std::size_t i = 0; i < files.size() && frames.size() < wanted; i += 3) {
    const auto some = frames_of(features, load_recording(files[i], {1, 60, false}));
    frames.insert(frames.end(), some.begin(), some.end());
  }
  return frames;
}

/// Through a model's full branch.
LabelledStream posteriors_of(const Network& network, std::span<const std::int8_t> frames) {
  const Model& model = network.model();
  const std::size_t width = model.features.coefficients;
  LabelledStream out;
  PosteriorStream stream(network, model.hop_frames());
  for (std::size_t f = 0; (f + 1) * width <= frames.size(); ++f) {
    if (stream.push_frame(frames.subspan(f * width, width))) {
      const auto newest = stream.classify(BranchId::full);
      out.windows.end_samples.push_back((newest.back().end_frame - 1) * model.features.hop_samples +
                                        model.features.frame_samples);
      out.windows.posteriors[0].insert(out.windows.posteriors[0].end(), newest.back().values.begin(),
                                       newest.back().values.end());
    }
  }
  out.windows.samples = static_cast<std::int64_t>(frames.size() / width * model.features.hop_samples);
  return out;
}

/// The lowest threshold with so many false accepts an hour at most.
float threshold_at(const Sweep& sweep, double per_hour) {
  for (std::size_t t = 0; t < sweep.thresholds.size(); ++t) {
    if (static_cast<double>(sweep.scores[t].total().false_accepts) <= per_hour * sweep.hours) {
      return sweep.thresholds[t];
    }
  }
  return 1;
}

bool detects(const Model& model, float threshold, const LabelledStream& stream) {
  const std::vector<float> thresholds{threshold, 1};
  return score_stream(model, model.detector, BranchId::full, thresholds, stream).total().false_accepts > 0;
}

/// The word alone, without the silence around it.
test::DtwSpotter::Frames word_frames(const std::shared_ptr<const MfccTables>& features,
                                     std::span<const float> clip) {
  const Extent word = find_word(to_pcm16(clip));
  const auto part = clip.subspan(static_cast<std::size_t>(word.begin), static_cast<std::size_t>(word.size()));
  return test::DtwSpotter::frames_of(frames_of(features, part), features->params().coefficients,
                                     features->params().scale);
}

struct Counts {
  int clips = 0, missed = 0, missed_at_one = 0, dtw_missed_at_one = 0;
  double hours = 0, false_accepts = 0;
};

/// The distance below which the templates have one false accept an hour, 1 s apart at least.
float dtw_limit(const test::DtwSpotter& spotter, const test::DtwSpotter::Frames& talk, double hours) {
  constexpr std::size_t hop = 4, apart = 42;
  std::vector<float> distances;
  for (std::size_t f = 0; f < talk.size(); f += hop) {
    distances.push_back(spotter.distance(talk, f));
  }
  std::vector<std::size_t> order(distances.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return distances[a] < distances[b]; });
  std::vector<std::size_t> events;
  for (const std::size_t i : order) {
    const bool is_new = std::none_of(events.begin(), events.end(), [i](std::size_t e) {
      return std::max(i, e) - std::min(i, e) < apart / hop;
    });
    if (is_new) {
      events.push_back(i);
      if (static_cast<double>(events.size()) > hours) {
        return distances[i];
      }
    }
  }
  return distances[order.back()];
}

TEST_CASE("few recordings of one speaker: misses at one false accept an hour, beside templates",
          "[recordings]") {
  const char* data = std::getenv("KWSD_DATA");
  if (data == nullptr || !fs::is_directory(fs::path(data) / "speech/speechocean")) {
    return;
  }
  const auto the_base = base();
  const Negatives negatives = load_negatives(KWSD_SOURCE "/models/negatives.kwsn");
  const Enroller enroller(the_base, select_kernels("auto"), negatives, 2);
  const auto features = std::make_shared<const MfccTables>(the_base->features);
  const std::vector<std::int8_t> talk = held_out_talk(data, features, 1);
  const double hours =
      static_cast<double>(talk.size() / the_base->features.coefficients * the_base->features.hop_samples) /
      16000 / 3600;
  const auto dtw_talk =
      test::DtwSpotter::frames_of(talk, the_base->features.coefficients, the_base->features.scale);
  Counts total;
  for (const Speaker& speaker : speakers(data)) {
    const std::size_t given = std::min<std::size_t>(5, speaker.clips.size() - 1);
    const std::vector<EnrollClip> first(speaker.clips.begin(),
                                        speaker.clips.begin() + static_cast<std::ptrdiff_t>(given));
    EnrollOptions options = options_for(speaker.word);
    options.name = "word";
    options.leave_out = false;
    const auto model = std::make_shared<const Model>(enroller.enroll(first, options).model);
    const Network network(model, select_kernels("auto"));
    const LabelledStream of_talk = posteriors_of(network, talk);
    const Sweep sweep =
        sweep_thresholds(*model, model->detector, BranchId::full, std::span(&of_talk, 1), threshold_grid());
    const float at_one = threshold_at(sweep, 1);
    const float own = model->branches[0].thresholds[0];
    const std::vector<float> own_thresholds{own, 1};
    Counts c;
    c.hours = hours;
    c.false_accepts = static_cast<double>(
        score_stream(*model, model->detector, BranchId::full, own_thresholds, of_talk).total().false_accepts);
    test::DtwSpotter dtw;
    for (const EnrollClip& clip : first) {
      dtw.add_template(word_frames(features, clip.samples));
    }
    const float limit = dtw_limit(dtw, dtw_talk, hours);
    for (std::size_t i = given; i < speaker.clips.size(); ++i) {
      const std::vector<std::int8_t> frames = plain_frames(features, speaker.clips[i].samples);
      const LabelledStream stream = posteriors_of(network, frames);
      c.missed += detects(*model, own, stream) ? 0 : 1;
      c.missed_at_one += detects(*model, at_one, stream) ? 0 : 1;
      const auto dtw_frames =
          test::DtwSpotter::frames_of(frames, the_base->features.coefficients, the_base->features.scale);
      float least = 1e9F;
      for (std::size_t f = 0; f < dtw_frames.size(); ++f) {
        least = std::min(least, dtw.distance(dtw_frames, f));
      }
      c.dtw_missed_at_one += least < limit ? 0 : 1;
      ++c.clips;
    }
    std::printf(
        "%-15s %-14s %zu given, %d asked: missed %d at the model's threshold %.2f (%.1f false accepts an "
        "hour), %d at "
        "one an hour; templates %d\n",
        speaker.word.c_str(), speaker.who.c_str(), given, c.clips, c.missed, static_cast<double>(own),
        c.false_accepts / hours, c.missed_at_one, c.dtw_missed_at_one);
    std::fflush(stdout);
    total.clips += c.clips;
    total.missed += c.missed;
    total.missed_at_one += c.missed_at_one;
    total.dtw_missed_at_one += c.dtw_missed_at_one;
    total.hours += hours;
    total.false_accepts += c.false_accepts;
  }
  REQUIRE(total.clips > 0);
  std::printf(
      "all: %d asked; missed %.1f %% at %.2f false accepts an hour (own thresholds); at one an hour %.1f %%, "
      "templates "
      "%.1f %%\n",
      total.clips, 100.0 * total.missed / total.clips, total.false_accepts / total.hours,
      100.0 * total.missed_at_one / total.clips, 100.0 * total.dtw_missed_at_one / total.clips);
  CHECK(total.missed_at_one * 3 <= total.clips);  // about a quarter when this was written
}

}  // namespace
}  // namespace kwsd
