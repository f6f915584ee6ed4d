// kwsd run: the threads and their life, from set-up to exit code.
//
//   Listening (source -> CaptureBuffer -> inference thread) -> Pipeline -> EventQueue -> Output -> stdout
//                                                                               '-----> SocketServer ->
//                                                                               readers
//   main: signals, Reload, Controls (governor), service manager
//   control socket: ControlRequests -> Reload, Controls
#pragma once

#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/daemon/clip_writer.h"
#include "app/daemon/control_requests.h"
#include "app/daemon/controls.h"
#include "app/daemon/listening.h"
#include "app/daemon/pipeline.h"
#include "app/daemon/reload.h"
#include "app/daemon/service_manager.h"
#include "app/events/command_runner.h"
#include "app/events/output.h"
#include "app/events/socket_server.h"
#include "app/events/stdout_sink.h"
#include "app/settings/options.h"

namespace kwsd {

class Session {
 public:
  /// `read_options` is called again at each reload. Throws Error for any error before the first sample.
  explicit Session(const Reload::Read& read_options);
  ~Session();

  /// Runs until the input ends, a signal arrives, or the output has no reader. Throws Error when reading or
  /// writing failed meanwhile.
  void run();

 private:
  void keep_clips();
  void serve_sockets();
  void watch(const Output& output);
  void set_muted(bool muted);
  void feed_watchdog(double now_seconds);
  void show_status(const Output& output, double now_seconds);
  void finish_reload();
  void announce();
  [[nodiscard]] StatusEvent totals();
  void throw_failure() const;

  [[nodiscard]] const AudioSource& source() const noexcept { return listening_.source(); }

  const RunOptions options_;
  const sigset_t signals_;
  ServiceManager service_;
  EventQueue events_;
  Pipeline pipeline_;
  Listening listening_;
  std::mutex mutex_;  // of the two that follow: the main thread and the control socket's change them
  Controls controls_;
  Reload reload_;
  StdoutSink stdout_;
  std::unique_ptr<SocketServer> socket_;
  std::unique_ptr<ControlRequests> requests_;
  std::unique_ptr<SocketServer> control_;
  std::unique_ptr<CommandRunner> commands_;
  std::unique_ptr<ClipWriter> clips_, near_misses_;

  bool reload_unsaid_ = false;  // to readers
  double fed_seconds_ = 0;      // when the watchdog was fed, and what had happened by then
  std::uint64_t fed_rounds_ = 0;
  std::uint64_t fed_samples_ = 0;
  std::string shown_;  // the last status reported to the service manager, and its time
  double shown_seconds_ = 0;
  EndReason reason_ = EndReason::end_of_input;
};

}  // namespace kwsd
