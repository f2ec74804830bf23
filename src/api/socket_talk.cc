// SPDX-License-Identifier: Apache-2.0
#include "api/socket_talk.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace leoflow::api {
namespace {

std::unexpected<Error> unreachable(const std::string& name, const std::string& why) {
  return fail(Code::unavailable, name + " cannot be reached: " + why);
}

int socket_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace

Status SocketTalk::wait(short events) const {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline_ - std::chrono::steady_clock::now());
  pollfd one{fd_.get(), events, 0};
  int ready = left.count() > 0 ? poll(&one, 1, int(left.count())) : 0;
  if (ready > 0) return {};
  if (ready == 0) return fail(Code::timeout, name_ + " does not answer in time");
  return unreachable(name_, std::strerror(errno));
}

Result<SocketTalk> SocketTalk::connect(const std::string& host, uint16_t port, Deadline deadline) {
  std::string name = host + ":" + std::to_string(port);
  addrinfo hints{.ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  int status = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (status != 0) return unreachable(name, gai_strerror(status));
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  int last = 0;
  for (const addrinfo* one = found; one; one = one->ai_next) {
    Fd fd(socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) continue;
    int started = ::connect(fd.get(), one->ai_addr, one->ai_addrlen);
    if (started != 0 && errno != EINPROGRESS) {
      last = errno;
      continue;
    }
    SocketTalk talk(std::move(fd), name, deadline);
    if (auto ready = talk.wait(POLLOUT); !ready) return fail(ready);
    last = socket_error(talk.fd_.get());
    if (last == 0) return talk;
  }
  return unreachable(name, std::strerror(last));
}

Status SocketTalk::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (auto ready = wait(POLLOUT); !ready) return ready;
    ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR)
      return unreachable(name_, std::strerror(errno));
    if (count > 0) bytes.remove_prefix(size_t(count));
  }
  return {};
}

Result<std::string> SocketTalk::receive(size_t size) {
  std::string bytes(size, '\0');
  while (true) {
    if (auto ready = wait(POLLIN); !ready) return fail(ready);
    ssize_t count = recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count < 0) return unreachable(name_, std::strerror(errno));
    bytes.resize(size_t(count));
    return bytes;
  }
}

Result<std::string> SocketTalk::receive_exactly(size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    auto part = receive(size - bytes.size());
    if (!part) return part;
    if (part->empty()) return unreachable(name_, "it closed the connection");
    bytes += *part;
  }
  return bytes;
}

}  // namespace leoflow::api
