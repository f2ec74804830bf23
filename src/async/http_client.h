// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 client over TCP and TLS that never blocks: connections kept alive and bounded per
// host, deadlines, bodies as a whole or as a stream. Lives on one loop: all functions are called,
// and all callbacks run, on its thread; no callback runs inside the call that caused it. Asio and
// Beast are behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "base/error.h"

namespace leoflow {

constexpr size_t kHttpConnectionsPerHostMax = 64;
constexpr size_t kHttpWaitingMax = 50'000;  // requests that wait for a connection, per client
constexpr size_t kHttpHeadBytesMax = 64 * 1024;
constexpr size_t kHttpBodyBytesMax = size_t(64) << 20;
constexpr auto kHttpIdleMax = std::chrono::seconds(60);  // an idle connection older is not reused
constexpr auto kHttpRetryAfterMax = std::chrono::hours(1);

struct HttpHeader {
  std::string name, value;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;                  // http:// or https://
  std::vector<HttpHeader> headers;  // besides Host and Content-Length
  std::string body;
  // From the call to the end of the answer, the wait for a connection included. Of a stream: to its
  // head.
  Duration timeout = std::chrono::seconds(30);
  size_t body_bytes_max = kHttpBodyBytesMax;  // not for streams
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;

  // The value of a header, any case; empty when there is none.
  std::string_view header(std::string_view name) const;
  // Retry-After in seconds, at most kHttpRetryAfterMax; its date form is not understood.
  std::optional<Duration> retry_after() const;
};

// Where an answer goes that has no end in sight. Any of them may cancel the stream.
struct HttpStreamHandlers {
  std::function<void(const HttpResponse& head)> on_head;  // once, whatever the status; no body
  std::function<void(std::string_view bytes)> on_data;
  std::function<void(Status end)> on_end;  // once; success when the peer ended the answer properly
};

struct HttpTls {
  std::string ca_pem;                    // trusted certificates; empty = those of the host
  std::string certificate_pem, key_pem;  // ours; empty = none
  std::string server_name;               // that the peer must prove; empty = the URL's host
  bool verify = true;                    // false: any peer is trusted
};

struct HttpClientOptions {
  HttpTls tls;
  size_t connections_per_host_max = kHttpConnectionsPerHostMax;
  size_t waiting_max = kHttpWaitingMax;
};

// Any status is an answer. Errors:
//   invalid          the URL
//   unavailable      no connection, or it broke (the request changes nothing, or was not sent)
//   timeout          no answer in time (likewise)
//   outcome_unknown  the connection broke or the time was over after a request that changes
//                    something (not GET or HEAD) was sent
//   denied           the peer's certificate is not trusted
//   exhausted        too many requests wait, or the answer is too large
//   internal         the answer is not HTTP
// A GET, HEAD, PUT or DELETE on a kept connection that breaks before the answer begins is tried
// once more.
class HttpClient {
 public:
  using Id = uint64_t;  // 0 is never handed out
  using Done = std::move_only_function<void(Result<HttpResponse>)>;

  // `invalid` when certificates or key cannot be read. The loop outlives the client.
  static Result<std::unique_ptr<HttpClient>> create(Loop& loop, HttpClientOptions options = {});
  // Ends what is under way; no callback follows.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;

  Id send(HttpRequest request, Done done);
  Id open(HttpRequest request, HttpStreamHandlers handlers);
  // No callback follows. An unknown or finished id is ignored.
  void cancel(Id id);
  // Holds for new connections; idle ones are closed. `invalid` as in create(), nothing changes
  // then.
  Status set_tls(HttpTls tls);

  size_t in_flight() const;  // requests with a connection, streams included
  size_t waiting() const;

 private:
  struct Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace leoflow
