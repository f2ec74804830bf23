// SPDX-License-Identifier: Apache-2.0
// One blocking TCP conversation with a deadline, for checks of other people's servers.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace leoflow::api {

class SocketTalk {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // `unavailable` or `timeout` names host, port and reason. Looking up the name is as slow as the
  // system's resolver.
  static Result<SocketTalk> connect(const std::string& host, uint16_t port, Deadline deadline);

  Status send(std::string_view bytes);
  // At least one and at most `size` bytes; an empty text when the other end has closed.
  Result<std::string> receive(size_t size);
  // Exactly `size` bytes; `unavailable` when the other end closes before.
  Result<std::string> receive_exactly(size_t size);

 private:
  SocketTalk(Fd fd, std::string name, Deadline deadline)
      : fd_(std::move(fd)), name_(std::move(name)), deadline_(deadline) {}
  Status wait(short events) const;

  Fd fd_;
  std::string name_;  // "host:port"
  Deadline deadline_;
};

}  // namespace leoflow::api
