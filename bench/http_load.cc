// SPDX-License-Identifier: Apache-2.0
// Two ends of an HTTP connection, for bench/figures/http.py:
//   leoflow_http_load hello         a bare Beast server on a free port, told on stdout
//   leoflow_http_load get PORT PATH CONNECTIONS SECONDS [TOKEN]
//                                               GETs over kept connections; prints what was
//                                               answered
#include <sys/epoll.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr int kHelloThreads = 2;

// One connection of the bare server.
class Hello : public std::enable_shared_from_this<Hello> {
 public:
  explicit Hello(tcp::socket socket) : socket_(std::move(socket)) {}
  void read() {
    request_ = {};
    http::async_read(socket_, buffer_, request_,
                     [self = shared_from_this()](const ErrorCode& error, size_t) {
                       if (!error) self->answer();
                     });
  }

 private:
  void answer() {
    response_ = {http::status::ok, 11};
    response_.set(http::field::content_type, "application/json");
    response_.body() = "{\"hello\":\"world\"}";
    response_.prepare_payload();
    http::async_write(socket_, response_,
                      [self = shared_from_this()](const ErrorCode& error, size_t) {
                        if (!error) self->read();
                      });
  }

  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
};

void accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](const ErrorCode& error, tcp::socket socket) {
    if (error) return;
    socket.set_option(tcp::no_delay(true));
    std::make_shared<Hello>(std::move(socket))->read();
    accept(acceptor);
  });
}

int hello() {
  asio::io_context io{kHelloThreads};
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  std::printf("%u\n", unsigned(acceptor.local_endpoint().port()));
  std::fflush(stdout);
  accept(acceptor);
  std::thread second([&io] { io.run(); });
  io.run();
  second.join();
  return 0;
}

// One kept connection of the load: a request is sent when the answer to the last one is whole.
class Getter {
 public:
  Getter(asio::io_context& io, uint16_t port, const std::string& request)
      : socket_(io), request_(request) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    socket_.set_option(tcp::no_delay(true));
    send();
  }
  int fd() { return socket_.native_handle(); }

  // Takes what has arrived; false when the connection is broken.
  bool take() {
    char buffer[65536];
    ErrorCode error;
    size_t count = socket_.read_some(asio::buffer(buffer), error);
    if (error) return false;
    answer_.append(buffer, count);
    size_t head = answer_.find("\r\n\r\n");
    if (head == std::string::npos) return true;
    size_t length = answer_.find("Content-Length: ");
    if (length == std::string::npos) return false;
    size_t whole = head + 4 + std::strtoul(answer_.c_str() + length + 16, nullptr, 10);
    if (answer_.size() < whole) return true;
    ++(answer_.starts_with("HTTP/1.1 200") ? good : bad);
    answer_.clear();
    return send();
  }

  size_t good = 0, bad = 0;

 private:
  bool send() {
    ErrorCode error;
    asio::write(socket_, asio::buffer(request_), error);
    return !error;
  }

  tcp::socket socket_;
  const std::string& request_;
  std::string answer_;
};

struct Load {
  uint16_t port = 0;
  std::string path;
  int connections = 0;
  double seconds = 0;
  std::string token;

  std::string request() const {
    std::string text = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    if (!token.empty()) text += "Authorization: Bearer " + token + "\r\n";
    return text + "\r\n";
  }
};

// Waits for what arrives and has it taken until the time is over; false: a connection broke.
template <typename Taker>
bool take_all(const std::vector<std::unique_ptr<Taker>>& takers, double seconds, double& took) {
  int poller = epoll_create1(0);
  for (const auto& taker : takers) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = taker.get()}};
    epoll_ctl(poller, EPOLL_CTL_ADD, taker->fd(), &event);
  }
  auto began = Clock::now();
  auto spent = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
  bool whole = true;
  while (spent() < seconds && whole) {
    epoll_event ready[256];
    int count = epoll_wait(poller, ready, int(std::size(ready)), 100);
    for (int i = 0; i < count; ++i) whole &= static_cast<Taker*>(ready[i].data.ptr)->take();
  }
  took = spent();
  return whole;
}

int get(const Load& load) {
  std::string request = load.request();
  asio::io_context io;
  std::vector<std::unique_ptr<Getter>> getters;
  for (int i = 0; i < load.connections; ++i)
    getters.push_back(std::make_unique<Getter>(io, load.port, request));
  double took = 0;
  bool whole = take_all(getters, load.seconds, took);
  size_t good = 0, bad = 0;
  for (const auto& getter : getters) {
    good += getter->good;
    bad += getter->bad;
  }
  std::printf("{\"good\": %zu, \"bad\": %zu, \"seconds\": %.4f, \"whole\": %s}\n", good, bad, took,
              whole ? "true" : "false");
  return 0;
}

// A stream of events: counts their ids.
class Listener {
 public:
  Listener(asio::io_context& io, uint16_t port, const std::string& request) : socket_(io) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    asio::write(socket_, asio::buffer(request));
  }
  int fd() { return socket_.native_handle(); }
  bool take() {
    char buffer[65536];
    ErrorCode error;
    size_t count = socket_.read_some(asio::buffer(buffer), error);
    for (std::string_view text(buffer, count); !text.empty();) {
      size_t at = text.find("event: ");
      if (at == std::string_view::npos) break;
      ++events;
      text.remove_prefix(at + 7);
    }
    return !error;
  }

  size_t events = 0;

 private:
  tcp::socket socket_;
};

int streams(const Load& load) {
  asio::io_context io;
  std::vector<std::unique_ptr<Listener>> listeners;
  for (int i = 0; i < load.connections; ++i)
    listeners.push_back(std::make_unique<Listener>(io, load.port, load.request()));
  std::printf("open\n");
  std::fflush(stdout);
  double took = 0;
  bool whole = take_all(listeners, load.seconds, took);
  size_t events = 0;
  for (const auto& listener : listeners) events += listener->events;
  std::printf("{\"events\": %zu, \"seconds\": %.4f, \"whole\": %s}\n", events, took,
              whole ? "true" : "false");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::string what = argc > 1 ? argv[1] : "";
  if (what == "hello") return hello();
  if ((what != "get" && what != "streams") || argc < 6) {
    std::fprintf(stderr,
                 "usage: leoflow_http_load hello\n"
                 "       leoflow_http_load get|streams PORT PATH CONNECTIONS SECONDS [TOKEN]\n");
    return 2;
  }
  Load load{uint16_t(std::atoi(argv[2])), argv[3], std::atoi(argv[4]), std::atof(argv[5]),
            argc > 6 ? argv[6] : ""};
  return what == "get" ? get(load) : streams(load);
}
