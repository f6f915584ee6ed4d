#include "app/web/web_client.h"

#include <array>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "app/base/version.h"
#include "app/network/http_head.h"
#include "app/web/assets.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t most_waiting_messages = 256;  // to a page that does not read
constexpr std::chrono::seconds request_patience(30), answer_patience(60), event_patience(30);
constexpr std::chrono::seconds heartbeat(10);

constexpr const char* policy_field = "Content-Security-Policy";
constexpr const char* foreign_policy =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; frame-ancestors "
    "'none'";
constexpr std::pair<const char*, const char*> security_fields[] = {
    {policy_field,
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
     "connect-src "
     "'self'; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "microphone=(self), camera=(), geolocation=()"},
    {"Cache-Control", "no-store"}};

/// Of Boost's own kind.
template <class View>
std::string text_of_view(View view) {
  return {view.data(), view.size()};
}

/// A field that comes once; otherwise empty.
template <class Fields, class Name>
std::string single(const Fields& fields, Name name) {
  if (fields.count(name) != 1) {
    return "";
  }
  return text_of_view(fields[name]);
}

class WebClient : public std::enable_shared_from_this<WebClient> {
 public:
  WebClient(BrowserSocket socket, const Gate& gate, const std::shared_ptr<WebApi>& api, int& clients)
      : socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        gate_(gate),
        api_(api),
        clients_(clients) {
    ++clients_;
  }
  ~WebClient() {
    --clients_;
    if (const auto api = api_.lock(); api && reader_ != 0) {
      api->leave(reader_);
    }
  }
  WebClient(const WebClient&) = delete;
  WebClient& operator=(const WebClient&) = delete;

  void read() {
    input_.emplace();
    input_->bytes = std::exchange(body_, {});  // the beginning of the next request, if it is there
    input_->parser.skip(true);                 // of the body
    limit(request_patience);
    async_read_http_head(socket_, *input_, [self = shared_from_this()](error_code error, std::size_t behind) {
      error ? self->fail(error) : self->take_head(behind);
    });
  }

 private:
  using Response = http::response<http::string_body>;

  void limit(std::chrono::seconds patience) {
    timer_.expires_after(patience);
    timer_.async_wait([self = weak_from_this()](error_code error) {
      if (const auto client = self.lock(); client && !error) {
        client->close();
      }
    });
  }

  /// What is no HTTP gets an answer, too.
  void fail(error_code error) {
    if (error == boost::asio::error::not_found) {  // an end of the head
      return refuse(431, "found a head that is too large\n");
    }
    if (error.category() == make_error_code(http::error::bad_method).category()) {
      return refuse(400, "found no HTTP\n");
    }
    close();
  }

  void refuse(int status, const char* text) {
    ends_ = true;  // the body is not read
    send(status, text, "text/plain");
  }

  void take_head(std::size_t behind) {
    const auto& request = input_->request();
    head_ = {text_of_view(request.method_string()), text_of_view(request.target()),
             single(request, http::field::host),    single(request, http::field::origin),
             single(request, http::field::cookie),  single(request, http::field::content_type),
             single(request, "X-Kwsd-Token"),       single(request, "Sec-Fetch-Site")};
    ends_ = !request.keep_alive();
    if (const auto refusal = gate_.refusal(head_, access_of(head_.method, head_.target))) {
      return refuse(refusal->status, refusal->text);
    }
    if (input_->parser.chunked()) {
      return refuse(411, "expected a length\n");
    }
    const std::uint64_t length = input_->parser.content_length().value_or(0);
    if (length > most_body_bytes(head_.target)) {
      return refuse(413, "found a body that is too large\n");
    }
    body_ = input_->bytes.substr(input_->bytes.size() - behind);
    body_bytes_ = static_cast<std::size_t>(length);
    if (body_.size() >= body_bytes_) {
      return take_request();
    }
    boost::asio::async_read(socket_, boost::asio::dynamic_buffer(body_, body_bytes_),
                            [self = shared_from_this()](error_code error, std::size_t) {
                              error ? self->close() : self->take_request();
                            });
  }

  void take_request() {
    limit(answer_patience);
    if (!is_api(head_.target)) {
      return send_page();
    }
    const std::string body = body_.substr(0, body_bytes_);
    body_.erase(0, body_bytes_);
    try {
      const ApiRequest request = parse_api_request(head_.method, head_.target, body);
      if (request.kind == ApiRequest::Kind::events) {
        return send_events();
      }
      api_.lock()->answer(request, [self = shared_from_this()](WebApi::Answer answer) {
        self->send(answer.status, std::move(answer.body), answer.type, answer.foreign);
      });
    } catch (const Error& error) {
      send(error.kind() == ErrorKind::no_input ? 404 : 400,
           nlohmann::json{{"error", error.what()}, {"code", error.exit_code()}}.dump(
               -1, ' ', false, nlohmann::json::error_handler_t::replace),
           "application/json");
    }
  }

  void send_page() {
    if (gate_.logs_in(head_.target)) {
      response_ = Response(http::status::see_other, 11);
      response_.set(http::field::location, "/");
      response_.set(http::field::set_cookie, gate_.cookie());
      return write();
    }
    const std::string_view path = head_.target == "/" ? "/index.html" : std::string_view(head_.target);
    for (const Asset& asset : web_assets()) {
      if (asset.path == path) {
        return send(200, std::string(asset.text), asset.type);
      }
    }
    send(head_.target.starts_with("/?") ? 403 : 404, "not found\n", "text/plain");
  }

  void send(int status, std::string body, std::string_view type, bool foreign = false) {
    response_ = Response(static_cast<http::status>(status), 11);
    response_.set(http::field::content_type, boost::beast::string_view(type.data(), type.size()));
    response_.body() = std::move(body);
    if (foreign) {
      response_.set(policy_field, foreign_policy);
    }
    write();
  }

  void write() {
    response_.keep_alive(!ends_);
    for (const auto& [name, value] : security_fields) {
      if (response_.count(name) == 0) {
        response_.set(name, value);
      }
    }
    response_.prepare_payload();
    http::async_write(socket_, response_, [self = shared_from_this()](error_code error, std::size_t) {
      error || self->ends_ ? self->close() : self->read();
    });
  }

  // A stream of events: text without an end.

  void send_events() {
    reader_ = api_.lock()->join([self = weak_from_this()](const std::shared_ptr<const std::string>& message) {
      if (const auto client = self.lock()) {
        client->offer(message);
      }
    });
    if (reader_ == 0) {
      ends_ = true;
      return send(503, "too many pages are open\n", "text/plain");
    }
    std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nX-Accel-Buffering: "
        "no\r\n";
    for (const auto& [name, value] : security_fields) {
      head += std::string(name) + ": " + value + "\r\n";
    }
    offer(std::make_shared<const std::string>(head + "\r\n: kwsd\n\n"));
    beat();
    watch();
  }

  void offer(const std::shared_ptr<const std::string>& message) {
    if (!socket_.is_open()) {
      return;
    }
    if (messages_.size() >= most_waiting_messages) {
      return close();  // the page connects again, and reads the state
    }
    messages_.push_back(message);
    if (messages_.size() == 1) {
      write_message();
    }
  }

  void write_message() {
    limit(event_patience);
    boost::asio::async_write(socket_, boost::asio::buffer(*messages_.front()),
                             [self = shared_from_this()](error_code error, std::size_t) {
                               if (error || !self->socket_.is_open()) {  // closed since the message was sent
                                 return self->close();
                               }
                               self->messages_.pop_front();
                               if (!self->messages_.empty()) {
                                 self->write_message();
                               }
                             });
  }

  void beat() {
    auto timer = std::make_shared<boost::asio::steady_timer>(socket_.get_executor(), heartbeat);
    timer->async_wait([self = weak_from_this(), timer](error_code error) {
      if (const auto client = self.lock(); client && !error && client->socket_.is_open()) {
        client->offer(std::make_shared<const std::string>(":\n\n"));
        client->beat();
      }
    });
  }

  /// Until the browser hangs up; what it sends here is nothing.
  void watch() {
    socket_.async_read_some(boost::asio::buffer(ignored_),
                            [self = shared_from_this()](error_code error, std::size_t) {
                              error ? self->close() : self->watch();
                            });
  }

  void close() {
    error_code ignored;
    socket_.shutdown(BrowserSocket::shutdown_both, ignored);
    socket_.close(ignored);
    timer_.cancel();
  }

  BrowserSocket socket_;
  boost::asio::steady_timer timer_;
  const Gate& gate_;
  std::weak_ptr<WebApi> api_;  // gone when the server ends
  int& clients_;
  std::optional<HttpHead> input_;
  std::string body_;  // and what follows
  std::size_t body_bytes_ = 0;
  RequestHead head_;
  Response response_;
  std::deque<std::shared_ptr<const std::string>> messages_;
  std::array<char, 64> ignored_{};
  std::uint64_t reader_ = 0;  // of the stream of events; 0: none
  bool ends_ = false;         // the connection, after the answer
};

}  // namespace

void serve_web_client(BrowserSocket socket, const Gate& gate, const std::shared_ptr<WebApi>& api,
                      int& clients) {
  std::make_shared<WebClient>(std::move(socket), gate, api, clients)->read();
}

}  // namespace kwsd
