#include "models/trainer/data/dataset.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>

#include "app/audio/clip_list.h"
#include "app/base/random.h"
#include "app/base/words.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"
#include "models/trainer/data/rate.h"

namespace kwsd::train {
namespace {

namespace fs = std::filesystem;

/// Stable: adding or removing other files changes no assignment.
Split split_by_hash(const std::string& who, double validation, double test) {
  const double place = Random(stable_hash(who)).uniform();
  return place < test ? Split::test : place < test + validation ? Split::validation : Split::train;
}

std::uint64_t whole_seconds(std::size_t samples) {
  return samples / sample_rate_hz;
}

using Words = std::map<std::string, std::vector<Clip>>;

constexpr const char* unknown_folder = "_unknown_";
constexpr const char* noise_folder = "_background_noise_";

bool trains(const Clip& clip) {
  return clip.split == Split::train;
}

}  // namespace

/// Builds a Dataset; one function per kind of folder.
struct Dataset::Loader {
  Dataset& out;
  const DataOptions& options;
  Words by_word = {};
  std::vector<Clip> test_only = {};                  // of test_words, labelled
  std::map<std::string, std::string> spelling = {};  // word_key -> the spelling used here
  std::set<std::string> told = {};                   // folders of another spelling

  /// A word by the name of its folder: in the keyword's spelling, or in that of the first folder.
  std::string called(const std::string& folder) {
    if (folder == unknown_folder || folder == silence_folder) {
      return folder;
    }
    const auto [known, added] = spelling.emplace(word_key(folder), folder);
    if (!added && known->second != folder && told.insert(folder).second) {
      spdlog::info("the folder '{}' counts as '{}'", folder, known->second);
    }
    return known->second;
  }

  /// The recordings of all word folders; `prefix` goes before each word's name.
  std::vector<Recording> words_below(const fs::path& root, const std::string& prefix) {
    std::vector<fs::path> files;
    for (const fs::path& folder : word_folders(root)) {
      const std::string name = folder.filename().string();
      if (name.front() == '_' && name != unknown_folder && name != silence_folder) {
        spdlog::warn("skipped: {}: no word, expected {}, {} or {}", folder.string(), unknown_folder,
                     silence_folder, noise_folder);
        continue;
      }
      const std::vector<fs::path> found = out.recordings_.find(folder);
      by_word[prefix + called(name)];  // an empty folder is a word without clips
      files.insert(files.end(), found.begin(), found.end());
    }
    return out.recordings_.words(root, files);
  }

  void add_training_words(const fs::path& root, const std::string& prefix) {
    for (const Recording& r : words_below(root, prefix)) {
      by_word[prefix + word_of(r.file, root)].push_back(
          {r.samples, r.word, 0, 0, stable_hash(r.speaker()), Split::train, false, true});
    }
  }

  void add_cut_words(const fs::path& root) {
    const auto margin = static_cast<std::int32_t>(options.cut_margin_seconds * sample_rate_hz);
    for (const Recording& r : words_below(root, "")) {
      const auto size = static_cast<std::int32_t>(r.samples.size());
      if (size > 2 * margin) {
        by_word[word_of(r.file, root)].push_back(
            {r.samples, Extent{margin, size - margin}, 0, 0, stable_hash(r.speaker()), Split::train, true});
      }
    }
  }

  std::string word_of(const fs::path& file, const fs::path& root) {
    return called((*file.lexically_relative(root).begin()).string());
  }

  /// A list that names none of the clips of its folder would leave them all to training.
  static void check_list(const ClipList& list, const fs::path& root) {
    const std::vector<std::string> missing = list.missing();
    if (!list.empty() && missing.size() == list.size()) {
      throw Error(ErrorKind::bad_data,
                  fmt::format("{}: none of its {} entries is a recording in {}; the first: {}",
                              list.file().string(), list.size(), root.string(), printable(missing.front())));
    }
    if (!missing.empty()) {
      spdlog::warn("{}: {} of {} entries are not recordings in {}; the first: {}", list.file().string(),
                   missing.size(), list.size(), root.string(), printable(missing.front()));
    }
  }

  void add_words(const fs::path& root) {
    ClipList validation(root / "validation_list.txt", root);
    ClipList test(root / "testing_list.txt", root);
    const std::vector<Recording> recordings = words_below(root, "");
    Words found;
    const bool listed_test = test.empty() && !validation.empty() && options.validation_list_is_test;
    for (const Recording& r : recordings) {
      const bool tests = test.contains(r.file);
      const bool validates = validation.contains(r.file);
      const std::string speaker = r.speaker();
      Split split = Split::train;
      if (tests) {
        split = Split::test;
      } else if (validates) {
        split = listed_test ? Split::test : Split::validation;
      } else if (validation.empty() && test.empty()) {
        split = split_by_hash(speaker, options.validation_fraction, options.test_fraction);
      } else if (listed_test) {
        split = split_by_hash(speaker, options.validation_fraction, 0);
      }
      found[word_of(r.file, root)].push_back({r.samples, r.word, 0, 0, stable_hash(speaker), split});
    }
    check_list(validation, root);
    check_list(test, root);
    join(std::move(found), root, validation.empty() && test.empty());
    if (fs::is_directory(root / noise_folder)) {
      add_noise(root / noise_folder);
    }
  }

  /// A balanced test set.
  void add_test_words(const fs::path& root) {
    for (const Recording& r : words_below(root, "")) {
      const std::string word = word_of(r.file, root);
      const auto keyword = std::find(options.keywords.begin(), options.keywords.end(), word);
      const auto number = static_cast<int>(keyword - options.keywords.begin());
      const bool known = keyword != options.keywords.end();
      test_only.push_back({r.samples, r.word, known ? number : -1,
                           known                    ? number
                           : word == silence_folder ? out.silence_label()
                                                    : out.unknown_label(),
                           stable_hash(r.speaker()), Split::test});
    }
  }

  void add_own_word(const std::string& name, const fs::path& folder) {
    const std::string word = called(name);
    Words found;
    for (const Recording& r : out.recordings_.words(folder, out.recordings_.find(folder))) {
      found[word].push_back({r.samples, r.word, 0, 0, stable_hash(r.speaker()),
                             split_by_hash(r.speaker(), options.validation_fraction, options.test_fraction)});
    }
    join(std::move(found), folder, true);
  }

  /// Assigns the words of one folder to those of the others. If the hash left no training speaker of a
  /// keyword (a folder of one person's recordings), its speakers train, with all their recordings.
  void join(Words found, const fs::path& folder, bool by_hash) {
    std::set<std::uint64_t> move;
    for (const auto& [word, clips] : found) {
      if (by_hash && is_keyword(word) && std::none_of(clips.begin(), clips.end(), trains)) {
        std::transform(clips.begin(), clips.end(), std::inserter(move, move.end()),
                       [](const Clip& clip) { return clip.speaker; });
        spdlog::info("{}: {} recording{} of '{}', too few speakers to test on: they train", folder.string(),
                     clips.size(), clips.size() == 1 ? "" : "s", word);
      }
    }
    for (auto& [word, clips] : found) {
      for (Clip& clip : clips) {
        clip.split = move.contains(clip.speaker) ? Split::train : clip.split;
        by_word[word].push_back(clip);
      }
    }
  }

  [[nodiscard]] bool is_keyword(const std::string& word) const {
    return std::find(options.keywords.begin(), options.keywords.end(), word) != options.keywords.end();
  }

  /// The speech below a folder whose transcripts, where there are any, have no keyword; counts the others.
  std::vector<Recording> without_keyword(const fs::path& folder, std::size_t& with_keyword,
                                         bool wanted_speakers = false) {
    std::vector<Recording> found = out.recordings_.stretches(folder);
    const std::map<std::string, std::string> transcripts = read_transcripts(folder);
    std::erase_if(found, [&](const Recording& r) {
      if (wanted_speakers && !wanted(r.speaker())) {
        return true;
      }
      const auto transcript = transcripts.find(r.file.stem().string());
      const bool said = transcript != transcripts.end() && says_any(transcript->second, options.keywords);
      with_keyword += said ? 1 : 0;
      return said;
    });
    return found;
  }

  /// Assigns speaker by speaker to the splits: with few speakers a hash alone could leave a split empty.
  void add_speech(const fs::path& folder, double test, double validation, bool may_train) {
    std::map<std::uint64_t, std::vector<Recording>> by_speaker;  // in the order of the hash
    std::size_t total = 0;
    for (const Recording& r : without_keyword(folder, out.keyword_in_speech_)) {
      by_speaker[stable_hash(r.speaker())].push_back(r);
      total += r.samples.size();
    }
    std::size_t before = 0;
    for (const auto& [speaker, members] : by_speaker) {
      const double place = static_cast<double>(before) / static_cast<double>(total);
      const Split split = place < test                ? Split::test
                          : place < test + validation ? Split::validation
                                                      : Split::train;
      for (const Recording& r : members) {
        add_stretch(out.speech_, {r.samples, split}, may_train);
        before += r.samples.size();
      }
    }
  }

  [[nodiscard]] bool wanted(const std::string& speaker) const {
    const bool first = stable_hash(speaker) % 2 == 0;
    return options.collection_part == CollectionPart::all ||
           first == (options.collection_part == CollectionPart::first);
  }

  void add_collection(const std::string& name, const fs::path& folder) {
    Collection collection{name, {}, 0};
    for (const Recording& r : without_keyword(folder, collection.with_keyword, true)) {
      collection.sounds.push_back(r.samples);
    }
    if (collection.sounds.empty()) {
      throw Error(ErrorKind::bad_data,
                  folder.string() + ": no usable recording without a keyword found, expected some");
    }
    out.collections_.push_back(std::move(collection));
  }

  /// Short recordings are split by file, long ones by time.
  void add_noise(const fs::path& folder) {
    constexpr std::size_t long_samples = 30 * sample_rate_hz;
    for (const Recording& r : out.recordings_.stretches(folder)) {
      const std::span<const std::int16_t> all = r.samples;
      if (all.size() < long_samples) {
        add_stretch(out.noise_,
                    {all, split_by_hash(r.speaker(), options.validation_fraction, options.test_fraction)});
        continue;
      }
      const auto part = [&](double from, double to) {
        const auto first = static_cast<std::size_t>(from * static_cast<double>(all.size()));
        return all.subspan(first, static_cast<std::size_t>(to * static_cast<double>(all.size())) - first);
      };
      const double validation = 1 - options.validation_fraction - options.test_fraction;
      add_stretch(out.noise_, {part(0, validation), Split::train});
      add_stretch(out.noise_, {part(validation, 1 - options.test_fraction), Split::validation});
      add_stretch(out.noise_, {part(1 - options.test_fraction, 1), Split::test});
    }
  }

  void add_stretch(std::array<std::vector<Stretch>, split_count>& to, const Stretch& stretch,
                   bool may_train = true) const {
    if (stretch.samples.size() < sample_rate_hz) {
      return;
    }
    to[index(stretch.split)].push_back(stretch);
    if (options.everything_trains && may_train && stretch.split != Split::train) {
      to[index(Split::train)].push_back(stretch);
    }
  }

  void name_labels() {
    if (options.keywords.empty()) {
      throw Error(ErrorKind::usage, "--keywords: expected one or more words");
    }
    for (const std::string& keyword : options.keywords) {
      try {
        check_keyword(keyword, "--keywords");
      } catch (const Error& error) {
        throw Error(error.kind(), std::string(error.what()) + " (--own-word WORD=FOLDER renames a folder)");
      }
      if (!spelling.emplace(word_key(keyword), keyword).second) {
        throw Error(ErrorKind::usage, "--keywords: found '" + keyword + "' twice, expected different words");
      }
      out.labels_.push_back({keyword, LabelKind::keyword});
    }
    out.labels_.push_back({"unknown", LabelKind::unknown});
    out.labels_.push_back({"silence", LabelKind::silence});
  }

  /// Clips without a single word: unknown ones unchanged, silence as noise for training.
  void take_unnamed() {
    for (const bool silence : {false, true}) {
      const auto found = by_word.find(silence ? silence_folder : unknown_folder);
      if (found == by_word.end()) {
        continue;
      }
      for (Clip& clip : found->second) {
        clip.word = -1;
        clip.label = silence ? out.silence_label() : out.unknown_label();
        if (silence && clip.split == Split::train) {
          add_stretch(out.noise_, {clip.samples, Split::train});
        } else {
          add_clip(clip);
        }
      }
      by_word.erase(found);
    }
  }

  /// Adds to its split, and to training if everything trains.
  void add_clip(const Clip& clip) {
    if (clip.split != Split::test || options.test_words.empty()) {
      out.clips_[index(clip.split)].push_back(clip);
    }
    if (options.everything_trains && clip.split != Split::train && clip.label != out.silence_label()) {
      out.clips_[index(Split::train)].push_back(clip);
    }
  }

  /// Leaves as many clips of unknown words in a split as the average keyword has, drawn at random, the same
  /// each time.
  void balance(Split split) {
    std::vector<Clip>& clips = out.clips_[index(split)];
    const auto unknown = [&](const Clip& clip) { return clip.label == out.unknown_label(); };
    const auto first =
        std::stable_partition(clips.begin(), clips.end(), [&](const Clip& c) { return !unknown(c); });
    const auto keywords = static_cast<std::size_t>(out.unknown_label());
    const auto known = static_cast<std::size_t>(
        std::count_if(clips.begin(), first, [&](const Clip& c) { return c.label < out.unknown_label(); }));
    const std::size_t wanted = (known + keywords - 1) / keywords;
    const auto count = static_cast<std::size_t>(clips.end() - first);
    Random random{0xBA1A, static_cast<std::uint64_t>(split)};
    for (std::size_t i = 0; i < std::min(wanted, count); ++i) {
      std::swap(first[static_cast<std::ptrdiff_t>(i)],
                first[static_cast<std::ptrdiff_t>(i + random.below(count - i))]);
    }
    if (count > wanted) {
      clips.erase(first + static_cast<std::ptrdiff_t>(wanted), clips.end());
    }
  }

  void take_words() {
    out.words_ = options.keywords;
    take_unnamed();
    for (const auto& [word, clips] : by_word) {
      if (clips.empty() && !is_keyword(word)) {
        spdlog::warn("word '{}': no usable recording, left out", word);
      } else if (!is_keyword(word)) {
        out.words_.push_back(word);
      }
    }
    for (std::size_t w = 0; w < out.words_.size(); ++w) {
      const bool keyword = w < options.keywords.size();
      std::vector<Clip>& clips = by_word[out.words_[w]];
      if (keyword) {
        require_clips(out.words_[w], clips);
      }
      for (Clip& clip : clips) {
        clip.word = static_cast<int>(w);
        clip.label = keyword ? static_cast<int>(w) : out.unknown_label();
        add_clip(clip);
      }
    }
    if (options.balanced) {
      balance(Split::validation);
      balance(Split::test);
    }
    std::vector<Clip>& test = out.clips_[index(Split::test)];
    test.insert(test.end(), test_only.begin(), test_only.end());
  }

  /// A model trained only on keywords takes every sound for one.
  void warn_without_negatives() const {
    const auto is_negative = [this](const Clip& clip) { return clip.label == out.unknown_label(); };
    const std::vector<Clip>& clips = out.clips_[index(Split::train)];
    if (out.speech_[index(Split::train)].empty() && std::none_of(clips.begin(), clips.end(), is_negative)) {
      spdlog::warn(
          "no other words and no speech to train on: the model will predict most sounds as {}; add "
          "folders of other words (--data, --other-words) or --speech",
          options.keywords.size() == 1 ? "'" + options.keywords.front() + "'" : "a keyword");
    }
  }

  static void require_clips(const std::string& word, std::vector<Clip>& clips) {
    if (clips.empty()) {
      throw Error(ErrorKind::bad_data,
                  "keyword '" + word + "': no usable recording found, expected at least one");
    }
    if (std::none_of(clips.begin(), clips.end(), trains)) {
      for (Clip& clip : clips) {
        clip.split = Split::train;
      }
    }
    if (std::all_of(clips.begin(), clips.end(), trains)) {
      spdlog::warn("keyword '{}': {} recording{}, all used for training; its accuracy cannot be measured",
                   word, clips.size(), clips.size() == 1 ? "" : "s");
    }
  }
};

Dataset::Dataset(const DataOptions& options)
    : recordings_({options.cache, options.channel, options.shortest_clip_seconds,
                   options.longest_clip_seconds, options.threads}) {
  Loader load{*this, options};
  load.name_labels();
  for (const fs::path& root : options.words) {
    load.add_words(root);
  }
  for (const fs::path& root : options.test_words) {
    load.add_test_words(root);
  }
  for (const fs::path& root : options.training_words) {
    load.add_training_words(root, "");
  }
  for (const fs::path& root : options.cut_words) {
    load.add_cut_words(root);
  }
  for (const fs::path& root : options.other_words) {
    load.add_training_words(root, fs::absolute(root).lexically_normal().filename().string() + "/");
  }
  for (const auto& [word, folder] : options.own_words) {
    load.add_own_word(word, folder);
  }
  for (const fs::path& folder : options.speech) {
    load.add_speech(folder, options.test_fraction, options.validation_fraction, true);
  }
  for (const fs::path& folder : options.held_out_speech) {
    load.add_speech(folder, 0.5, 0.5, false);
  }
  for (const auto& [name, folder] : options.collections) {
    load.add_collection(name, folder);
  }
  for (const fs::path& folder : options.noise) {
    load.add_noise(folder);
  }
  recordings_.warn_unreadable();
  load.take_words();
  load.warn_without_negatives();
}

std::string Dataset::summary() const {
  std::string text = fmt::format("{:<12} {:>8} {:>10} {:>8}\n", "label", "train", "validation", "test");
  const auto is_silence = [this](const Clip& clip) { return clip.label == silence_label(); };
  const bool silence = std::any_of(clips_.begin(), clips_.end(), [&](const std::vector<Clip>& split) {
    return std::any_of(split.begin(), split.end(), is_silence);
  });
  for (std::size_t label = 0; label + (silence ? 0 : 1) < labels_.size(); ++label) {
    text += fmt::format("{:<12}", labels_[label].name);
    const auto count = [&](Split split) {
      return std::count_if(clips(split).begin(), clips(split).end(),
                           [&](const Clip& clip) { return clip.label == static_cast<int>(label); });
    };
    text += fmt::format(" {:>8} {:>10} {:>8}\n", count(Split::train), count(Split::validation),
                        count(Split::test));
  }
  const auto seconds = [](const std::vector<Stretch>& stretches) {
    std::size_t samples = 0;
    for (const Stretch& s : stretches) {
      samples += s.samples.size();
    }
    return whole_seconds(samples);
  };
  for (const auto& [name, stretches] : {std::pair{"speech, s", &speech_}, std::pair{"noise, s", &noise_}}) {
    text += fmt::format("{:<12} {:>8} {:>10} {:>8}\n", name, seconds((*stretches)[0]),
                        seconds((*stretches)[1]), seconds((*stretches)[2]));
  }
  text += fmt::format("skipped: {} damaged, {} too short, {} too long; {} utterances contain a keyword\n",
                      counts().damaged, counts().too_short, counts().too_long, keyword_in_speech_);
  return text;
}

}  // namespace kwsd::train
