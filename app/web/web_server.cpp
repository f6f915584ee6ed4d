#include "app/web/web_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <utility>

#include "app/base/log.h"
#include "app/network/listeners.h"
#include "app/network/notify.h"
#include "app/web/gate.h"
#include "app/web/web_api.h"
#include "app/web/web_client.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr int most_clients = 64;

std::vector<Acceptor> bind_all(boost::asio::io_context& context, const WebOptions& options) {
  std::vector<Acceptor> acceptors = inherited_listeners(context);
  if (!acceptors.empty()) {
    return acceptors;
  }
  for (const std::string& uri : options.uris) {
    acceptors.push_back(listen_on(context, uri));
    const auto* bound = std::get_if<tcp::acceptor>(&acceptors.back());
    if (bound != nullptr && !bound->local_endpoint().address().is_loopback() && !options.remote) {
      throw Error(ErrorKind::usage, "--uri: found '" + uri +
                                        "', expected an address of this machine alone (127.0.0.1, [::1]) or "
                                        "unix://PATH; --remote allows others");
    }
  }
  return acceptors;
}

/// "127.0.0.1:2780" of the first TCP socket; empty: there is none.
std::string first_address(const std::vector<Acceptor>& acceptors) {
  for (const Acceptor& acceptor : acceptors) {
    if (const auto* bound = std::get_if<tcp::acceptor>(&acceptor)) {
      const tcp::endpoint end = bound->local_endpoint();
      const std::string ip = end.address().to_string();
      return (end.address().is_v6() ? "[" + ip + "]" : ip) + ":" + std::to_string(end.port());
    }
  }
  return "";
}

/// The names that a browser on this machine uses, and those of --host.
std::vector<std::string> host_names(const std::vector<Acceptor>& acceptors, const WebOptions& options) {
  std::vector<std::string> names = options.hosts;
  for (const Acceptor& acceptor : acceptors) {
    if (const auto* bound = std::get_if<tcp::acceptor>(&acceptor)) {
      const std::string port = ":" + std::to_string(bound->local_endpoint().port());
      for (const std::string& name : options.hosts) {
        names.push_back(name + port);
      }
      for (const char* name : {"127.0.0.1", "localhost", "[::1]"}) {
        names.push_back(name + port);
      }
    } else {
      names.emplace_back("localhost");
    }
  }
  return names;
}

class WebServer {
 public:
  explicit WebServer(const WebOptions& options)
      : acceptors_(bind_all(context_, options)),
        gate_(host_names(acceptors_, options), WebSecrets::random()),
        api_(std::make_shared<WebApi>(context_, options, gate_.secrets().page)) {}

  void run() {
    std::signal(SIGPIPE, SIG_IGN);
    boost::asio::signal_set signals(context_, SIGINT, SIGTERM);
    signals.async_wait([this](error_code, int) { context_.stop(); });
    for (Acceptor& acceptor : acceptors_) {
      accept_each(acceptor, [this](auto socket) { admit(BrowserSocket(std::move(socket))); });
    }
    api_->start();
    const std::string address = first_address(acceptors_);
    std::printf("http://%s/?token=%s\n", address.empty() ? "localhost" : address.c_str(),
                gate_.secrets().login.c_str());
    std::fflush(stdout);
    notify_manager("READY=1");
    context_.run();
    notify_manager("STOPPING=1");
  }

 private:
  void admit(BrowserSocket socket) {
    if (clients_ < most_clients) {  // otherwise closes the connection
      serve_web_client(std::move(socket), gate_, api_, clients_);
    }
  }

  int clients_ = 0;  // outlives the context, whose pending operations hold clients
  boost::asio::io_context context_{1};
  std::vector<Acceptor> acceptors_;
  Gate gate_;
  std::shared_ptr<WebApi> api_;
};

}  // namespace

void run_web_server(const WebOptions& options) {
  WebServer(options).run();
}

}  // namespace kwsd
