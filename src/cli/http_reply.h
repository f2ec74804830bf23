// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 reply taken apart as its bytes arrive. Pure; the socket is in http_client.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leoflow::cli {

constexpr size_t kReplyHeadBytesMax = 64 * 1024;

class ReplyReader {
 public:
  // Takes the next bytes of the connection. `internal` when they are not HTTP/1.1.
  Status feed(std::string_view bytes);
  // The peer closed. `unavailable` when the reply is not complete.
  Status finish();

  bool has_head() const { return stage_ != Stage::head; }
  bool complete() const { return stage_ == Stage::done; }
  int status() const { return status_; }
  const std::string& content_type() const { return content_type_; }
  // The decoded body since the last call.
  std::string take_body();
  size_t body_size() const { return body_.size(); }

 private:
  enum class Stage {
    head,
    by_length,
    chunk_size,
    chunk_data,
    chunk_end,
    trailer,
    until_close,
    done
  };

  Status read_head();
  Status read_header(std::string_view line);
  void after_head();
  Status advance();     // as far as the buffer allows
  Result<bool> step();  // false: more bytes are needed
  Result<bool> step_chunk_line();
  bool take_data(Stage next);

  Stage stage_ = Stage::head;
  std::string buffer_, body_, content_type_;
  int status_ = 0;
  bool chunked_ = false, has_length_ = false;
  uint64_t left_ = 0;  // bytes of the body or chunk still to come
};

}  // namespace leoflow::cli
