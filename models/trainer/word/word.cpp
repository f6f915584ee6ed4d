#include "models/trainer/word/word.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>

#include "app/audio/scan.h"
#include "app/base/atomic_file.h"
#include "app/base/file_text.h"
#include "app/base/progress.h"
#include "app/base/random.h"
#include "app/enroll/clips.h"
#include "app/settings/model_store.h"
#include "engine/kernels/kernels.h"
#include "engine/model/error.h"
#include "engine/model/model_file.h"
#include "models/trainer/calibrate/calibrate_command.h"
#include "models/trainer/data/negative_parts.h"
#include "models/trainer/net/export.h"
#include "models/trainer/net/train_command.h"
#include "models/trainer/net/training.h"
#include "models/trainer/word/install.h"
#include "models/trainer/word/word_data.h"
#include "models/trainer/word/word_report.h"
#include "models/trainer/word/word_second.h"

namespace kwsd::train {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_notes = 200;

/// The warnings of the run, for its report.
class WarningSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  [[nodiscard]] std::vector<std::string> warnings() {
    const std::lock_guard lock(mutex_);
    return warnings_;
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (message.level >= spdlog::level::warn && warnings_.size() < most_notes) {
      warnings_.emplace_back(message.payload.begin(), message.payload.end());
    }
  }
  void flush_() override {}

  std::vector<std::string> warnings_;
};

/// Collects them while it lives.
class Notes {
 public:
  Notes() : sink_(std::make_shared<WarningSink>()) { spdlog::default_logger()->sinks().push_back(sink_); }
  ~Notes() { std::erase(spdlog::default_logger()->sinks(), spdlog::sink_ptr(sink_)); }
  Notes(const Notes&) = delete;
  Notes& operator=(const Notes&) = delete;
  [[nodiscard]] std::vector<std::string> take() const { return sink_->warnings(); }

 private:
  std::shared_ptr<WarningSink> sink_;
};

std::shared_ptr<const Spotter> spotter_of(const fs::path& model) {
  return std::make_shared<const Spotter>(
      std::vector<std::shared_ptr<const Model>>{std::make_shared<const Model>(load_model(model))},
      select_kernels("auto"));
}

class WordMaker {
 public:
  explicit WordMaker(const WordOptions& options)
      : o_(options),
        name_(model_name(options)),
        recordings_(find_recordings(options)),
        voices_(voice_plan(options, recordings_.clips)),
        state_(options.output / (name_ + ".training")),
        mistakes_(read_mistakes(options.mistakes, options.word, SkippedClips::known)) {
    o_.threads = o_.threads > 0 ? o_.threads : std::clamp(std::thread::hardware_concurrency(), 1U, 4U);
    o_.base = o_.base.empty() ? find_beside_models("base.pt") : o_.base;
    o_.negatives = o_.negatives.empty() ? find_beside_models("negatives.kwsn") : o_.negatives;
    if (o_.negative_share < 0) {
      o_.negative_share = recordings_.clips > 0 ? 0.75 : 0;
    }
    const auto all = std::make_shared<const Negatives>(load_negatives(o_.negatives));
    negatives_ = o_.negative_share > 0 ? split_negatives(*all) : NegativeParts{nullptr, all};
    if (o_.epochs == 0) {
      o_.epochs = o_.quick ? 3 : recordings_.clips > 0 ? 70 : 24;
    }
  }

  void make() {
    spdlog::info("'{}': {} recording{}, {} voices, {} epochs; the state is kept in {}", o_.word,
                 recordings_.clips, recordings_.clips == 1 ? "" : "s", voices_.speakers, o_.epochs,
                 state_.string());
    resume_or_start();
    spdlog::info("step 1 of 4: synthetic voices");
    speak_all(o_, voices_, state_);
    const Dataset dataset = recordings_and_voices();
    spdlog::info("step 2 of 4: training");
    train_on(dataset);
    spdlog::info("step 3 of 4: the model file and its thresholds");
    const CalibrationReport calibration = model_file(dataset);
    spdlog::info("step 4 of 4: the report");
    finish(calibration, dataset);
  }

 private:
  [[nodiscard]] fs::path checkpoint() const { return state_ / "word.pt"; }
  [[nodiscard]] fs::path in_state(const char* ending) const { return state_ / (name_ + ending); }
  [[nodiscard]] fs::path in_output(const char* ending) const { return o_.output / (name_ + ending); }

  /// The model file of the base, which has the vectors of a second stage.
  [[nodiscard]] fs::path base_file() const { return fs::path(o_.base).replace_extension(".kwsm"); }

  /// The inputs that determine the model: if they are unchanged, a run continues. The recordings count by
  /// name, size and time.
  [[nodiscard]] std::string plan() const {
    std::string text = recipe() + fmt::format("plan 3\nbase: {}\nnegatives: {}\n", fingerprint(o_.base),
                                              fingerprint(o_.negatives));
    if (fs::exists(base_file())) {
      text += fmt::format("vectors: {}\n", fingerprint(base_file()));
    }
    std::vector<fs::path> folders = recordings_.folders;
    folders.insert(folders.end(), o_.data.begin(), o_.data.end());
    if (!o_.mistakes.empty()) {
      folders.push_back(o_.mistakes);
    }
    UnreadableFiles unreadable;
    for (const fs::path& folder : folders) {
      for (const fs::path& file : sound_files(folder, unreadable)) {
        text += fingerprint(file) + "\n";
      }
    }
    return text;
  }
  static std::string fingerprint(const fs::path& file) {
    const SourceFile source = source_file(file);
    return fmt::format("{} {} {}", fs::absolute(file).lexically_normal().string(), source.bytes,
                       source.mtime_ns);
  }
  [[nodiscard]] std::string recipe() const {
    return fmt::format(
        "word: {}\nlanguage: {}\nrecordings: {}\nvoices: {}\nother voices: {}\nsentences: {}\nepochs: {}\n"
        "negatives: {}\nseed: {}\nfalse accepts an hour, wanted: {}\n",
        o_.word, o_.language, recordings_.clips, voices_.speakers, voices_.other_speakers, voices_.sentences,
        o_.epochs, o_.negative_share, o_.seed, o_.per_hour);
  }

  /// Voices stay whatever the plan: they are always the same.
  void resume_or_start() {
    const fs::path file = state_ / "plan.txt";
    const std::string wanted = plan();
    const std::string before = file_text(file).value_or("");
    if (before == wanted) {
      return;
    }
    if (!before.empty()) {
      spdlog::info("recordings or options are others than in the last run: the training starts anew");
    }
    if (before.empty() || file_text(state_ / "voices" / "voices.tsv").value_or("").empty()) {
      fs::remove_all(state_ / "voices");
    }
    fs::remove(checkpoint());
    keep_model_before();
    write_file(file, wanted);
  }

  /// The model of an earlier run, for comparison.
  void keep_model_before() const {
    if (fs::exists(in_output(".kwsm"))) {
      write_file(state_ / "before.kwsm", file_text(in_output(".kwsm")).value_or(""));
    }
  }

  /// If people's recordings leave no word to choose thresholds on, voices provide them.
  [[nodiscard]] Dataset recordings_and_voices() const {
    if (recordings_.clips > 0) {
      Dataset dataset(data_options(o_, recordings_, state_, false));
      if (can_choose(dataset)) {
        return dataset;
      }
      spdlog::info(
          "the recordings are of too few people to choose thresholds by: synthetic voices are used for that");
    }
    DataOptions data = data_options(o_, recordings_, state_, true);
    for (const double share : {0.1, 0.2, 0.35}) {  // of the voices
      data.validation_fraction = data.test_fraction = share;
      Dataset dataset(data);
      if (can_choose(dataset)) {
        return dataset;
      }
    }
    throw Error(ErrorKind::usage,
                fmt::format("--voices: found {}, expected enough to choose thresholds by, such as 12",
                            voices_.speakers));
  }
  /// Whether the word occurs in the validation and in the test split.
  static bool can_choose(const Dataset& dataset) {
    const auto says_word = [&dataset](Split split) {
      const auto& clips = dataset.clips(split);
      return std::any_of(clips.begin(), clips.end(), [](const Clip& clip) { return clip.label == 0; });
    };
    return says_word(Split::validation) && says_word(Split::test);
  }

  /// A few epochs at a time: in between, the remaining time is reported.
  void train_on(const Dataset& dataset) const {
    TrainOptions t = train_options();
    const auto start = std::chrono::steady_clock::now();
    const int first = fs::exists(checkpoint()) ? load_checkpoint(checkpoint()).info.epochs_done : 0;
    for (int done = first; done < o_.epochs;) {
      t.stop_after = std::min(done + std::max(1, o_.epochs / 6), o_.epochs);
      train(dataset, t);
      done = t.stop_after;
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      spdlog::info("{} of {} epochs, {} left", done, o_.epochs,
                   clock_text(seconds / (done - first) * (o_.epochs - done)));
    }
  }

  [[nodiscard]] TrainOptions train_options() const {
    TrainOptions t;
    t.net = load_checkpoint(o_.base).info.options;
    t.net.dropout = 0.05;
    t.net.labels = 3;
    t.init = o_.base;
    t.out = checkpoint();
    t.resume = true;
    t.epochs = o_.epochs;
    t.stage_one = 0.3;
    t.learning_rate = 0.003;
    t.label_smoothing = 0.02;
    t.hed = 0;
    t.branch_weights = {1, 1, 1.2};
    t.torch_threads = 1;
    t.recipe = "{\"word\":[]}";
    t.batch.batch_size = 64;
    t.batch.seed = o_.seed;
    t.batch.negatives = negatives_.training;
    t.batch.threads = o_.threads;
    AugmentOptions& a = t.batch.augment;  // as recipes/common.sh: NOISY, EDGES_MANY
    a.room_chance = 0.3;
    a.snr_low_db = 0;
    a.snr_high_db = 30;
    a.noise_chance = 0.7;
    a.spec_chance = 0.5;
    a.gain_low_db = -20;
    a.microphone_chance = 0.4;
    a.clip_chance = 0.03;
    a.babble_chance = 0.15;
    a.neighbour_chance = 0.5;
    const bool people = recordings_.clips > 0;
    MixOptions& m = t.batch.mix;
    m.unknown_share = people ? 20 : 8;
    m.speech_share = people ? 0.35 : 0.1;
    m.hard_share = people ? 0.15 : 0.12;
    m.fragment_share = 0.1;
    m.silence_share = 2;
    m.negative_share = o_.negative_share;
    m.keyword_balance = 1;
    m.own_share = 0.5;
    return t;
  }

  CalibrationReport model_file(const Dataset& dataset) {
    export_checkpoint(dataset, {checkpoint(), in_state(".kwsm"), {}, {}, name_});
    Model model = load_model(in_state(".kwsm"));
    if (recordings_.clips > 0 && negatives_.training) {
      add_second_stage(model, base_file(), dataset, mistakes_, *negatives_.training, o_.threads);
      write_model(in_state(".kwsm"), model);
    }
    CalibrationOptions c;
    c.per_hour = o_.per_hour;
    c.lowest_threshold = model.second ? 0.56F : recordings_.clips > 0 ? 0.75F : 0.6F;
    c.threads = o_.threads;
    c.negatives = negatives_.held_out;
    c.few_words = true;
    c.count_streams = !o_.data.empty();  // otherwise their speech is synthetic
    return calibrate_file(in_state(".kwsm"), in_state(".kwsm"), dataset, c);
  }

  [[nodiscard]] std::vector<ScoredClip> scored(const Dataset& dataset) const {
    const auto now = spotter_of(in_state(".kwsm"));
    std::shared_ptr<const Spotter> before;
    if (fs::exists(state_ / "before.kwsm")) {
      before = spotter_of(state_ / "before.kwsm");
    }
    std::vector<ScoredClip> clips;
    const auto add = [&](const std::vector<EnrollClip>& sounds, const std::string& kind, bool is_word) {
      for (const EnrollClip& sound : sounds) {
        ScoredClip clip{sound.name, kind, is_word, kind != "recording" || trains(dataset, sound.name),
                        {},         {}};
        clip.now = score_clip(now, sound.samples, o_.word);
        if (before) {
          clip.before = score_clip(before, sound.samples, o_.word);
        }
        clips.push_back(std::move(clip));
      }
    };
    for (const fs::path& folder : recordings_.folders) {
      add(read_clips(folder, SkippedClips::known), "recording", true);
    }
    add(mistakes_.missed, "missed before", true);
    add(mistakes_.wrong, "false accept before", false);
    return clips;
  }
  /// Whether a recording's speaker is in the training split.
  static bool trains(const Dataset& dataset, const fs::path& file) {
    const std::uint64_t speaker = stable_hash(speaker_of(file.stem().string()));
    const auto& clips = dataset.clips(Split::train);
    return std::any_of(clips.begin(), clips.end(),
                       [speaker](const Clip& clip) { return clip.speaker == speaker; });
  }

  void finish(const CalibrationReport& calibration, const Dataset& dataset) {
    WordReport report;
    report.word = o_.word;
    report.name = name_;
    report.recordings = recordings_.clips;
    report.voices = voices_.speakers;
    report.calibration = calibration;
    report.threshold = calibration.branches[0].thresholds[0];
    report.training_log = file_text(state_ / "word.log").value_or("");
    report.clips = scored(dataset);
    report.notes = notes_.take();
    report.counted_on = "synthetic speech and the negatives that come with kwsd";
    report.recipe = recipe();
    report.second_stage = load_model(in_state(".kwsm")).second != nullptr;
    write_file(in_output(".kwsm"), file_text(in_state(".kwsm")).value_or(""));
    write_file(in_output(".md"), card_text(report));
    write_file(in_output(".html"), report_html(report));
    const StreamFigures& clean = calibration.branches[0].points.front().back().figures;
    spdlog::info(
        "{}: threshold {:.2f}; {:.0f} % of {} words missed at {:.1f} false accepts an hour of {:.2f} h "
        "(clean)",
        in_output(".kwsm").string(), static_cast<double>(report.threshold), 100 * clean.miss_rate.value_or(0),
        calibration.measured_words, clean.false_accepts_per_speech_hour, calibration.measured_hours.speech);
    for (const char* kind : {"recording", "missed before", "false accept before"}) {
      if (std::any_of(report.clips.begin(), report.clips.end(),
                      [kind](const ScoredClip& c) { return c.kind == kind; })) {
        spdlog::info("{}: {}", kind, right_of(report.clips, kind));
      }
    }
    spdlog::info("report: {}", in_output(".html").string());
    if (!o_.install.empty()) {
      spdlog::info("{}", install_model(in_output(".kwsm"), o_.install));
    } else {
      spdlog::info("try it: kwsd live -m {}", fs::absolute(in_output(".kwsm")).lexically_normal().string());
    }
  }

  Notes notes_;
  WordOptions o_;
  std::string name_;
  WordRecordings recordings_;
  VoicePlan voices_;
  fs::path state_;
  Mistakes mistakes_;
  NegativeParts negatives_;
};

}  // namespace

void make_word(const WordOptions& options) {
  WordMaker(options).make();
}

}  // namespace kwsd::train
