// The API of the page: answers requests, and sends what changes to the pages that are open. Thread: that of
// the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/web/api_request.h"
#include "app/web/control_link.h"
#include "app/web/sound_shelf.h"
#include "app/web/web_options.h"
#include "app/web/word_jobs.h"

namespace kwsd {

class WebApi {
 public:
  static constexpr std::size_t kept_detections = 50, most_readers = 8;
  static constexpr std::uintmax_t most_report_bytes = 64U << 20U;
  static constexpr auto live_period = std::chrono::milliseconds(200);

  struct Answer {
    int status = 200;  ///< of HTTP
    std::string body;
    const char* type = "application/json";
    bool foreign = false;  ///< a page that is not ours: to be shown without scripts, apart from this one
  };
  using Reply = std::function<void(Answer)>;
  /// Receives messages of the form "data: {...}\n\n".
  using Reader = std::function<void(const std::shared_ptr<const std::string>& message)>;

  /// `page_token` is part of the state. Throws Error (usage).
  WebApi(boost::asio::io_context& context, WebOptions options, std::string page_token);
  ~WebApi();

  void start();
  /// Calls `reply` once, perhaps later. The request's sound is not needed after the call.
  void answer(const ApiRequest& request, const Reply& reply);
  /// Adds a reader of changes. 0: there are most_readers already.
  [[nodiscard]] std::uint64_t join(Reader reader);
  void leave(std::uint64_t reader);

 private:
  using Json = nlohmann::ordered_json;
  void dispatch(const ApiRequest& request, const Reply& reply);
  void state(const Reply& reply);
  [[nodiscard]] Json state_here() const;
  [[nodiscard]] Json detections() const;
  [[nodiscard]] Answer curve(const std::string& model) const;
  [[nodiscard]] Answer report(const std::string& model) const;
  void keep(const Reply& reply);
  void write_thresholds(const std::string& keywords, const std::string& configured, const Reply& reply);
  void control(const Json& request, const Reply& reply);
  void on_event(const std::string& line);
  void send(const std::string& json);
  void poll();

  WebOptions options_;
  std::string page_token_;
  SoundShelf shelf_;
  ControlLink link_;
  boost::asio::steady_timer poll_timer_;
  WordJobs jobs_;
  std::map<std::uint64_t, Reader> readers_;
  std::uint64_t last_reader_ = 0;
  std::deque<std::pair<double, std::string>> detections_;  // seconds since 1970, event; newest first
  bool polling_ = false, asked_ = false;
  std::filesystem::file_time_type near_misses_changed_;  // as the open pages know it
};

}  // namespace kwsd
