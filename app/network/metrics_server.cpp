#include "app/network/metrics_server.h"

#include <sys/stat.h>

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <csignal>
#include <memory>
#include <optional>

#include "app/base/atomic_file.h"
#include "app/base/log.h"
#include "app/events/control_client.h"
#include "app/network/http_head.h"
#include "app/network/listeners.h"
#include "app/network/metrics_text.h"
#include "app/network/notify.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

namespace http = boost::beast::http;
using MetricsSocket = boost::asio::generic::stream_protocol::socket;
using boost::system::error_code;

constexpr std::chrono::seconds client_patience(5);  // for one client, from its connection to the last byte
constexpr std::chrono::milliseconds kwsd_patience(1000);  // for each of two answers
constexpr int most_clients = 32;

/// One request and its answer; then the connection ends.
class Scrape : public std::enable_shared_from_this<Scrape> {
 public:
  Scrape(MetricsSocket socket, const std::string& control, int& clients)
      : socket_(std::move(socket)),
        deadline_(socket_.get_executor(), client_patience),
        control_(control),
        clients_(clients) {
    ++clients_;
  }
  ~Scrape() { --clients_; }
  Scrape(const Scrape&) = delete;
  Scrape& operator=(const Scrape&) = delete;

  void start() {
    deadline_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) {
        self->close();
      }
    });
    async_read_http_head(socket_, head_, [self = shared_from_this()](error_code error, std::size_t) {
      error ? self->close() : self->answer();
    });
  }

 private:
  void answer() {
    const http::request<http::empty_body>& request = head_.request();
    const bool reads = request.method() == http::verb::get || request.method() == http::verb::head;
    response_.version(11);
    response_.keep_alive(false);
    response_.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
    if (reads && (request.target() == "/metrics" || request.target() == "/")) {
      response_.result(http::status::ok);
      response_.body() = ask_metrics(control_);
    } else {
      response_.result(reads ? http::status::not_found : http::status::method_not_allowed);
      response_.body() = "GET /metrics\n";
    }
    response_.prepare_payload();
    if (request.method() == http::verb::head) {
      response_.body().clear();
    }
    http::async_write(socket_, response_,
                      [self = shared_from_this()](error_code, std::size_t) { self->close(); });
  }

  void close() {
    error_code ignored;
    socket_.shutdown(MetricsSocket::shutdown_both, ignored);
    socket_.close(ignored);
    deadline_.cancel();
  }

  MetricsSocket socket_;
  boost::asio::steady_timer deadline_;
  const std::string& control_;
  int& clients_;
  HttpHead head_;
  http::response<http::string_body> response_;
};

class MetricsServer {
 public:
  MetricsServer(boost::asio::io_context& context, const MetricsOptions& options)
      : options_(options), acceptors_(inherited_listeners(context)), timer_(context) {
    if (acceptors_.empty()) {
      for (const std::string& uri : options.uris) {
        acceptors_.push_back(listen_on(context, uri));
        check_loopback(acceptors_.back(), uri);
      }
    }
    if (!options.textfile.empty()) {
      write();
    }
  }

  [[nodiscard]] bool serves() const noexcept { return !acceptors_.empty() || !options_.textfile.empty(); }

  void start() {
    for (Acceptor& acceptor : acceptors_) {
      accept_each(acceptor, [this](auto socket) { admit(MetricsSocket(std::move(socket))); });
    }
    if (!options_.textfile.empty()) {
      write_later();
    }
  }

 private:
  /// The metrics have no password.
  static void check_loopback(const Acceptor& acceptor, const std::string& uri) {
    const auto* tcp = std::get_if<boost::asio::ip::tcp::acceptor>(&acceptor);
    if (tcp != nullptr && !tcp->local_endpoint().address().is_loopback()) {
      throw Error(ErrorKind::usage, "--uri: found '" + uri +
                                        "', expected an address of this machine alone "
                                        "(127.0.0.1, [::1]) or unix://PATH");
    }
  }

  void admit(MetricsSocket socket) {
    if (clients_ < most_clients) {  // otherwise closes the connection
      std::make_shared<Scrape>(std::move(socket), options_.control, clients_)->start();
    }
  }

  /// Readable for node-exporter, which runs as another user.
  void write() {
    AtomicFile file(options_.textfile);
    chmod(file.temporary().c_str(), 0644);
    const std::string text = ask_metrics(options_.control);
    file.write(text.data(), text.size());
    file.commit();
  }

  void write_later() {
    timer_.expires_after(std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::duration<double>(options_.interval_seconds)));
    timer_.async_wait([this](error_code error) {
      if (error) {
        return;
      }
      try {
        write();
      } catch (const Error& failure) {
        spdlog::warn("metrics: {}", failure.what());
      }
      write_later();
    });
  }

  const MetricsOptions& options_;
  std::vector<Acceptor> acceptors_;
  boost::asio::steady_timer timer_;
  int clients_ = 0;
};

}  // namespace

std::string ask_metrics(const std::string& control) noexcept {
  try {
    ControlClient client(control);
    const std::string status = client.request(R"({"command":"status"})", kwsd_patience);
    return metrics_text(status, client.request(R"({"command":"keywords"})", kwsd_patience));
  } catch (const std::exception& error) {
    spdlog::debug("metrics: {}", error.what());
    return metrics_text("", "");
  }
}

bool run_metrics(const MetricsOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  boost::asio::io_context context(1);
  MetricsServer server(context, options);
  if (!server.serves()) {
    return false;
  }
  boost::asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&context](error_code, int) { context.stop(); });
  server.start();
  notify_manager("READY=1");
  context.run();
  return true;
}

}  // namespace kwsd
