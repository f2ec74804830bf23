// SPDX-License-Identifier: Apache-2.0
#include "cli/connection.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>

#include "cli/tls_trust.h"

namespace leoflow::cli {
namespace {

constexpr uint16_t kHttpPort = 80, kHttpsPort = 443;

std::unexpected<Error> no_server(const Url& url, std::string_view reason) {
  return fail(Code::unavailable,
              "no server answers at " + url.text() + " (" + std::string(reason) + ")",
              "start one with `leoflow lite DIR`, or name another with --server URL");
}

// True when fd is ready, false at the timeout.
Result<bool> wait_ready(int fd, short events, std::chrono::milliseconds timeout) {
  auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd entry{fd, events, 0};
    int count = poll(&entry, 1, left.count() > 0 ? int(left.count()) : 0);
    if (count > 0) return true;
    if (count == 0) return false;
    if (errno != EINTR) return fail(from_errno("poll", "the connection"));
  }
}

Result<Fd> connect_to(const Url& url, const addrinfo& address, std::chrono::milliseconds timeout) {
  Fd socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail(from_errno("create", "a socket"));
  int on = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return socket;
  if (errno != EINPROGRESS) return no_server(url, from_errno("connect to", url.host).message());
  auto ready = wait_ready(socket.get(), POLLOUT, timeout);
  if (!ready) return fail(ready);
  if (!*ready) return no_server(url, "no answer in time");
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) return socket;
  return no_server(url, error == ECONNREFUSED ? "connection refused"
                                              : from_errno("connect", url.host, error).message());
}

Result<Fd> connect_to(const Url& url, std::chrono::milliseconds timeout) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  int error = getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &wanted, &raw);
  if (error != 0) return no_server(url, gai_strerror(error));
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(raw, &freeaddrinfo);
  Result<Fd> socket = no_server(url, "no address");
  for (const addrinfo* one = raw; one && !socket; one = one->ai_next)
    socket = connect_to(url, *one, timeout);
  return socket;
}

// What an operation of TLS waits for; 0 when it does not wait but failed.
short events_wanted(const SSL* tls, int returned) {
  switch (SSL_get_error(tls, returned)) {
    case SSL_ERROR_WANT_READ: return POLLIN;
    case SSL_ERROR_WANT_WRITE: return POLLOUT;
    default: return 0;
  }
}

}  // namespace

std::string Url::text() const {
  bool v6 = host.find(':') != std::string::npos;
  return (tls ? "https://" : "http://") + (v6 ? "[" + host + "]" : host) + ":" +
         std::to_string(port) + path;
}

Result<Url> parse_url(std::string_view text) {
  std::string_view rest = text;
  auto invalid = [&](std::string_view why) {
    return fail(Code::invalid, "the server address '" + std::string(text) + "' " + std::string(why),
                "write it as http://HOST:PORT or https://HOST:PORT");
  };
  Url url;
  url.tls = rest.starts_with("https://");
  if (url.tls) rest.remove_prefix(8);
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  url.port = url.tls ? kHttpsPort : kHttpPort;
  size_t slash = std::min(rest.find('/'), rest.size());
  url.path = rest.substr(slash);
  while (url.path.ends_with('/')) url.path.pop_back();
  rest = rest.substr(0, slash);
  size_t bracket = rest.starts_with('[') ? rest.find(']') : std::string_view::npos;
  size_t colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    std::string_view port = rest.substr(colon + 1);
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size() || url.port == 0)
      return invalid("has no valid port");
    rest = rest.substr(0, colon);
  }
  if (bracket != std::string_view::npos) rest = rest.substr(1, bracket - 1);
  url.host = rest;
  if (url.host.empty() || url.host.find_first_of(" @?#") != std::string::npos)
    return invalid("has no valid host");
  return url;
}

Result<Connection> Connection::open(const Url& url, const Trust& trust, Timeout timeout) {
  auto socket = connect_to(url, timeout);
  if (!socket) return fail(socket);
  Connection connection(std::move(*socket));
  if (!url.tls) return connection;
  if (auto ready = connection.shake_hands(url, trust, timeout); !ready) return fail(ready);
  return connection;
}

Status Connection::shake_hands(const Url& url, const Trust& trust, Timeout timeout) {
  auto tls = client_tls(url, trust);
  if (!tls) return fail(tls);
  tls_.reset(*tls);
  SSL_set_fd(tls_.get(), socket_.get());
  while (true) {
    int returned = SSL_connect(tls_.get());
    if (returned == 1) break;
    short events = events_wanted(tls_.get(), returned);
    if (events == 0) return tls_failure(tls_.get(), url);
    auto ready = wait_ready(socket_.get(), events, timeout);
    if (!ready) return fail(ready);
    if (!*ready) return no_server(url, "no answer in time");
  }
  return check_own_certificate(tls_.get(), url, trust);
}

Status Connection::send(std::string_view text, Timeout timeout) {
  while (!text.empty()) {
    short events = POLLOUT;
    if (tls_) {
      size_t count = 0;
      int returned = SSL_write_ex(tls_.get(), text.data(), text.size(), &count);
      text.remove_prefix(count);
      if (returned == 1) continue;
      events = events_wanted(tls_.get(), returned);
      if (events == 0) return fail(Code::unavailable, "the server closed the connection");
    } else {
      ssize_t count = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (count >= 0) text.remove_prefix(size_t(count));
      if (count >= 0 || errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return fail(from_errno("send", "the request"));
    }
    auto ready = wait_ready(socket_.get(), events, timeout);
    if (!ready) return fail(ready);
    if (!*ready) return fail(Code::timeout, "the server does not take the request");
  }
  return {};
}

Result<std::optional<size_t>> Connection::receive(char* into, size_t size) {
  if (tls_) {
    size_t count = 0;
    int returned = SSL_read_ex(tls_.get(), into, size, &count);
    if (returned == 1) return count;
    if (events_wanted(tls_.get(), returned) != 0) return std::nullopt;
    if (SSL_get_error(tls_.get(), returned) == SSL_ERROR_ZERO_RETURN) return 0;
    return fail(Code::unavailable, "the server broke off the connection");
  }
  ssize_t count = recv(socket_.get(), into, size, 0);
  if (count >= 0) return size_t(count);
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
  return fail(Code::unavailable, from_errno("read", "the server's answer").message());
}

Result<bool> Connection::wait_readable(Timeout timeout) const {
  return has_buffered() ? Result<bool>(true) : wait_ready(socket_.get(), POLLIN, timeout);
}

}  // namespace leoflow::cli
