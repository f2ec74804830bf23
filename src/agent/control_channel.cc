// SPDX-License-Identifier: Apache-2.0
#include "agent/control_channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"

namespace leoflow {

namespace {
constexpr size_t kReadBytes = 64 * 1024;
constexpr int kReadsPerTurn = 16;
}  // namespace

ControlChannel::ControlChannel(Loop& loop, Fd socket,
                               std::function<void(std::string frame)> on_frame)
    : loop_(loop), socket_(std::move(socket)), on_frame_(std::move(on_frame)) {
  fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
  loop_.watch(socket_.get(), Loop::Ready::read, [this] { on_readable(); });
}

ControlChannel::~ControlChannel() { close(); }

void ControlChannel::close() {
  if (!socket_) return;
  loop_.unwatch(socket_.get(), Loop::Ready::read);
  loop_.unwatch(socket_.get(), Loop::Ready::write);
  socket_.reset();
}

void ControlChannel::send(std::string_view json) {
  unsent_ += encode_frame(json);
  flush();
}

void ControlChannel::flush() {
  while (socket_ && !unsent_.empty()) {
    ssize_t sent = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) {
      if (!watching_write_) loop_.watch(socket_.get(), Loop::Ready::write, [this] { flush(); });
      watching_write_ = true;
      return;
    }
    if (sent < 0) {
      unsent_.clear();  // the process is gone; its exit is told elsewhere
      break;
    }
    unsent_.erase(0, size_t(sent));
  }
  if (watching_write_ && socket_) loop_.unwatch(socket_.get(), Loop::Ready::write);
  watching_write_ = false;
}

void ControlChannel::pause() {
  if (paused_ || !socket_) return;
  paused_ = true;
  loop_.unwatch(socket_.get(), Loop::Ready::read);
}

void ControlChannel::resume() {
  if (!paused_) return;
  paused_ = false;
  if (socket_) loop_.watch(socket_.get(), Loop::Ready::read, [this] { on_readable(); });
  deliver();
}

void ControlChannel::drain() {
  paused_ = true;  // unwatched below; frames are delivered whatever waits for an answer
  if (!socket_) return;
  loop_.unwatch(socket_.get(), Loop::Ready::read);
  char buffer[kReadBytes];
  ssize_t got = 0;
  while ((got = read(socket_.get(), buffer, sizeof buffer)) > 0)
    reader_.feed(std::string_view(buffer, size_t(got)));
  paused_ = false;
  deliver();
  paused_ = true;
}

void ControlChannel::on_readable() {
  char buffer[kReadBytes];
  for (int i = 0; i < kReadsPerTurn; ++i) {
    ssize_t got = read(socket_.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) {
      loop_.unwatch(socket_.get(), Loop::Ready::read);
      break;
    }
    reader_.feed(std::string_view(buffer, size_t(got)));
    if (size_t(got) < sizeof buffer) break;
  }
  deliver();
}

void ControlChannel::deliver() {
  if (delivering_) return;  // on_frame answered at once: the outer loop goes on
  delivering_ = true;
  while (!paused_) {
    auto frame = reader_.next();
    if (!frame) {
      log::warning(frame.error().message());
      close();
      break;
    }
    if (!*frame) break;
    on_frame_(std::move(**frame));
  }
  delivering_ = false;
}

}  // namespace leoflow
