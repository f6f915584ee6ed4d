#include "app/network/listeners.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdlib>

#include "engine/model/error.h"
#include "engine/model/limits.h"

#ifdef KWSD_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

namespace kwsd {

namespace {

using boost::asio::ip::tcp;
using local = boost::asio::local::stream_protocol;

tcp::acceptor listen_tcp(boost::asio::io_context& context, const std::string& uri,
                         const std::string& address) {
  const std::size_t colon = address.rfind(':');
  std::string host = colon == std::string::npos ? "" : address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);  // IPv6
  }
  char* end = nullptr;
  const std::string digits = colon == std::string::npos ? "" : address.substr(colon + 1);
  const unsigned long port = std::strtoul(digits.c_str(), &end, 10);
  if (host.empty() || digits.empty() || *end != '\0' || port > 65535) {
    throw Error(ErrorKind::usage,
                "--uri: found '" + printable(uri) + "', expected tcp://HOST:PORT or unix://PATH");
  }
  boost::system::error_code error;
  const auto ip = boost::asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error) {
    throw Error(ErrorKind::usage,
                "--uri: found host '" + printable(host) + "', expected an IP address or localhost");
  }
  const tcp::endpoint endpoint(ip, static_cast<std::uint16_t>(port));
  tcp::acceptor acceptor(context);
  acceptor.open(endpoint.protocol(), error);
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  acceptor.bind(endpoint, error);
  if (!error) {
    acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  }
  if (error) {
    throw Error(ErrorKind::unavailable, uri + ": " + error.message());
  }
  return acceptor;
}

/// Removes a socket without a listening program.
void make_way(boost::asio::io_context& context, const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) {
    boost::system::error_code error;
    local::socket probe(context);
    probe.connect(local::endpoint(path), error);
    if (error == boost::asio::error::connection_refused) {
      unlink(path.c_str());
    }
  }
}

local::acceptor listen_unix(boost::asio::io_context& context, const std::string& uri,
                            const std::string& path) {
  if (path.empty() || path.size() > sizeof(sockaddr_un{}.sun_path) - 1) {
    throw Error(ErrorKind::usage, "--uri: found '" + printable(uri) + "', expected a path of 1 to 107 bytes");
  }
  make_way(context, path);
  boost::system::error_code error;
  local::acceptor acceptor(context);
  acceptor.open(local(), error);
  const mode_t mask = umask(0117);
  acceptor.bind(local::endpoint(path), error);
  umask(mask);
  if (!error) {
    acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  }
  if (error) {
    throw Error(ErrorKind::unavailable, uri + ": " + error.message());
  }
  return acceptor;
}

}  // namespace

std::vector<Acceptor> inherited_listeners(boost::asio::io_context& context) {
  std::vector<Acceptor> acceptors;
#ifdef KWSD_SYSTEMD
  const int count = sd_listen_fds(1);
  for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; ++fd) {
    if (sd_is_socket(fd, AF_INET, SOCK_STREAM, 1) > 0) {
      acceptors.emplace_back(tcp::acceptor(context, tcp::v4(), fd));
    } else if (sd_is_socket(fd, AF_INET6, SOCK_STREAM, 1) > 0) {
      acceptors.emplace_back(tcp::acceptor(context, tcp::v6(), fd));
    } else if (sd_is_socket_unix(fd, SOCK_STREAM, 1, nullptr, 0) > 0) {
      acceptors.emplace_back(local::acceptor(context, local(), fd));
    } else {
      throw Error(ErrorKind::usage, "socket activation: descriptor " + std::to_string(fd) +
                                        " is not a listening stream socket");
    }
  }
#else
  (void)context;
#endif
  return acceptors;
}

Acceptor listen_on(boost::asio::io_context& context, const std::string& uri) {
  if (uri.starts_with("tcp://")) {
    return listen_tcp(context, uri, uri.substr(6));
  }
  if (uri.starts_with("unix://")) {
    return listen_unix(context, uri, uri.substr(7));
  }
  throw Error(ErrorKind::usage,
              "--uri: found '" + printable(uri) + "', expected tcp://HOST:PORT or unix://PATH");
}

}  // namespace kwsd
