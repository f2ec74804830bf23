// SPDX-License-Identifier: Apache-2.0
#include "cli/http_client.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

namespace leoflow::cli {
namespace {

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

Status send_text(int fd, std::string_view text, std::chrono::milliseconds timeout) {
  while (!text.empty()) {
    ssize_t count = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      text.remove_prefix(size_t(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      auto ready = wait_ready(fd, POLLOUT, timeout);
      if (!ready) return fail(ready);
      if (!*ready) return fail(Code::timeout, "the server does not take the request");
    } else if (errno != EINTR) {
      return fail(from_errno("send", "the request"));
    }
  }
  return {};
}

// Feeds what is there to the reader; false when nothing is there now.
Result<bool> receive(int fd, ReplyReader& reader) {
  std::array<char, 65536> buffer;
  ssize_t count = recv(fd, buffer.data(), buffer.size(), 0);
  if (count < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return false;
    return fail(Code::unavailable, from_errno("read", "the server's answer").message());
  }
  Status status = count == 0 ? reader.finish() : reader.feed({buffer.data(), size_t(count)});
  if (!status) return fail(status);
  return true;
}

Status receive_until(int fd, ReplyReader& reader, std::chrono::milliseconds timeout,
                     auto satisfied) {
  while (!satisfied()) {
    auto ready = wait_ready(fd, POLLIN, timeout);
    if (!ready) return fail(ready);
    if (!*ready) return fail(Code::timeout, "the server did not answer in time");
    auto got = receive(fd, reader);
    if (!got) return fail(got);
    if (reader.body_size() > kReplyBodyBytesMax)
      return fail(Code::exhausted, "the answer is longer than 256 MiB");
  }
  return {};
}

}  // namespace

std::string Url::text() const {
  bool v6 = host.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port) + path;
}

Result<Url> parse_url(std::string_view text) {
  std::string_view rest = text;
  auto invalid = [&](std::string_view why) {
    return fail(Code::invalid, "the server address '" + std::string(text) + "' " + std::string(why),
                "write it as http://HOST:PORT");
  };
  if (rest.starts_with("https://")) {
    return fail(
        Code::invalid, "the server address '" + std::string(text) + "' asks for https",
        "this client speaks plain http: use a tunnel such as `ssh -L 8080:localhost:8080 HOST`");
  }
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  Url url;
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

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (unsigned char c : text) {
    if (isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      result += char(c);
    } else {
      result += {'%', kDigits[c >> 4], kDigits[c & 15]};
    }
  }
  return result;
}

Result<std::string> HttpStream::read_available() {
  while (!reader_.complete() && reader_.body_size() < (size_t(1) << 20)) {
    auto got = receive(socket_.get(), reader_);
    if (!got) return fail(got);
    if (!*got) break;
  }
  return reader_.take_body();
}

Result<Fd> HttpClient::request(std::string_view method, const std::string& target,
                               std::string_view accept, std::string_view body) {
  auto socket = connect_to(url_, timeouts_.connect);
  if (!socket) return socket;
  std::string text(method);
  text += " " + url_.path + target + " HTTP/1.1\r\nHost: " + url_.host + ":" +
          std::to_string(url_.port) +
          "\r\nUser-Agent: leoflow-cli\r\nConnection: close\r\nAccept: " + std::string(accept) +
          "\r\n";
  if (!token_.empty()) text += "Authorization: Bearer " + token_ + "\r\n";
  if (!body.empty()) text += "Content-Type: application/json\r\n";
  if (!body.empty() || method != "GET")
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  text += body;
  if (auto status = send_text(socket->get(), text, timeouts_.reply); !status) return fail(status);
  return socket;
}

Result<HttpReply> HttpClient::send(std::string_view method, const std::string& target,
                                   std::string_view body) {
  auto socket = request(method, target, "application/json", body);
  if (!socket) return fail(socket);
  ReplyReader reader;
  auto status =
      receive_until(socket->get(), reader, timeouts_.reply, [&] { return reader.complete(); });
  if (!status) {
    bool lost =
        status.error().code() == Code::unavailable || status.error().code() == Code::timeout;
    if (method == "GET" || !lost) return fail(status);
    return fail(Code::outcome_unknown,
                status.error().message() + "; the change may or may not have been made",
                "look before you repeat it");
  }
  return HttpReply{reader.status(), reader.content_type(), reader.take_body()};
}

Result<HttpStream> HttpClient::open(const std::string& target, std::string_view accept,
                                    int& status) {
  auto socket = request("GET", target, accept, {});
  if (!socket) return fail(socket);
  ReplyReader reader;
  auto received =
      receive_until(socket->get(), reader, timeouts_.reply, [&] { return reader.has_head(); });
  if (!received) return fail(received);
  status = reader.status();
  if (status != 200)
    return fail(Code::internal, "the server answered " + std::to_string(status) + " to " + target);
  return HttpStream(std::move(*socket), std::move(reader));
}

}  // namespace leoflow::cli
