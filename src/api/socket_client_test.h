// SPDX-License-Identifier: Apache-2.0
// A blocking client connection that speaks bytes, for tests of the server.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "base/file.h"

namespace leoflow::api {

class Client {
 public:
  explicit Client(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    timeval limit{.tv_sec = 20};
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  // False when the server has closed.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(size_t(count));
    }
    return true;
  }
  // Reads until text ends with, or contains, what is wanted; all there was when the server closes.
  std::string read_until(std::string_view wanted) {
    std::string text;
    char buffer[4096];
    while (text.find(wanted) == std::string::npos) {
      ssize_t count = recv(fd_.get(), buffer, sizeof buffer, 0);
      if (count <= 0) {
        closed = count == 0 || errno == ECONNRESET;
        break;
      }
      text.append(buffer, size_t(count));
    }
    return text;
  }
  std::string read_all() { return read_until("\x01never\x01"); }
  void hang_up() { fd_.reset(); }
  void end_sending() const { shutdown(fd_.get(), SHUT_WR); }
  int fd() const { return fd_.get(); }

  bool closed = false;

 private:
  Fd fd_;
};

}  // namespace leoflow::api
