// kwsd run: the threads and their life, from set-up to exit code.
//
//   source thread/callback -> CaptureBuffer -> Pipeline (inference) -> EventQueue -> Output -> stdout
//                                                                            '-----> SocketServer -> readers
//   main: signals, reload, governor, service manager
#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/audio/audio_source.h"
#include "app/daemon/clip_writer.h"
#include "app/daemon/cpu_load.h"
#include "app/daemon/governor.h"
#include "app/daemon/pipeline.h"
#include "app/daemon/service_manager.h"
#include "app/events/output.h"
#include "app/events/socket_server.h"
#include "app/events/stdout_sink.h"
#include "app/settings/options.h"

namespace kwsd {

class Session {
 public:
  /// Reads flags, environment and files; called again at each reload. Throws Error.
  using ReadOptions = std::function<RunOptions()>;

  /// Throws Error for whatever is wrong before the first sample.
  explicit Session(ReadOptions read_options);
  ~Session();

  /// Until the input ends, a signal comes, or nobody reads any more. Throws Error when reading or writing
  /// failed on the way.
  void run();

 private:
  void watch(const Output& output);
  void set_muted(bool muted);
  void govern(double now_seconds);
  void feed_watchdog(double now_seconds);
  void show_status(const Output& output, double now_seconds);
  void reload() noexcept;
  void finish_reload();
  void announce();
  [[nodiscard]] StatusEvent totals();
  void throw_failure() const;

  const ReadOptions read_options_;
  RunOptions options_;
  const sigset_t signals_;
  ServiceManager service_;
  Pipeline pipeline_;
  std::unique_ptr<AudioSource> source_;
  CaptureBuffer buffer_;
  EventQueue events_;
  StdoutSink stdout_;
  std::unique_ptr<SocketServer> socket_;
  std::unique_ptr<ClipWriter> clips_;

  std::vector<std::string> models_;  // that listen, or will after a reload
  bool reload_unsaid_ = false;       // to readers
  Governor governor_;
  CpuLoadReader load_;
  double fed_seconds_ = 0;  // when the watchdog was fed, and what had happened by then
  std::uint64_t fed_rounds_ = 0;
  std::int64_t fed_samples_ = 0;
  std::string shown_;  // what the service manager was told last, and when
  double shown_seconds_ = 0;
  std::atomic<bool> inference_ended_{false};
  EndReason reason_ = EndReason::end_of_input;
};

}  // namespace kwsd
