#include "models/trainer/negatives/mine.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "app/audio/clip_list.h"
#include "app/audio/scan.h"
#include "app/audio/sound_16k.h"
#include "app/base/parallel.h"
#include "app/base/progress.h"
#include "app/base/random.h"
#include "engine/kernels/kernels.h"
#include "engine/model/error.h"
#include "engine/spotter/feature_stream.h"
#include "engine/spotter/posterior_stream.h"

namespace kwsd::train {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t margin_frames = 12;  // on each side of a hard window
constexpr double longest_recording_seconds = 3600;

/// A recording as features, and the base's keyword posterior of each of its windows.
struct Searched {
  std::string text;
  std::vector<std::int8_t> frames;                  // [frames][coefficients]
  std::vector<std::pair<std::size_t, float>> hard;  // frame at the end of a window, posterior
};

/// Frames [first, first + count) of a recording.
struct Piece {
  std::size_t recording = 0, first = 0, count = 0;
  NegativeKind kind = NegativeKind::plain;
};

class Searcher {
 public:
  Searcher(const Network& base, double hard_posterior)
      : model_(base.model()),
        hard_posterior_(hard_posterior),
        features_(std::make_shared<const MfccTables>(model_.features)),
        stream_(base, model_.hop_frames()) {}

  void search(const std::vector<float>& samples, Searched& to) {
    features_.reset();
    stream_.reset();
    std::size_t frames = 0;
    features_.push(samples, [&](std::span<const std::int8_t> frame) {
      to.frames.insert(to.frames.end(), frame.begin(), frame.end());
      ++frames;
      if (!stream_.push_frame(frame)) {
        return;
      }
      float keywords = 0;
      const std::span<const float> posteriors = stream_.classify(BranchId::full).back().values;
      for (std::size_t l = 0; l < posteriors.size(); ++l) {
        keywords += model_.labels[l].kind == LabelKind::keyword ? posteriors[l] : 0.0F;
      }
      if (keywords >= static_cast<float>(hard_posterior_)) {
        to.hard.emplace_back(frames, keywords);
      }
    });
  }

 private:
  const Model& model_;
  double hard_posterior_;
  FeatureStream features_;
  PosteriorStream stream_;
};

std::vector<fs::path> recordings_of(const MinedCollection& c) {
  UnreadableFiles unreadable;
  std::vector<fs::path> files;
  if (!c.words) {
    files = sound_files(c.folder, unreadable);
  } else {
    ClipList validation(c.folder / "validation_list.txt", c.folder),
        test(c.folder / "testing_list.txt", c.folder);
    for (const fs::path& word : word_folders(c.folder)) {
      for (const fs::path& file : sound_files(word, unreadable)) {
        if (!validation.contains(file) && !test.contains(file)) {
          files.push_back(file);
        }
      }
    }
  }
  unreadable.warn();
  if (files.empty()) {
    throw Error(ErrorKind::bad_data, c.folder.string() + ": found no recording, expected some");
  }
  return files;
}

std::string text_of(const MinedCollection& c, const fs::path& file,
                    const std::map<std::string, std::string>& transcripts) {
  if (c.words) {
    std::string word = file.parent_path().filename().string();
    std::replace(word.begin(), word.end(), '_', ' ');
    return word;
  }
  const auto found = transcripts.find(file.stem().string());
  return found == transcripts.end() ? std::string() : found->second.substr(0, most_run_text_bytes);
}

template <class T>
void shuffle(std::vector<T>& items, Random& random) {
  for (std::size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[random.below(i)]);
  }
}

/// Hard windows with the surrounding sound, none of which overlap, in a random order.
std::vector<Piece> hard_pieces(const std::vector<Searched>& all, std::size_t window, std::size_t width,
                               Random& random) {
  std::vector<Piece> pieces;
  for (std::size_t r = 0; r < all.size(); ++r) {
    std::size_t free_from = 0;
    for (const auto& [end, posterior] : all[r].hard) {
      const std::size_t begin = end > window ? end - window : 0;
      if (begin >= free_from) {
        const std::size_t first = std::max(free_from, begin > margin_frames ? begin - margin_frames : 0);
        const std::size_t last = std::min(end + margin_frames, all[r].frames.size() / width);
        pieces.push_back({r, first, last - first, NegativeKind::hard});
        free_from = last;
      }
    }
  }
  shuffle(pieces, random);
  return pieces;
}

class Choice {
 public:
  Choice(const MineOptions& options, const Model& base) : o_(options), base_(base), random_(options.seed) {}

  /// The pieces of one collection, at most `budget` frames: hard ones, then whole recordings that have none
  /// of them.
  std::vector<Piece> choose(const MinedCollection& c, const std::vector<Searched>& all, std::size_t budget) {
    const std::size_t width = base_.features.coefficients;
    const auto longest = static_cast<std::size_t>(o_.longest_run_seconds * base_.features.sample_rate_hz /
                                                  base_.features.hop_samples);
    std::vector<Piece> chosen;
    std::vector<bool> used(all.size(), false);
    std::size_t frames = 0;
    if (!c.noise) {
      const auto most = static_cast<std::size_t>(o_.hard_share * static_cast<double>(budget));
      for (const Piece& piece :
           hard_pieces(all, static_cast<std::size_t>(base_.window_frames()), width, random_)) {
        if (frames + piece.count <= most) {
          frames += piece.count;
          used[piece.recording] = true;
          chosen.push_back(piece);
        }
      }
    }
    std::vector<std::size_t> order(all.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(order, random_);
    for (const std::size_t r : order) {
      const std::size_t total = all[r].frames.size() / width;
      const std::size_t count = std::min(total, longest);
      if (count > 0 && !used[r] && frames + count <= budget) {
        chosen.push_back({r, random_.below(total - count + 1), count,
                          c.noise ? NegativeKind::noise : NegativeKind::plain});
        frames += count;
      }
    }
    return chosen;
  }

 private:
  const MineOptions& o_;
  const Model& base_;
  Random random_;
};

}  // namespace

Negatives mine(const std::shared_ptr<const Model>& base, const MineOptions& o) {
  const Network network(base, select_kernels("auto"));
  const std::size_t width = base->features.coefficients;
  Negatives out;
  out.features = base->features;
  Choice choice(o, *base);
  std::size_t left = o.bytes / width;
  for (std::size_t n = 0; n < o.collections.size(); ++n) {
    const MinedCollection& c = o.collections[n];
    std::vector<fs::path> files = recordings_of(c);
    if (files.size() > o.most_recordings) {
      Random random{o.seed, n};
      shuffle(files, random);
      files.resize(o.most_recordings);
    }
    const auto transcripts =
        c.words || c.noise ? std::map<std::string, std::string>() : read_transcripts(c.folder);
    std::vector<Searched> all(files.size());
    Progress progress(c.name, files.size());
    parallel_for_each_thread(files.size(), o.threads, [&] {
      return [&, searcher = std::make_shared<Searcher>(network, o.hard_posterior)](std::size_t i) {
        try {
          all[i].text = text_of(c, files[i], transcripts);
          searcher->search(load_recording(files[i], {1, longest_recording_seconds, false}), all[i]);
        } catch (const Error& error) {
          spdlog::warn("skipped: {}", error.what());
        }
        progress.step();
      };
    });
    std::size_t searched = 0;
    for (const Searched& recording : all) {
      searched += recording.frames.size() / width;
    }
    out.collections.push_back(
        {c.name, c.licence,
         static_cast<double>(searched) * base->features.hop_samples / base->features.sample_rate_hz / 3600});
    std::size_t hard = 0;
    std::size_t frames = 0;
    for (const Piece& piece : choice.choose(c, all, left / (o.collections.size() - n))) {
      const Searched& from = all[piece.recording];
      out.runs.push_back({n, piece.kind, from.text, out.frames.size() / width, piece.count});
      out.frames.insert(
          out.frames.end(), from.frames.begin() + static_cast<std::ptrdiff_t>(piece.first * width),
          from.frames.begin() + static_cast<std::ptrdiff_t>((piece.first + piece.count) * width));
      hard += piece.kind == NegativeKind::hard ? 1U : 0U;
      frames += piece.count;
    }
    left -= std::min(left, frames);
    spdlog::info(
        "{}: {:.2f} h searched, {} hard windows, {:.2f} h taken", c.name, out.collections.back().hours, hard,
        static_cast<double>(frames) * base->features.hop_samples / base->features.sample_rate_hz / 3600);
  }
  return out;
}

}  // namespace kwsd::train
