// Shared code of the servers for other programs' sound: sockets, limits on their clients, and the choice of
// the room that answers. Thread: all on the thread that calls run, but for the work of RecognitionThreads.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <list>
#include <memory>
#include <utility>

#include "app/base/log.h"
#include "app/base/steady_seconds.h"
#include "app/network/keyword_stream.h"
#include "app/network/listeners.h"
#include "app/network/notify.h"
#include "app/network/recognition_threads.h"
#include "app/network/room_arbiter.h"
#include "app/network/server_options.h"
#include "app/network/token_bucket.h"
#include "app/streams/stream_governor.h"

namespace kwsd {

using ClientSocket = boost::asio::generic::stream_protocol::socket;

/// What a client needs from its server.
struct ClientContext {
  std::uint64_t id = 0;
  RecognitionThreads::Seat seat;
  TokenBucket bytes;                                 ///< that it may send
  RoomArbiter* rooms = nullptr;                      ///< null: every stream answers for itself
  std::function<void()> decide;                      ///< call after claims
  std::shared_ptr<StreamGovernor::Member> governed;  ///< null: the branch is fixed
};

/// Client: a class with start(), close(), closed(), last_heard() (steady seconds) and say(text).
template <class Client>
class StreamServer {
 public:
  using MakeClient = std::function<std::shared_ptr<Client>(ClientSocket, ClientContext)>;

  /// `name` is for the log. Throws Error if no socket is available.
  StreamServer(const char* name, const ServerOptions& options, MakeClient make)
      : name_(name),
        options_(options),
        make_(std::move(make)),
        acceptors_(inherited_listeners(context_)),
        sweeper_(context_),
        decider_(context_),
        governor_timer_(context_),
        arrivals_(options.most_connections_a_second, options.most_connections_a_second),
        threads_(context_, options.threads > 0 ? options.threads : default_recognition_threads()) {
    if (acceptors_.empty()) {
      for (const std::string& uri : options.uris) {
        acceptors_.push_back(listen_on(context_, uri));
      }
    }
  }

  /// Until SIGINT or SIGTERM.
  void run() {
    std::signal(SIGPIPE, SIG_IGN);
    boost::asio::signal_set signals(context_, SIGINT, SIGTERM);
    signals.async_wait([this](Code, int) { context_.stop(); });
    for (Acceptor& acceptor : acceptors_) {
      std::visit([this](auto& listening) { this->accept(listening); }, acceptor);
    }
    sweep();
    if (governs()) {
      govern();
    }
    notify_manager("READY=1");
    context_.run();
    notify_manager("STOPPING=1");
    for (const Entry& entry : clients_) {
      entry.client->close();  // the threads skip the work of closed clients
    }
  }

 private:
  using Code = boost::system::error_code;
  static constexpr auto sweep_period = std::chrono::seconds(1);
  static constexpr double govern_seconds = 0.25;
  static constexpr double accept_pause_seconds = 0.1;

  static auto duration(double seconds) {
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
  }

  template <class Listening>
  void accept_after(Listening& listening, double seconds) {
    auto pause = std::make_shared<boost::asio::steady_timer>(context_, duration(seconds));
    pause->async_wait([this, &listening, pause](Code) { accept(listening); });
  }

  template <class Listening>
  void accept(Listening& listening) {
    listening.async_accept([this, &listening](Code error, auto socket) {
      if (error == boost::asio::error::operation_aborted) {
        return;
      }
      if (error) {  // e.g. no descriptor is free: retry later
        return accept_after(listening, accept_pause_seconds);
      }
      admit(ClientSocket(std::move(socket)));
      const double wait = arrivals_.owe(1, now_seconds());
      wait > 0 ? accept_after(listening, wait) : accept(listening);
    });
  }

  [[nodiscard]] bool full() const {
    return clients_.size() >= static_cast<std::size_t>(options_.most_connections);
  }

  void admit(ClientSocket socket) {
    if (full()) {
      if (!std::exchange(full_, true)) {
        spdlog::warn("{}: {} clients are connected; further connections are rejected", name_,
                     clients_.size());
      }
      return;  // closes the socket
    }
    ClientContext context{++last_id_,
                          threads_.seat(),
                          TokenBucket(options_.most_bytes_a_second, 4 * options_.most_bytes_a_second),
                          options_.one_answer ? &rooms_ : nullptr,
                          [this] { decide(); },
                          governs() ? governor_.join("connection " + std::to_string(last_id_)) : nullptr};
    auto client = make_(std::move(socket), std::move(context));
    client->start();
    clients_.push_back({last_id_, std::move(client)});
  }

  /// Removes disconnected clients, and closes those that have been silent for too long.
  void sweep() {
    const double silent_since = now_seconds() - options_.idle_seconds;
    clients_.remove_if([&](const Entry& entry) {
      if (!entry.client->closed() && entry.client->last_heard() < silent_since) {
        entry.client->close();
      }
      if (entry.client->closed()) {
        rooms_.forget(entry.id);
      }
      return entry.client->closed();
    });
    full_ = full_ && full();
    sweeper_.expires_after(sweep_period);
    sweeper_.async_wait([this](Code error) {
      if (!error) {
        sweep();
      }
    });
  }

  [[nodiscard]] bool governs() const { return !fixed_branch(options_.recognition.branch); }

  /// Runs four times a second. The delay of the timer is the time that ready work waits for this thread.
  /// Sound also waits for the threads that recognize.
  void govern(double late_seconds = 0) {
    const double now = now_seconds();
    for (const auto& change :
         governor_.update(now, load_.sample(now), std::max(late_seconds, threads_.longest_wait()))) {
      spdlog::info("{}: {}, {:.0f} % of the work: branch {} ({})", name_, change.name, 100 * change.share,
                   branch_name(change.branch), governor_.governor().reason());
    }
    governor_timer_.expires_after(duration(govern_seconds));
    governor_timer_.async_wait([this, due = now + govern_seconds](Code error) {
      if (!error) {
        govern(std::max(now_seconds() - due, 0.0));
      }
    });
  }

  /// Notifies the streams which of them answers, now and when the next decision is due. A client that has
  /// gone does not answer.
  void decide() {
    if (rooms_.due() <= now_seconds()) {
      for (const Entry& entry : clients_) {
        if (entry.client->closed()) {
          rooms_.forget(entry.id);
        }
      }
    }
    for (RoomArbiter::Verdict& verdict : rooms_.decided(now_seconds())) {
      for (const Entry& entry : clients_) {
        if (entry.id == verdict.stream && !entry.client->closed()) {
          entry.client->say(std::move(verdict.text));
          break;
        }
      }
    }
    const double wait = rooms_.due() - now_seconds();
    if (wait < 1) {
      decider_.expires_after(duration(std::max(wait, 0.0)));
      decider_.async_wait([this](Code error) {
        if (!error) {
          decide();
        }
      });
    }
  }

  struct Entry {
    std::uint64_t id;
    std::shared_ptr<Client> client;
  };

  const char* name_;
  const ServerOptions& options_;
  MakeClient make_;
  boost::asio::io_context context_{1};
  std::vector<Acceptor> acceptors_;
  std::list<Entry> clients_;
  boost::asio::steady_timer sweeper_, decider_, governor_timer_;
  StreamGovernor governor_;
  CpuLoadReader load_;
  RoomArbiter rooms_;
  TokenBucket arrivals_;
  std::uint64_t last_id_ = 0;
  bool full_ = false;
  RecognitionThreads threads_;  // ends first: its work uses the clients and the context
};

}  // namespace kwsd
