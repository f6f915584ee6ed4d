#include "app/web/control_link.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "app/base/steady_seconds.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

using boost::system::error_code;

constexpr const char* no_kwsd = R"({"error":"no kwsd answers at the control socket","code":69})";

}  // namespace

ControlLink::ControlLink(boost::asio::io_context& context, const std::string& path, OnLine on_event,
                         std::function<void()> on_connection)
    : socket_(context),
      timer_(context),
      on_event_(std::move(on_event)),
      on_connection_(std::move(on_connection)) {
  if (path.empty() || path.size() > sizeof(sockaddr_un{}.sun_path) - 1) {
    throw Error(ErrorKind::usage,
                "--control: found '" + printable(path) + "', expected a path of 1 to 107 bytes");
  }
  endpoint_ = boost::asio::local::stream_protocol::endpoint(path);
}

void ControlLink::start() {
  connect();
  tick();
}

/// A local socket connects at once or not at all.
void ControlLink::connect() {
  error_code error;
  socket_.connect(endpoint_, error);
  if (error) {
    socket_.close(error);
    return;
  }
  connected_ = true;
  ask(R"({"command":"subscribe"})", [](const std::string&) {});
  read();
  on_connection_();
}

void ControlLink::ask(const std::string& request, OnLine on_answer) {
  if (!connected_ || pending_.size() >= most_pending) {
    return on_answer(no_kwsd);
  }
  pending_.push_back({std::move(on_answer), now_seconds() + answer_seconds});
  waiting_ += request + '\n';
  if (sending_.empty()) {
    write();
  }
}

void ControlLink::write() {
  sending_ = std::exchange(waiting_, {});
  boost::asio::async_write(socket_, boost::asio::buffer(sending_), [this](error_code error, std::size_t) {
    if (error == boost::asio::error::operation_aborted) {
      return;
    }
    sending_.clear();
    if (error) {
      lose();
    } else if (!waiting_.empty()) {
      write();
    }
  });
}

void ControlLink::read() {
  boost::asio::async_read_until(socket_, boost::asio::dynamic_buffer(received_, most_line_bytes), '\n',
                                [this](error_code error, std::size_t bytes) {
                                  if (error == boost::asio::error::operation_aborted) {
                                    return;
                                  }
                                  if (error) {
                                    return lose();
                                  }
                                  std::string line = received_.substr(0, bytes - 1);
                                  received_.erase(0, bytes);
                                  take(std::move(line));
                                  if (connected_) {
                                    read();
                                  }
                                });
}

void ControlLink::take(std::string line) {
  if (line.starts_with(R"({"event":)")) {
    on_event_(line);
  } else if (!pending_.empty()) {
    const OnLine on_answer = std::move(pending_.front().on_answer);
    pending_.pop_front();
    on_answer(line);
  }
}

void ControlLink::lose() {
  error_code ignored;
  socket_.close(ignored);
  received_.clear();
  sending_.clear();
  waiting_.clear();
  if (std::exchange(connected_, false)) {
    for (const Pending& lost : std::exchange(pending_, {})) {
      lost.on_answer(no_kwsd);
    }
    on_connection_();
  }
}

void ControlLink::tick() {
  if (!pending_.empty() && pending_.front().until < now_seconds()) {
    lose();
  } else if (!connected_) {  // what was lost has ended since
    connect();
  }
  timer_.expires_after(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(retry_seconds)));
  timer_.async_wait([this](error_code error) {
    if (!error) {
      tick();
    }
  });
}

}  // namespace kwsd
