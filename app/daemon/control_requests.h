// The requests of the control socket (kwsd(1), CONTROL): each request is one line with a JSON object, each
// answer one line. Thread: the control socket's; the session's mutex guards what it changes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "app/daemon/controls.h"
#include "app/daemon/pipeline.h"
#include "app/daemon/reload.h"
#include "app/events/request_handler.h"

namespace kwsd {

/// The objects that requests change and report; all of them outlive this object.
struct ControlTarget {
  std::mutex& mutex;  ///< of the three that follow
  Pipeline& pipeline;
  Controls& controls;
  Reload& reload;
  /// The source's name, and whether it waits for a device. Any thread.
  struct Input {
    std::string name;
    bool waiting = false;
  };
  std::function<Input()> input;
  /// Programs that are connected to the event socket, and to the control socket. Any thread.
  std::function<std::pair<int, int>()> clients;
};

class ControlRequests final : public RequestHandler {
 public:
  static constexpr std::size_t most_models = 64;

  explicit ControlRequests(ControlTarget target);
  ~ControlRequests() override;

  [[nodiscard]] Answer answer(std::string_view request, const Peer& peer) noexcept override;
  /// Counts detections.
  void on_event(const Event& event) noexcept override;

 private:
  using Json = nlohmann::ordered_json;
  struct Command;
  class Members;

  [[nodiscard]] static const Command& command_named(const std::string& name);
  void mute(const Members& members, Json& answer);
  void unmute(const Members& members, Json& answer);
  void threshold(const Members& members, Json& answer);
  void branch(const Members& members, Json& answer);
  void model(const Members& members, Json& answer);
  void status(const Members& members, Json& answer);
  void keywords(const Members& members, Json& answer);
  void configured(const Members& members, Json& answer);
  void scores(const Members& members, Json& answer);
  void subscribe(const Members& members, Json& answer);
  [[nodiscard]] std::size_t model_position(const std::string& name) const;
  void check_model(const std::string& name, std::size_t except) const;

  ControlTarget target_;
  std::map<std::pair<std::string, std::string>, std::int64_t> detections_;  // [model, keyword]
};

}  // namespace kwsd
