// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 reply taken apart as its bytes arrive, by Beast. Pure; the socket is in
// http_client.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leoflow::cli {

constexpr uint32_t kReplyHeadBytesMax = 64 * 1024;

class ReplyReader {
 public:
  ReplyReader();
  ReplyReader(ReplyReader&&) noexcept;
  ReplyReader& operator=(ReplyReader&&) noexcept;
  ~ReplyReader();

  // Takes the next bytes of the connection. `internal` when they are not HTTP/1.1.
  Status feed(std::string_view bytes);
  // The peer closed. `unavailable` when the reply is not complete.
  Status finish();

  bool has_head() const;
  bool complete() const;
  // Of the head, once it is there.
  int status() const;
  std::string content_type() const;  // in lower case, without parameters
  // The decoded body since the last call.
  std::string take_body();
  size_t body_size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace leoflow::cli
