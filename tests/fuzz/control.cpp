#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "app/daemon/control_requests.h"
#include "app/events/socket_client.h"
#include "engine/model/model_file.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"
#include "tests/support/random_model.h"
#include "tests/support/temporary_folder.h"

namespace kwsd::fuzz {

namespace {

/// A small model in a file.
std::string small_model() {
  static const test::TemporaryFolder folder;
  static const std::string path = [] {
    test::RandomModelOptions o;
    o.steps = 2;
    o.memory_size = 3;
    o.hidden_size = 5;
    o.blocks = 2;
    o.labels = 3;
    o.coefficients = 4;
    o.conv_channels[0] = o.conv_channels[1] = 1;
    const auto file = serialize_model(test::random_model(1, o));
    return folder.write("small.kwsm", std::string(reinterpret_cast<const char*>(file.data()), file.size()))
        .string();
  }();
  return path;
}

/// kwsd without sound.
struct FuzzedKwsd {
  FuzzedKwsd() { buffer.begin(16000); }

  static RunOptions small_options() {
    RunOptions options;
    options.recognition.models = {small_model()};
    options.recognition.kernels = "portable";
    return options;
  }
  /// What the inference and the main thread do meanwhile.
  void go_on() {
    pipeline.on_turn(buffer);
    for (int i = 0; i < 10; ++i) {
      pipeline.on_pause();
    }
    (void)reload.finished();
  }

  const RunOptions options = small_options();
  EventQueue events{100};
  CaptureBuffer buffer{100};
  Pipeline pipeline{std::make_unique<Recognizer>(options.recognition), events};
  Controls controls{pipeline, true, options.recognition};
  Reload reload{pipeline, controls, options, [this] { return options; }};
  std::mutex mutex;
  ControlRequests requests{{mutex, pipeline, controls, reload,
                            [] {
                              return ControlTarget::Input{"mic", false};
                            },
                            [] { return std::pair(0, 1); }}};
};

void check_answer(const std::string& line) {
  expect(line.find('\n') == line.size() - 1, "an answer is one line");
  const auto answer = nlohmann::json::parse(line, nullptr, false);
  expect(answer.is_object() && answer.contains("ok") != answer.contains("error"),
         "an answer has ok or error");
}

/// Takes what was sent and answers it.
void serve(SocketClient& client, FuzzedKwsd& kwsd, int other_end) {
  std::array<char, 65536> ignored;
  client.note(POLLIN);
  client.receive();
  while (const auto request = client.next_request()) {
    expect(request->size() <= SocketClient::most_request_bytes, "a request is not too long");
    const Answer answer = kwsd.requests.answer(*request, client.peer());
    check_answer(answer.line);
    client.answer(answer.line);
    if (answer.subscribes) {
      client.subscribe("");
    }
    kwsd.go_on();
    while (client.pending() && !client.gone()) {
      client.flush({});
      while (recv(other_end, ignored.data(), ignored.size(), MSG_DONTWAIT) > 0) {
      }
    }
  }
  client.flush({});
  while (recv(other_end, ignored.data(), ignored.size(), MSG_DONTWAIT) > 0) {
  }
}

}  // namespace

void control(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t piece = bytes.empty() ? 1 : 1 + std::to_integer<std::size_t>(bytes.front()) * 17;
  int ends[2];
  expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0,
         "no sockets are left");
  const Descriptor other_end(ends[1]);
  SocketClient client(Descriptor(ends[0]), true);
  FuzzedKwsd kwsd;
  for (std::size_t at = 0; at < text.size() && !client.gone(); at += piece) {
    const std::string_view part = text.substr(at, piece);
    if (send(other_end.get(), part.data(), part.size(), MSG_NOSIGNAL) < 0) {
      return;  // it has hung up
    }
    serve(client, kwsd, other_end.get());
    serve(client, kwsd, other_end.get());  // a piece may be longer than what is read at a time
  }
  shutdown(other_end.get(), SHUT_WR);
  serve(client, kwsd, other_end.get());
  for (const ThresholdBoard::Row& row : kwsd.controls.thresholds()) {
    for (const float threshold : row.in_force) {
      expect(threshold >= 0 && threshold <= 1, "a threshold is out of range");
    }
  }
}

}  // namespace kwsd::fuzz
