// SPDX-License-Identifier: Apache-2.0
#include "api/channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

namespace leoflow::api {
namespace {

iovec piece(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

class PlainChannel final : public Channel {
 public:
  explicit PlainChannel(int socket) : socket_(socket) {}

  Outcome handshake() override { return {Io::done}; }

  Outcome read(char* into, size_t size) override {
    ssize_t count = recv(socket_, into, size, 0);
    if (count > 0) return {Io::done, size_t(count)};
    return count == 0 ? Outcome{Io::closed} : failure(Io::wants_read);
  }

  Outcome write(std::string_view first, std::string_view second) override {
    iovec pieces[] = {piece(first), piece(second)};
    msghdr message{.msg_iov = pieces, .msg_iovlen = 2};
    ssize_t count = sendmsg(socket_, &message, MSG_NOSIGNAL);
    return count >= 0 ? Outcome{Io::done, size_t(count)} : failure(Io::wants_write);
  }

  void finish() override { shutdown(socket_, SHUT_WR); }
  bool secure() const override { return false; }

 private:
  // An interrupted call is as good as one that would have waited: the socket stays ready.
  static Outcome failure(Io when_busy) {
    bool busy = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return {busy ? when_busy : Io::failed};
  }

  const int socket_;
};

}  // namespace

std::unique_ptr<Channel> plain_channel(int socket) {
  return std::make_unique<PlainChannel>(socket);
}

}  // namespace leoflow::api
