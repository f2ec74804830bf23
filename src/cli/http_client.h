// SPDX-License-Identifier: Apache-2.0
// A small blocking HTTP/1.1 client: one connection per request, plain or TLS. One
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/connection.h"
#include "cli/http_reply.h"

namespace leoflow::cli {

constexpr size_t kReplyBodyBytesMax = size_t(256) << 20;
constexpr size_t kStreamPartBytesMax = size_t(1) << 20;  // of a stream, read at once

// A path segment or query value with everything but unreserved characters as %XX.
std::string percent_encode(std::string_view text);

struct HttpTimeouts {
  std::chrono::milliseconds connect{5000};
  std::chrono::milliseconds reply{60000};  // between two arrivals of bytes
};

struct HttpReply {
  int status = 0;
  std::string content_type, body;
};

// A reply whose body goes on for as long as the server likes.
class HttpStream {
 public:
  HttpStream(Connection connection, ReplyReader reader)
      : connection_(std::move(connection)), reader_(std::move(reader)) {}

  int fd() const { return connection_.fd(); }
  // What has arrived, without waiting; may be empty. `unavailable` when the connection broke before
  // the end.
  Result<std::string> read_available();
  // Nothing more will come.
  bool ended() const { return reader_.complete() && reader_.body_size() == 0; }

 private:
  Connection connection_;
  ReplyReader reader_;
};

class HttpClient {
 public:
  HttpClient(Url url, std::string token, Trust trust = {}, HttpTimeouts timeouts = {})
      : url_(std::move(url)),
        token_(std::move(token)),
        trust_(std::move(trust)),
        timeouts_(timeouts) {}

  const Url& url() const { return url_; }
  // Any status is a reply. Errors: those of Connection, `timeout`, and
  // `outcome_unknown` when a request that changes something was sent but its answer got lost.
  Result<HttpReply> send(std::string_view method, const std::string& target,
                         std::string_view body = {},
                         std::string_view content_type = "application/json");
  // GET. A status other than 200 is given as the error `internal` with that status in `status`.
  Result<HttpStream> open(const std::string& target, std::string_view accept, int& status);

 private:
  Result<Connection> request(std::string_view method, const std::string& target,
                             std::string_view accept, std::string_view body,
                             std::string_view content_type);

  Url url_;
  std::string token_;
  Trust trust_;
  HttpTimeouts timeouts_;
};

}  // namespace leoflow::cli
