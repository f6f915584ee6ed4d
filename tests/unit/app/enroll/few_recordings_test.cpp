// The misses of enrolled words on recordings, beside those of templates: KWSD_DATA is the folder of the
// recordings; KWSD_BASE, where it is set, is another base, whose unknown words are asked. Minutes; started by
// hand.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numeric>
#include <optional>

#include "app/audio/pcm16.h"
#include "app/audio/scan.h"
#include "app/audio/sound_16k.h"
#include "app/enroll/embeddings.h"
#include "app/enroll/enroll.h"
#include "app/enroll/positives.h"
#include "app/enroll/second_fit.h"
#include "app/eval/stream_score.h"
#include "engine/audio/endpoints.h"
#include "engine/model/model_file.h"
#include "engine/nn/classifier.h"
#include "tests/unit/app/enroll/dtw_spotter.h"

namespace kwsd {
namespace {

namespace fs = std::filesystem;

struct Speaker {
  std::string word, who;
  std::vector<EnrollClip> clips;
};

/// Words of Speech Commands and wake words that the base does not know, by people with four recordings or
/// more.
std::vector<Speaker> speakers(const fs::path& data, const Model& the_base) {
  std::vector<fs::path> words;
  UnreadableFiles unreadable;
  for (const char* collection : {"speech_commands", "wake_words"}) {
    if (!fs::is_directory(data / collection)) {
      continue;
    }
    for (const fs::path& word : word_folders(data / collection)) {
      const bool is_known =
          std::any_of(the_base.labels.begin(), the_base.labels.end(),
                      [&word](const Label& label) { return label.name == word.filename().string(); });
      if (!is_known && !word.filename().string().starts_with("_")) {
        words.push_back(word);
      }
    }
  }
  std::vector<Speaker> out;
  for (const fs::path& word : words) {
    std::map<std::string, std::vector<fs::path>> by_speaker;
    for (const fs::path& file : sound_files(word, unreadable)) {
      const std::string stem = file.stem().string();
      const std::string who = stem.starts_with("ovos_") ? stem.substr(0, stem.find('.')) : speaker_of(stem);
      by_speaker[who].push_back(file);
    }
    for (const auto& [who, files] : by_speaker) {
      if (files.size() >= 4 && files.size() < 30) {
        Speaker speaker{word.filename().string(), who, {}};
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

/// Frames of learners' English, in which nobody has been heard before.
std::vector<std::int8_t> held_out_talk(const fs::path& data,
                                       const std::shared_ptr<const MfccTables>& features) {
  UnreadableFiles unreadable;
  std::vector<std::int8_t> frames;
  for (const fs::path& file : sound_files(data / "speech/speechocean", unreadable)) {
    const auto some = frames_of(features, load_recording(file, {1, 60, false}));
    frames.insert(frames.end(), some.begin(), some.end());
  }
  return frames;
}

/// The shipped negatives in the quantization of another base.
Negatives negatives_for(const FeatureParams& features) {
  Negatives n = load_negatives(KWSD_SOURCE "/models/negatives.kwsn");
  const FeatureParams from = n.features;
  for (std::size_t i = 0; i < n.frames.size(); ++i) {
    const std::size_t c = i % features.coefficients;
    const float value = static_cast<float>(n.frames[i]) / from.scale[c] + from.mean[c];
    n.frames[i] = static_cast<std::int8_t>(
        std::clamp(std::round((value - features.mean[c]) * features.scale[c]), -127.0F, 127.0F));
  }
  n.features = features;
  return n;
}

/// A sound as both stages see it; the second one's part is empty where the base has none.
struct Seen {
  Embeddings first, second;
};

/// What the engine's last layers make of embeddings.
LabelledStream posteriors_of(const Model& model, std::size_t branch, const Seen& seen) {
  const Embeddings& embedded = seen.first;
  const Classifier classifier(model, select_kernels("auto"));
  const ClassifierParams& params = model.branches[branch].classifier;
  std::vector<std::int32_t> acc(model.labels.size());
  std::vector<float> logits(acc.size()), posteriors(acc.size());
  LabelledStream out;
  for (std::size_t w = 0; w < embedded.windows(); ++w) {
    classifier.logits(params, embedded.of(branch, w).data(), acc, logits);
    softmax(logits, posteriors);
    if (model.second) {
      posteriors[0] = posterior_of_both(*model.second, posteriors[0], seen.second.of(0, w));
      posteriors[1] = 1 - posteriors[0];
    }
    out.windows.end_samples.push_back((embedded.ends[w] - 1) * model.features.hop_samples +
                                      model.features.frame_samples);
    out.windows.posteriors[branch].insert(out.windows.posteriors[branch].end(), posteriors.begin(),
                                          posteriors.end());
  }
  out.windows.samples = out.windows.end_samples.back();
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

std::int64_t detections(const Model& model, std::size_t branch, float threshold,
                        const LabelledStream& stream) {
  const std::vector<float> thresholds{threshold, 1};
  const auto id = static_cast<BranchId>(branch);
  return score_stream(model, model.detector, id, thresholds, stream).total().false_accepts;
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
  struct OfBranch {
    int missed = 0, missed_at_one = 0, of_others_missed = 0;
    double false_accepts = 0;
  };
  std::array<OfBranch, branch_count> branches{};
  int clips = 0, dtw_missed_at_one = 0;
  int of_others = 0;  // the word by other people, at the model's threshold
  double hours = 0;

  void operator+=(const Counts& other) {
    for (std::size_t b = 0; b < branch_count; ++b) {
      branches[b].missed += other.branches[b].missed;
      branches[b].missed_at_one += other.branches[b].missed_at_one;
      branches[b].of_others_missed += other.branches[b].of_others_missed;
      branches[b].false_accepts += other.branches[b].false_accepts;
    }
    clips += other.clips;
    dtw_missed_at_one += other.dtw_missed_at_one;
    of_others += other.of_others;
    hours += other.hours;
  }
};

/// The distance below which templates have one false accept an hour, 1 s apart at least; their least
/// distances from the talk are a hop apart.
constexpr std::size_t dtw_hop = 4;
float dtw_limit(const std::vector<float>& distances, double hours) {
  constexpr std::size_t apart = 42;
  std::vector<std::size_t> order(distances.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return distances[a] < distances[b]; });
  std::vector<std::size_t> events;
  for (const std::size_t i : order) {
    const bool is_new = std::none_of(events.begin(), events.end(), [i](std::size_t e) {
      return std::max(i, e) - std::min(i, e) < apart / dtw_hop;
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

/// Everything that is asked of everybody.
struct Held {
  std::shared_ptr<const Model> base;
  std::shared_ptr<const MfccTables> features;
  const Enroller& enroller;
  const SecondFit* second = nullptr;
  Seen talk;
  test::DtwSpotter::Frames dtw_talk;
  double hours = 0;
};

/// Of one recording: what a model and templates are asked, and its distances as a template.
struct Asked {
  Seen seen;
  test::DtwSpotter::Frames frames;
  test::DtwSpotter as_template;
  std::vector<float> from_talk;
};

test::DtwSpotter::Frames dtw_frames(const Held& held, std::span<const std::int8_t> frames) {
  return test::DtwSpotter::frames_of(frames, held.base->features.coefficients, held.base->features.scale);
}

std::vector<Asked> asked_of(const Held& held, const Speaker& speaker) {
  const Network network(held.base, select_kernels("auto"));
  Embedder embedder(network, held.base->hop_frames());
  std::vector<Asked> out(speaker.clips.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto frames = plain_frames(held.features, speaker.clips[i].samples);
    embedder.add(frames, out[i].seen.first);
    if (held.second != nullptr) {
      out[i].seen.second = held.second->of_sound(frames);
    }
    out[i].frames = dtw_frames(held, frames);
    out[i].as_template.add_template(word_frames(held.features, speaker.clips[i].samples));
    for (std::size_t f = 0; f < held.dtw_talk.size(); f += dtw_hop) {
      out[i].from_talk.push_back(out[i].as_template.distance(held.dtw_talk, f));
    }
  }
  return out;
}

bool templates_find(const Held& held, const std::vector<Asked>& all, const std::vector<std::size_t>& given,
                    const Asked& one) {
  std::vector<float> from_talk(all[0].from_talk.size(), 1e9F);
  float least = 1e9F;
  for (const std::size_t g : given) {
    std::transform(from_talk.begin(), from_talk.end(), all[g].from_talk.begin(), from_talk.begin(),
                   [](float a, float b) { return std::min(a, b); });
    for (std::size_t f = 0; f < one.frames.size(); ++f) {
      least = std::min(least, all[g].as_template.distance(one.frames, f));
    }
  }
  return least < dtw_limit(from_talk, held.hours);
}

/// A model of the `given` recordings, asked for others.
void ask(const Held& held, const Speaker& speaker, const std::vector<Asked>& all,
         const std::vector<std::size_t>& given, const std::vector<std::size_t>& others,
         const std::vector<const Seen*>& strangers, Counts& c) {
  std::vector<EnrollClip> clips;
  for (const std::size_t g : given) {
    clips.push_back(speaker.clips[g]);
  }
  EnrollOptions options;
  options.word = speaker.word;
  options.name = "word";
  options.leave_out = false;
  const Model model = held.enroller.enroll(clips, options).model;
  for (std::size_t b = 0; b < branch_count; ++b) {
    const LabelledStream talk = posteriors_of(model, b, held.talk);
    const Sweep sweep = sweep_thresholds(model, model.detector, static_cast<BranchId>(b), std::span(&talk, 1),
                                         threshold_grid());
    const float at_one = threshold_at(sweep, 1), own = model.branches[b].thresholds[0];
    Counts::OfBranch& counts = c.branches[b];
    counts.false_accepts += static_cast<double>(detections(model, b, own, talk));
    for (const std::size_t i : others) {
      const LabelledStream stream = posteriors_of(model, b, all[i].seen);
      counts.missed += detections(model, b, own, stream) > 0 ? 0 : 1;
      counts.missed_at_one += detections(model, b, at_one, stream) > 0 ? 0 : 1;
    }
    for (const Seen* stranger : strangers) {
      const LabelledStream stream = posteriors_of(model, b, *stranger);
      counts.of_others_missed += detections(model, b, own, stream) > 0 ? 0 : 1;
    }
  }
  for (const std::size_t i : others) {
    c.dtw_missed_at_one += templates_find(held, all, given, all[i]) ? 0 : 1;
  }
  c.hours += held.hours;
  c.clips += static_cast<int>(others.size());
  c.of_others += static_cast<int>(strangers.size());
}

/// Up to six recordings: each is asked of a model of the others. More: the first five are given. `strangers`:
/// the word by other people.
Counts ask_all(const Held& held, const Speaker& speaker, const std::vector<Asked>& all,
               const std::vector<const Seen*>& strangers) {
  Counts c;
  std::vector<std::size_t> order(speaker.clips.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() > 6) {
    ask(held, speaker, all, {order.begin(), order.begin() + 5}, {order.begin() + 5, order.end()}, strangers,
        c);
    return c;
  }
  for (const std::size_t one : order) {
    std::vector<std::size_t> given = order;
    given.erase(given.begin() + static_cast<std::ptrdiff_t>(one));
    ask(held, speaker, all, given, {one}, strangers, c);
  }
  return c;
}

void print(const std::string& who, const Counts& c) {
  const auto percent = [&c](int missed) { return 100.0 * missed / c.clips; };
  std::printf("%s: %d asked; templates miss %.1f %% at one false accept an hour\n", who.c_str(), c.clips,
              percent(c.dtw_missed_at_one));
  for (std::size_t b = 0; b < branch_count; ++b) {
    const Counts::OfBranch& of = c.branches[b];
    std::printf(
        "  %-8s missed %.1f %% at the model's threshold (%.2f false accepts an hour), %.1f %% at one an "
        "hour\n",
        branch_name(static_cast<BranchId>(b)), percent(of.missed), of.false_accepts / c.hours,
        percent(of.missed_at_one));
  }
  std::fflush(stdout);
}

TEST_CASE("few recordings of one speaker: misses at one false accept an hour, beside templates",
          "[recordings]") {
  const char* data = std::getenv("KWSD_DATA");
  if (data == nullptr || !fs::is_directory(fs::path(data) / "speech/speechocean")) {
    return;
  }
  const char* other_base = std::getenv("KWSD_BASE");
  const auto the_base = std::make_shared<const Model>(
      load_model(other_base != nullptr ? other_base : KWSD_SOURCE "/models/base.kwsm"));
  const Negatives negatives = negatives_for(the_base->features);
  const Enroller enroller(the_base, select_kernels("auto"), negatives, 2);
  Held held{the_base, std::make_shared<const MfccTables>(the_base->features), enroller, nullptr, {}, {}, 0};
  const std::vector<std::int8_t> talk = held_out_talk(data, held.features);
  const Network network(the_base, select_kernels("auto"));
  Embedder(network, the_base->hop_frames()).add(talk, held.talk.first);
  std::optional<SecondFit> second;
  if (the_base->second) {
    second.emplace(*the_base, select_kernels("auto"), negatives, 2);
    held.second = &*second;
    held.talk.second = second->of_sound(talk);
  }
  held.dtw_talk = dtw_frames(held, talk);
  held.hours = static_cast<double>(held.dtw_talk.size()) * the_base->features.hop_samples / 16000 / 3600;
  Counts total;
  const std::vector<Speaker> all = speakers(data, *the_base);
  std::vector<std::vector<Asked>> asked;
  for (const Speaker& speaker : all) {
    asked.push_back(asked_of(held, speaker));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::vector<const Seen*> strangers;
    for (std::size_t j = 0; j < all.size(); ++j) {
      for (std::size_t k = 0; j != i && all[j].word == all[i].word && k < all[j].clips.size(); ++k) {
        strangers.push_back(&asked[j][k].seen);
      }
    }
    const Counts c = ask_all(held, all[i], asked[i], strangers);
    print(all[i].word + " " + all[i].who, c);
    total += c;
  }
  REQUIRE(total.clips > 0);
  print("all", total);
  for (std::size_t b = 0; b < branch_count; ++b) {
    const Counts::OfBranch& of = total.branches[b];
    std::printf("  %-8s the word by other people: %d asked, %.1f %% missed at the model's threshold\n",
                branch_name(static_cast<BranchId>(b)), total.of_others,
                100.0 * of.of_others_missed / std::max(1, total.of_others));
    CHECK(of.missed_at_one * 6 <= total.clips);
  }
}

}  // namespace
}  // namespace kwsd
