#include "app/network/wyoming_server.h"

#include <array>
#include <atomic>
#include <boost/asio/write.hpp>
#include <utility>
#include <vector>

#include "app/network/stream_server.h"
#include "app/network/wyoming_connection.h"

namespace kwsd {

namespace {

using boost::system::error_code;

constexpr std::size_t read_bytes = 8192;           // a quarter of a second of sound at a time
constexpr std::size_t most_unread_bytes = 262144;  // of answers that a client does not read

/// A client. Closes itself when the client disconnects, breaks the protocol, or does not read its answers.
/// Reads on when the threads have recognized what it sent, so one piece of its bytes is in memory at a time.
class WyomingClient : public std::enable_shared_from_this<WyomingClient> {
 public:
  WyomingClient(ClientSocket socket, ClientContext context, std::shared_ptr<const WyomingService> service)
      : socket_(std::move(socket)),
        pause_(socket_.get_executor()),
        context_(std::move(context)),
        connection_(std::move(service), teller()) {
    connection_.govern(context_.governed);
  }

  void start() { read(); }
  void close() {
    closed_ = true;
    error_code ignored;
    socket_.close(ignored);
  }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] double last_heard() const { return recognizing_ ? now_seconds() : last_heard_; }
  void say(const std::string& text) {
    waiting_ += text;
    write();
  }

 private:
  struct Result {
    std::string answers;
    std::vector<RoomArbiter::Claim> claims;
    bool sound = false;  // the piece had some
    bool last = false;
  };

  /// Nothing: the connection answers by itself.
  WyomingConnection::Tell teller() {
    if (context_.rooms == nullptr) {
      return {};
    }
    return [this](const StreamWord& word, std::string text, std::string suppressed) {
      result_.claims.push_back(
          {context_.id, std::string(word.keyword), word.snr_db, std::move(text), std::move(suppressed)});
    };
  }

  void read() {
    socket_.async_read_some(boost::asio::buffer(input_),
                            [self = shared_from_this()](error_code error, std::size_t bytes) {
                              error ? self->close() : self->take(bytes);
                            });
  }

  void take(std::size_t bytes) {
    last_heard_ = now_seconds();
    recognizing_ = true;
    context_.seat.run([self = shared_from_this(), bytes] { self->recognize(bytes); },
                      [self = shared_from_this(), bytes] { self->finish(bytes); });
  }

  /// On the thread of the seat, while nothing is read.
  void recognize(std::size_t bytes) {
    if (closed_) {
      return;
    }
    const std::int64_t before = connection_.sample();
    result_.last = !connection_.take({input_.data(), bytes}, result_.answers);
    result_.sound = connection_.sample() != before;
  }

  void finish(std::size_t bytes) {
    recognizing_ = false;
    const Result result = std::exchange(result_, {});
    if (closed_) {
      return;
    }
    last_ = result.last;
    waiting_ += result.answers;
    if (waiting_.size() > most_unread_bytes) {
      spdlog::warn("Wyoming: a client does not read its answers; closing its connection");
      return close();
    }
    write();
    if (context_.rooms != nullptr && result.sound) {
      for (const RoomArbiter::Claim& claim : result.claims) {
        context_.rooms->claim(claim, last_heard_);
      }
      context_.rooms->hear(context_.id, last_heard_);
      context_.decide();
    }
    if (last_) {
      return;
    }
    if (const double wait = context_.bytes.owe(static_cast<double>(bytes), last_heard_); wait > 0) {
      pause_.expires_after(std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(wait)));
      pause_.async_wait([self = shared_from_this()](error_code) { self->read(); });
    } else {
      read();
    }
  }

  /// One write at a time; further answers wait.
  void write() {
    if (writing_.empty() && !waiting_.empty()) {
      writing_.swap(waiting_);
      boost::asio::async_write(
          socket_, boost::asio::buffer(writing_), [self = shared_from_this()](error_code error, std::size_t) {
            self->writing_.clear();
            error || (self->last_ && self->waiting_.empty()) ? self->close() : self->write();
          });
    }
  }

  ClientSocket socket_;
  boost::asio::steady_timer pause_;
  ClientContext context_;
  WyomingConnection connection_;
  std::array<char, read_bytes> input_;
  std::string waiting_, writing_;
  double last_heard_ = now_seconds();
  bool last_ = false;  // close once the answers are sent
  bool recognizing_ =
      false;  // between take and finish: connection_ and result_ belong to the thread of the seat
  std::atomic<bool> closed_{false};  // what waits for that thread is then skipped
  Result result_;
};

}  // namespace

void run_wyoming_server(const WyomingOptions& options) {
  auto service = std::make_shared<const WyomingService>(make_wyoming_service(
      load_spotter(options.server.recognition), options.server.recognition, options.language));
  (void)WyomingConnection(service);  // throws for a threshold of an unknown keyword
  StreamServer<WyomingClient> server(
      "Wyoming", options.server, [service](ClientSocket socket, ClientContext context) {
        return std::make_shared<WyomingClient>(std::move(socket), std::move(context), service);
      });
  spdlog::info("Wyoming: serving {} keywords", service->info["wake"][0]["models"].size());
  server.run();
}

}  // namespace kwsd
