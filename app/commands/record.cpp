// kwsd record: recordings of a word for training, one after another.
#include <cstdio>
#include <memory>
#include <string>

#include "app/audio/capture_buffer.h"
#include "app/audio/open_input.h"
#include "app/audio/sound_16k.h"
#include "app/base/log.h"
#include "app/base/stop_signals.h"
#include "app/commands/commands.h"
#include "app/events/event_queue.h"
#include "app/record/clip_folder.h"
#include "app/record/word_cutter.h"
#include "app/settings/config.h"
#include "app/settings/settings.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

struct RecordOptions {
  std::string word, dir = ".", speaker, from_file;
  int count = 30;
  InputOptions input;
};

const char* advice(WordFault fault) {
  switch (fault) {
    case WordFault::too_quiet:
      return "too quiet: closer to the microphone, or raise its level";
    case WordFault::clipping:
      return "clipping: further from the microphone, or lower its level";
    case WordFault::too_short:
      return "too short for a word";
    case WordFault::too_long:
      return "too long: one word, then a pause";
    case WordFault::none:
      break;
  }
  return "";
}

/// Cuts, checks and keeps words until there are enough.
class Recorder {
 public:
  explicit Recorder(const RecordOptions& options) : options_(options), clips_(options.dir, options.speaker) {
    check_word(options.word);
  }

  void prompt() const {
    std::printf("%d/%d  say \"%s\"\n", kept_ + 1, options_.count, options_.word.c_str());
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
  [[nodiscard]] bool done() const noexcept { return kept_ >= options_.count; }
  [[nodiscard]] int kept() const noexcept { return kept_; }

 private:
  void keep(const CutWord& word) {
    if (word.fault != WordFault::none) {
      std::printf("     %.2f s, peak %.0f dB: %s\n", word.word_seconds, word.peak_db, advice(word.fault));
      return;
    }
    const std::filesystem::path path = clips_.save(options_.word, word.samples);
    std::printf("     %.2f s, peak %.0f dB: %s\n", word.word_seconds, word.peak_db, path.c_str());
    ++kept_;
  }

  const RecordOptions& options_;
  ClipFolder clips_;
  WordCutter cutter_;
  int kept_ = 0;
};

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

void record_microphone(const RecordOptions& options, Recorder& recorder) {
  StopSignals stop;
  const std::unique_ptr<AudioSource> source = open_input(options.input, false);
  CaptureBuffer buffer(192000);
  EventQueue events(64, EventQueue::WhenFull::drop);
  std::printf("listening to %s; Ctrl-C ends\n", source->name().c_str());
  source->start(buffer, events);
  recorder.prompt();
  std::vector<float> block(CaptureBuffer::block_samples);
  std::shared_ptr<Resampler> resampler;
  while (!recorder.done() && !stop.arrived()) {
    auto read = buffer.read(block, std::chrono::milliseconds(200));
    if (read.kind == CaptureBuffer::ReadKind::closed) {
      break;
    }
    if (read.kind == CaptureBuffer::ReadKind::restarted) {
      resampler = std::move(read.resampler);
      recorder.reset();
    } else if (read.kind == CaptureBuffer::ReadKind::samples) {
      recorder.push(resampler->process(std::span(block).first(read.samples), false));
    }
  }
  source->stop();
  if (const auto failure = source->failure()) {
    throw *failure;
  }
}

int record(const RecordOptions& options) {
  Recorder recorder(options);
  options.from_file.empty() ? record_microphone(options, recorder) : record_file(options, recorder);
  std::printf("%d of %d recordings of \"%s\" in %s\n", recorder.kept(), options.count, options.word.c_str(),
              (std::filesystem::path(options.dir) / options.word).c_str());
  return 0;
}

}  // namespace

void add_record_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand("record", "Record a word again and again, for training");
  const auto options = std::make_shared<RecordOptions>();
  command->add_option("WORD", options->word, "What is said; names the folder")->required();
  command->add_option("--count", options->count, "How many recordings")->check(CLI::Range(1, 100000));
  command
      ->add_option("--dir", options->dir,
                   "Where to: DIR/WORD/<speaker>_nohash_<n>.wav; nothing is overwritten")
      ->type_name("DIR");
  command->add_option(
      "--speaker", options->speaker,
      "Who speaks: letters, digits, '-'; default: a number that stands for you on this machine");
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
      return record(*options);
    };
  });
}

}  // namespace kwsd
