// Recordings, enrolments and trainings that the page asks for, one at a time. Thread: that of the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/web/api_request.h"
#include "app/web/browser_take.h"
#include "app/web/child_process.h"
#include "app/web/sound_shelf.h"
#include "app/web/web_options.h"

namespace kwsd {

class WordJobs {
 public:
  using Json = nlohmann::ordered_json;
  /// Receives what changes: {"line": ...}, a line of the job, or {"changed":"job"}.
  using Send = std::function<void(const std::string& json)>;

  static constexpr std::size_t kept_lines = 200;
  static constexpr auto take_patience = std::chrono::seconds(20);  ///< without sound from the browser

  /// `options` and `shelf` outlive this.
  WordJobs(boost::asio::io_context& context, const WebOptions& options, const SoundShelf& shelf, Send send);

  // Each of these begins a job. Throws Error: unavailable while another one runs, usage, io.

  void record(const ApiRequest& request);
  void take(const ApiRequest& request);
  void enroll(const ApiRequest& request);
  void train(const ApiRequest& request);

  /// Sound for the job that take() began; after its end it is ignored. Throws Error: usage if there is none,
  /// io.
  void take_sound(std::string_view sound);
  void stop();
  /// The job that runs, or the last one: kind, word, model, running, code, lines.
  [[nodiscard]] Json json() const;

 private:
  struct Job {
    const char* kind = "";
    std::string word, model;
    std::deque<std::string> lines;
    bool running = false;
    int code = 0;
  };

  [[nodiscard]] std::vector<std::string> own_command(std::vector<std::string> arguments) const;
  void forget_dropped() const;
  void begin(const char* kind, const std::string& word);
  void run(const char* kind, const std::string& word, const std::vector<std::string>& command);
  void add_line(std::string line);
  void end(int code);
  void wait_for_sound();

  boost::asio::io_context& context_;
  const WebOptions& options_;
  const SoundShelf& shelf_;
  Send send_;
  std::string self_;
  boost::asio::steady_timer take_timer_;
  Job job_;
  std::shared_ptr<ChildProcess> child_;
  std::optional<BrowserTake> take_;
};

}  // namespace kwsd
