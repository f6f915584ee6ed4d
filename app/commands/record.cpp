// kwsd record: recordings of a word for training, one after another.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "app/audio/sound_16k.h"
#include "app/base/log.h"
#include "app/base/stop_signals.h"
#include "app/base/words.h"
#include "app/commands/commands.h"
#include "app/commands/record.h"
#include "app/daemon/listening.h"
#include "app/events/output.h"
#include "app/record/clip_folder.h"
#include "app/record/level_line.h"
#include "app/record/record_lines.h"
#include "app/record/word_cutter.h"
#include "app/settings/config.h"
#include "app/settings/settings.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

/// Cuts, checks and keeps words until there are enough of them.
class Recorder {
 public:
  explicit Recorder(const RecordOptions& options) : options_(options), clips_(options.dir, options.speaker) {
    check_keyword(options.word, "WORD");
  }

  void prompt() const {
    std::printf("%s\n", prompt_line(kept_, options_.count, options_.word).c_str());
    std::fflush(stdout);
  }
  void push(std::span<const float> samples) {
    cutter_.push(samples);
    for (auto word = cutter_.take(); word && !done(); word = cutter_.take()) {
      keep(*word);
      if (!done()) {
        prompt();
      }
    }
  }
  void reset() { cutter_.reset(); }
  /// Shows the level of the microphone below the prompt, five times a second, on a terminal.
  void meter(std::span<const float> samples);
  void clear_meter();
  [[nodiscard]] bool done() const noexcept { return kept_ >= options_.count; }
  [[nodiscard]] int kept() const noexcept { return kept_; }

 private:
  void keep(const CutWord& word) {
    clear_meter();
    const bool keeps = word.fault == WordFault::none;
    const std::string path = keeps ? clips_.save(options_.word, word.samples).string() : "";
    if (!keeps && !options_.dropped.empty()) {
      (void)ClipFolder(options_.dropped, options_.speaker).save(options_.word, word.samples);
    }
    std::printf("%s\n", word_line(word, path).c_str());
    kept_ += keeps ? 1 : 0;
  }

  const RecordOptions& options_;
  ClipFolder clips_;
  WordCutter cutter_;
  LevelLine level_;
  bool metered_ = false;  // the last line shows the meter
  int kept_ = 0;
};

void Recorder::meter(std::span<const float> samples) {
  const std::string line = level_.push(samples);
  if (!line.empty() && isatty(STDOUT_FILENO) != 0) {
    metered_ = true;
    std::printf("\r     %s", line.c_str());
    std::fflush(stdout);
  }
}

void Recorder::clear_meter() {
  if (std::exchange(metered_, false)) {
    std::printf("\r%*s\r", 5 + static_cast<int>(level_line(0, 0).size()), "");
    std::fflush(stdout);
  }
}

void record_file(const RecordOptions& options, Recorder& recorder) {
  Sound16k sound(options.from_file, options.input.channel);
  std::vector<float> block(1600);
  recorder.prompt();
  while (!recorder.done()) {
    const std::size_t got = sound.read(block);
    if (got == 0) {
      break;
    }
    recorder.push(std::span(block).first(got));
  }
  const std::vector<float> silence(8000);  // the last word may end with the file
  recorder.push(silence);
  if (recorder.kept() == 0) {
    throw Error(ErrorKind::bad_data, options.from_file + ": found no word that can be kept, expected '" +
                                         options.word + "' with pauses between");
  }
}

/// Records words from a microphone. Thread: the listening one.
class MicrophoneRecorder final : public SoundConsumer, public DeviceListener {
 public:
  explicit MicrophoneRecorder(Recorder& recorder) : recorder_(recorder) {}

  [[nodiscard]] bool done() const noexcept { return done_; }
  /// Called after the listening has ended.
  void throw_failure() const {
    if (failure_) {
      std::rethrow_exception(failure_);
    }
  }

 private:
  void on_restart() noexcept override { recorder_.reset(); }
  void on_samples(std::span<const float> samples) noexcept override {
    if (done_) {
      return;
    }
    try {
      recorder_.meter(samples);
      recorder_.push(samples);
      done_ = recorder_.done();
    } catch (...) {
      failure_ = std::current_exception();
      done_ = true;
    }
  }
  // The log has reported it.
  void device_lost(const std::string&, const std::string&) noexcept override {}
  void device_restored(const std::string&, std::uint32_t) noexcept override {}
  void input_silent(bool silent, int channel, int channels) noexcept override {
    recorder_.clear_meter();
    log_silent_input({silent, channel, channels});
  }

  Recorder& recorder_;
  std::exception_ptr failure_;
  std::atomic<bool> done_{false};
};

void record_microphone(const RecordOptions& options, Recorder& recorder) {
  StopSignals stop;
  MicrophoneRecorder consumer(recorder);
  Listening listening(options.input, DeviceWait::microphone, consumer, consumer);
  listening.open();
  std::printf("listening to %s; Ctrl-C ends\n", listening.source().name().c_str());
  recorder.prompt();
  listening.begin();
  while (!consumer.done() && !listening.ended() && !stop.arrived()) {
    pollfd signal{stop.descriptor(), POLLIN, 0};
    poll(&signal, 1, 50);
  }
  listening.stop();
  recorder.clear_meter();
  consumer.throw_failure();
  if (const auto failure = listening.source().failure()) {
    throw *failure;
  }
}

}  // namespace

void record_words(const RecordOptions& options) {
  Recorder recorder(options);
  options.from_file.empty() ? record_microphone(options, recorder) : record_file(options, recorder);
  std::printf("%d of %d recordings of \"%s\" in %s\n", recorder.kept(), options.count, options.word.c_str(),
              (std::filesystem::path(options.dir) / options.word).c_str());
}

void add_record_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand("record", "Record a word repeatedly, for training");
  const auto options = std::make_shared<RecordOptions>();
  command->add_option("WORD", options->word, "What is said; names the folder")->type_name("")->required();
  command->add_option("--count", options->count, "How many recordings")->check(CLI::Range(1, 100000));
  command
      ->add_option("--dir", options->dir,
                   "Where to: DIR/WORD/<speaker>_nohash_<n>.wav; nothing is overwritten")
      ->type_name("DIR");
  command
      ->add_option("--dropped", options->dropped,
                   "Folder for the words that are not kept, to listen to what was wrong")
      ->type_name("DIR");
  command
      ->add_option("--speaker", options->speaker,
                   "Who speaks: letters, digits, '-'; default: a number that stands for you on this machine")
      ->type_name("NAME");
  command
      ->add_option(
          "--from-file", options->from_file,
          "Cut the words out of a recording, in which they are said with pauses of half a second or more")
      ->type_name("AUDIO");
  const auto settings = std::make_shared<RunOptions>();
  add_settings(*command, *settings, {"input", "channel", "log-level"});
  add_config_option(*command);
  command->callback([&selected, options, settings, command] {
    selected = [options, settings, command] {
      load_config(*command);
      set_up_log(settings->log_level);
      options->input = settings->input;
      record_words(*options);
      return 0;
    };
  });
}

}  // namespace kwsd
