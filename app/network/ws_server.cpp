#include "app/network/ws_server.h"

#include <atomic>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <utility>
#include <vector>

#include "app/network/http_head.h"
#include "app/network/stream_server.h"
#include "app/network/ws_conversation.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

namespace websocket = boost::beast::websocket;
using boost::system::error_code;

constexpr std::size_t most_unread_answers = 4096;  // that a client does not read
constexpr auto handshake_seconds = std::chrono::seconds(10);

/// A client. Closes itself when the client disconnects, breaks the protocol, or does not read its answers.
/// Reads on when the threads have recognized its message, so one message is in memory at a time.
class WsClient : public std::enable_shared_from_this<WsClient> {
 public:
  WsClient(ClientSocket socket, ClientContext context, std::shared_ptr<const Spotter> spotter,
           const RecognitionOptions& recognition)
      : stream_(std::move(socket)),
        pause_(stream_.get_executor()),
        context_(std::move(context)),
        conversation_(std::move(spotter), recognition, teller()) {
    conversation_.govern(context_.governed);
    stream_.read_message_max(WsConversation::most_sound_bytes);
    stream_.set_option(
        websocket::stream_base::timeout{handshake_seconds, websocket::stream_base::none(), false});
    stream_.text(true);
  }

  void start() {
    pause_.expires_after(handshake_seconds);
    pause_.async_wait([self = shared_from_this()](error_code error) { error ? void() : self->close(); });
    head_ = std::make_unique<HttpHead>();
    async_read_http_head(stream_.next_layer(), *head_,
                         [self = shared_from_this()](error_code error, std::size_t behind) {
                           self->pause_.cancel();
                           error || behind > 0 ? self->close() : self->accept();
                         });
  }
  void close() {
    closed_ = true;
    error_code ignored;
    stream_.next_layer().close(ignored);
  }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] double last_heard() const { return recognizing_ ? now_seconds() : last_heard_; }
  void say(std::string decided) { decided_.push_back(std::move(decided)); }

 private:
  struct Result {
    std::string answer;
    std::vector<RoomArbiter::Claim> claims;
    bool ending = false;
  };

  void accept() {
    stream_.async_accept(head_->request(), [self = shared_from_this()](error_code error) {
      self->head_.reset();
      error ? self->close() : self->read();
    });
  }

  WsConversation::Tell teller() {
    if (context_.rooms == nullptr) {
      return {};
    }
    return [this](const StreamWord& word, std::string won, std::string lost) {
      result_.claims.push_back(
          {context_.id, std::string(word.keyword), word.snr_db, std::move(won), std::move(lost)});
    };
  }

  void read() {
    stream_.async_read(input_, [self = shared_from_this()](error_code error, std::size_t bytes) {
      error ? self->close() : self->take(bytes);
    });
  }

  void take(std::size_t bytes) {
    last_heard_ = now_seconds();
    std::string message = boost::beast::buffers_to_string(input_.data());
    input_.consume(input_.size());
    for (const std::string& decided : std::exchange(decided_, {})) {
      conversation_.say(decided);
    }
    recognizing_ = true;
    const bool text = stream_.got_text();
    if (context_.rooms != nullptr && !text) {
      context_.rooms->hear(context_.id, last_heard_);
    }
    context_.seat.run(
        [self = shared_from_this(), text, message = std::move(message)] { self->recognize(text, message); },
        [self = shared_from_this(), text, bytes] { self->finish(text, bytes); });
  }

  /// On the thread of the seat, while nothing is read.
  void recognize(bool text, const std::string& message) {
    if (closed_) {
      return;
    }
    try {
      result_.answer = text ? take_text(message) : conversation_.take_sound(message);
    } catch (const Error& error) {
      result_.ending = true;
      result_.answer = WsConversation::error_text(error.what());
    }
  }

  void finish(bool text, std::size_t bytes) {
    recognizing_ = false;
    Result result = std::exchange(result_, {});
    if (closed_) {
      return;
    }
    ending_ = result.ending;
    send(std::move(result.answer));
    if (context_.rooms != nullptr && !text && !closed_) {
      for (const RoomArbiter::Claim& claim : result.claims) {
        context_.rooms->claim(claim, last_heard_);
      }
      context_.decide();
    }
    if (ending_ || closed()) {
      return;
    }
    if (const double wait = context_.bytes.owe(static_cast<double>(bytes), last_heard_); wait > 0) {
      pause_.expires_after(std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(wait)));
      pause_.async_wait([self = shared_from_this()](error_code) { self->read(); });
    } else {
      read();
    }
  }

  std::string take_text(const std::string& message) {
    if (message.size() > WsConversation::most_text_bytes) {
      throw Error(ErrorKind::bad_data, "found a text of " + std::to_string(message.size()) +
                                           " bytes, expected at most " +
                                           std::to_string(WsConversation::most_text_bytes));
    }
    std::string answer = conversation_.take_text(message);
    result_.ending = conversation_.ended();
    return answer;
  }

  void send(std::string answer) {
    if (answer.empty()) {
      return;
    }
    answers_.push_back(std::move(answer));
    if (answers_.size() > most_unread_answers) {
      spdlog::warn("WebSocket: a client does not read its answers; closing its connection");
      return close();
    }
    if (answers_.size() == 1) {
      write();
    }
  }

  /// Writes one at a time; closes the connection after the last one.
  void write() {
    stream_.async_write(boost::asio::buffer(answers_.front()),
                        [self = shared_from_this()](error_code error, std::size_t) {
                          self->answers_.pop_front();
                          if (error) {
                            self->close();
                          } else if (!self->answers_.empty()) {
                            self->write();
                          } else if (self->ending_) {
                            self->say_goodbye();
                          }
                        });
  }

  void say_goodbye() {
    const auto code =
        conversation_.ended() ? websocket::close_code::normal : websocket::close_code::policy_error;
    stream_.async_close(code, [self = shared_from_this()](error_code) { self->close(); });
  }

  websocket::stream<ClientSocket> stream_;
  boost::asio::steady_timer pause_;
  ClientContext context_;
  WsConversation conversation_;
  std::unique_ptr<HttpHead> head_;  // until the WebSocket is open
  boost::beast::flat_buffer input_;
  std::deque<std::string> answers_;
  double last_heard_ = now_seconds();
  bool ending_ = false;  // reading has ended; close once the answers are sent
  bool recognizing_ =
      false;  // between take and finish: conversation_ and result_ belong to the thread of the seat
  std::atomic<bool> closed_{false};   // what waits for that thread is then skipped
  std::vector<std::string> decided_;  // for the conversation
  Result result_;
};

}  // namespace

void run_ws_server(const ServerOptions& options) {
  const auto spotter = load_spotter(options.recognition);
  (void)KeywordStream(spotter, options.recognition);  // throws for a threshold of an unknown keyword
  StreamServer<WsClient> server("WebSocket", options, [&](ClientSocket socket, ClientContext context) {
    return std::make_shared<WsClient>(std::move(socket), std::move(context), spotter, options.recognition);
  });
  spdlog::info("WebSocket: serving {} keywords", keyword_names(*spotter).size());
  server.run();
}

}  // namespace kwsd
