// kwsd run: sets up the threads, waits for the end, puts it into an exit code.
//
//   source thread/callback -> CaptureBuffer -> Pipeline (inference) -> EventQueue -> output thread -> stdout
#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>

#include "app/capture_buffer.h"
#include "app/clip_writer.h"
#include "app/commands/commands.h"
#include "app/config.h"
#include "app/cpu_load.h"
#include "app/file_reader.h"
#include "app/governor.h"
#include "app/log.h"
#include "app/model_store.h"
#include "app/pcm_reader.h"
#include "app/pipeline.h"
#include "app/reader_source.h"
#include "app/stdout_sink.h"
#include "engine/model/model_file.h"

#if __has_include("app/portaudio_source.h")
#include "app/portaudio_source.h"
#define KWSD_MICROPHONE 1
#endif

namespace kwsd {
namespace {

constexpr std::size_t live_buffer_samples = 192000;  // 4 s at 48 kHz
constexpr std::size_t file_buffer_samples = 16384;
constexpr std::size_t queued_events = 256;

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::unique_ptr<AudioSource> open_source(const InputOptions& options) {
  if (options.input == "-") {
    return std::make_unique<ReaderSource>(open_pcm(0, options), options.realtime);
  }
  std::error_code error;
  const bool like_a_file = options.input.find('/') != std::string::npos ||
                           std::filesystem::path(options.input).has_extension() ||
                           std::filesystem::exists(options.input, error);
  if (like_a_file && options.input != "mic") {
    return std::make_unique<ReaderSource>(open_sound_file(options.input, options.channel), options.realtime);
  }
#ifdef KWSD_MICROPHONE
  return std::make_unique<PortaudioSource>(MicrophoneOptions{options.input, options.channel, false});
#else
  throw Error(ErrorKind::unavailable, "input '" + options.input + "': this build has no microphone");
#endif
}

/// Signals that end the program are waited for here, and nowhere else.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

class Run {
 public:
  explicit Run(const RunOptions& options);
  int finish();

 private:
  void write_events();
  void watch(const sigset_t& signals);
  void govern(Governor& governor, CpuLoadReader& load);

  const RunOptions& options_;
  std::vector<std::shared_ptr<const Model>> models_;
  const Kernels& kernels_;
  std::unique_ptr<AudioSource> source_;
  CaptureBuffer buffer_;
  EventQueue events_;
  StdoutSink sink_;
  Pipeline pipeline_;
  std::unique_ptr<ClipWriter> clips_;
  std::atomic<bool> inference_ended_{false};
  EndReason reason_ = EndReason::end_of_input;
};

std::vector<std::shared_ptr<const Model>> load_models(const std::vector<std::string>& names) {
  std::vector<std::shared_ptr<const Model>> models;
  for (const std::string& name : names) {
    models.push_back(std::make_shared<const Model>(load_model(find_model(name))));
  }
  return models;
}

Run::Run(const RunOptions& options)
    : options_(options),
      models_(load_models(options.recognition.models)),
      kernels_(select_kernels(options.recognition.kernels)),
      source_(open_source(options.input)),
      buffer_(source_->live() ? live_buffer_samples : file_buffer_samples),
      events_(queued_events, source_->live() ? EventQueue::WhenFull::drop : EventQueue::WhenFull::wait),
      sink_(1, {options.output.text, !options.output.no_wall_clock}),
      pipeline_(models_, options.recognition, kernels_, source_->rate_hz()) {
  pipeline_.set_branch(fixed_branch(options.recognition.branch).value_or(BranchId::full), -1);
  pipeline_.set_status_interval(options.output.status_interval_seconds);
  if (!options.output.clips_dir.empty()) {
    clips_ = std::make_unique<ClipWriter>(options.output.clips_dir, options.output.max_clips);
    pipeline_.set_clip_writer(clips_.get());
  }
  spdlog::info("kernels: {} ({})", kernels_.name, kernels_.description);
}

void Run::write_events() {
  Event event;
  EventQueue::Pop popped = EventQueue::Pop::timeout;
  while ((popped = events_.pop(event, std::chrono::milliseconds(200))) != EventQueue::Pop::closed) {
    if (popped == EventQueue::Pop::event && !sink_.write(event)) {
      events_.count_dropped(1);
    }
    if (const auto* change = std::get_if<BranchChangedEvent>(&event.body);
        popped == EventQueue::Pop::event && change != nullptr) {
      spdlog::info("branch: {} -> {} (load {:.2f})", branch_name(change->from), branch_name(change->to),
                   change->load);
    }
  }
}

void Run::govern(Governor& governor, CpuLoadReader& load) {
  const double now = now_seconds();
  const BranchId branch = governor.update(now, load.sample(now), buffer_.backlog_seconds());
  if (!fixed_branch(options_.recognition.branch)) {
    pipeline_.set_branch(branch, governor.load());
  }
}

/// Until the input ends, a signal comes, or nobody reads any more.
void Run::watch(const sigset_t& signals) {
  Governor governor;
  CpuLoadReader load;
  while (!inference_ended_) {
    const timespec wait{0, 100'000'000};
    if (sigtimedwait(&signals, nullptr, &wait) > 0) {
      reason_ = EndReason::stopped;
      break;
    }
    if (sink_.reader_gone() || sink_.failure() != 0) {
      reason_ = EndReason::stopped;
      break;
    }
    if (source_->live()) {
      govern(governor, load);
    }
  }
  if (!inference_ended_) {
    sink_.interrupt();
    source_->stop();
  }
}

int Run::finish() {
  const sigset_t signals = block_signals();
  ReadyEvent ready{source_->name(), source_->rate_hz(), {}, BranchId::full, std::string(kernels_.name)};
  ready.branch = fixed_branch(options_.recognition.branch).value_or(BranchId::full);
  for (const auto& model : models_) {
    ready.models.push_back(model->name);
  }
  std::thread output([this] { write_events(); });
  events_.post({ready});
  source_->start(buffer_, events_);
  std::thread inference([this] {
    pipeline_.run(buffer_, events_);
    inference_ended_ = true;
  });
  watch(signals);
  inference.join();
  source_->stop();
  const auto failure = source_->failure();
  if (failure) {
    reason_ = EndReason::input_error;
  }
  events_.post({EndEvent{reason_, pipeline_.totals()}});
  events_.close();
  output.join();
  clips_.reset();
  if (sink_.failure() != 0) {
    throw Error(ErrorKind::io, std::string("standard output: ") + std::strerror(sink_.failure()));
  }
  if (failure) {
    throw *failure;
  }
  return 0;
}

}  // namespace

void add_run_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand("run", "Listen, and print a line for each keyword");
  const auto options = std::make_shared<RunOptions>();
  add_run_options(*command, *options);
  add_log_option(*command);
  add_config_option(*command);
  command->callback([&selected, options, command] {
    selected = [options, command] {
      load_config(*command, *command);
      return Run(*options).finish();
    };
  });
}

}  // namespace kwsd
