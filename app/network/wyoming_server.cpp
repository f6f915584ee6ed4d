#include "app/network/wyoming_server.h"

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <csignal>
#include <list>
#include <memory>

#include "app/base/log.h"
#include "app/network/listeners.h"
#include "app/network/notify.h"
#include "app/network/wyoming_connection.h"
#include "app/settings/options.h"

namespace kwsd {

namespace {

using Socket = boost::asio::generic::stream_protocol::socket;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;

constexpr std::size_t read_bytes = 8192;           // a turn of one connection: a quarter of a second of sound
constexpr std::size_t most_unread_bytes = 262144;  // of answers that a client does not take
constexpr auto sweep_period = std::chrono::seconds(1);
constexpr auto accept_pause = std::chrono::milliseconds(100);

/// A client. Closes itself when the client hangs up, breaks the protocol, or does not take its answers.
class Client : public std::enable_shared_from_this<Client> {
 public:
  Client(Socket socket, std::shared_ptr<const WyomingService> service)
      : socket_(std::move(socket)), connection_(std::move(service)) {}

  void start() { read(); }
  void close() {
    error_code ignored;
    socket_.close(ignored);
  }
  [[nodiscard]] bool closed() const { return !socket_.is_open(); }
  [[nodiscard]] Clock::time_point last_heard() const { return last_heard_; }

 private:
  void read() {
    socket_.async_read_some(boost::asio::buffer(input_),
                            [self = shared_from_this()](error_code error, std::size_t bytes) {
                              error ? self->close() : self->take(bytes);
                            });
  }

  void take(std::size_t bytes) {
    last_heard_ = Clock::now();
    last_ = !connection_.take({input_.data(), bytes}, waiting_);
    if (waiting_.size() > most_unread_bytes) {
      spdlog::warn("Wyoming: a client does not read its answers; closing its connection");
      return close();
    }
    write();
    if (!last_) {
      read();
    }
  }

  /// One write at a time; what comes up meanwhile waits.
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

  Socket socket_;
  WyomingConnection connection_;
  std::array<char, read_bytes> input_;
  std::string waiting_, writing_;
  Clock::time_point last_heard_ = Clock::now();
  bool last_ = false;  // close once the answers are sent
};

class Server {
 public:
  Server(boost::asio::io_context& context, const WyomingOptions& options, WyomingService service)
      : context_(context),
        options_(options),
        service_(std::make_shared<const WyomingService>(std::move(service))),
        acceptors_(inherited_listeners(context)),
        sweeper_(context) {
    if (acceptors_.empty()) {
      for (const std::string& uri : options.uris) {
        acceptors_.push_back(listen_on(context, uri));
      }
    }
  }

  void start() {
    for (Acceptor& acceptor : acceptors_) {
      std::visit([this](auto& listening) { accept(listening); }, acceptor);
    }
    sweep();
  }

 private:
  template <class Listening>
  void accept(Listening& listening) {
    listening.async_accept([this, &listening](error_code error, auto socket) {
      if (error == boost::asio::error::operation_aborted) {
        return;
      }
      if (error) {  // out of descriptors, say: later there may be some
        auto pause = std::make_shared<boost::asio::steady_timer>(context_, accept_pause);
        pause->async_wait([this, &listening, pause](error_code) { accept(listening); });
        return;
      }
      admit(Socket(std::move(socket)));
      accept(listening);
    });
  }

  void admit(Socket socket) {
    if (clients_.size() >= static_cast<std::size_t>(options_.most_connections)) {
      if (!full_) {
        spdlog::warn("Wyoming: {} clients are connected; further connections are rejected", clients_.size());
      }
      full_ = true;
      return;  // closes the socket
    }
    auto client = std::make_shared<Client>(std::move(socket), service_);
    client->start();
    clients_.push_back(std::move(client));
  }

  /// Forgets clients that have gone, and closes those that have been silent for too long.
  void sweep() {
    const auto silent_since = Clock::now() - std::chrono::duration<double>(options_.idle_seconds);
    clients_.remove_if([silent_since](const std::shared_ptr<Client>& client) {
      if (!client->closed() && client->last_heard() < silent_since) {
        client->close();
      }
      return client->closed();
    });
    full_ = full_ && clients_.size() >= static_cast<std::size_t>(options_.most_connections);
    sweeper_.expires_after(sweep_period);
    sweeper_.async_wait([this](error_code error) {
      if (!error) {
        sweep();
      }
    });
  }

  boost::asio::io_context& context_;
  const WyomingOptions& options_;
  std::shared_ptr<const WyomingService> service_;
  std::vector<Acceptor> acceptors_;
  std::list<std::shared_ptr<Client>> clients_;
  boost::asio::steady_timer sweeper_;
  bool full_ = false;
};

}  // namespace

void run_wyoming_server(const WyomingOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  boost::asio::io_context context(1);
  auto service =
      make_wyoming_service(load_spotter(options.recognition), options.recognition, options.language);
  const std::size_t keywords = service.info["wake"][0]["models"].size();
  (void)WyomingConnection(
      std::make_shared<const WyomingService>(service));  // throws for a threshold of no keyword
  Server server(context, options, std::move(service));
  boost::asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&context](error_code, int) { context.stop(); });
  server.start();
  spdlog::info("Wyoming: serving {} keywords", keywords);
  notify_manager("READY=1");
  context.run();
  notify_manager("STOPPING=1");
}

}  // namespace kwsd
