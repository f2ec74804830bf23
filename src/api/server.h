// SPDX-License-Identifier: Apache-2.0
// The HTTP/1.1 server, plain or TLS: one thread for the sockets, a bounded pool of threads for
// handlers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/http.h"
#include "api/proxies.h"
#include "api/tls_identity.h"
#include "base/error.h"

namespace leoflow::api {

// Every limit of a connection. The defaults are for production; tests shorten the times.
struct ServerLimits {
  size_t connections_max = 1024;  // more: 503 and closed
  size_t header_bytes_max = kHeaderBytesMax;
  size_t body_bytes_max = kBodyBytesMax;
  Duration header_time_max = std::chrono::seconds(10);  // from the first byte of a request to the
                                                        // end of headers; TLS's handshake too
  Duration body_time_max = std::chrono::seconds(60);
  Duration idle_time_max = std::chrono::seconds(60);   // between requests
  Duration write_time_max = std::chrono::seconds(30);  // one response, or one part of a stream
  Duration stop_time_max =
      std::chrono::seconds(5);  // for requests in progress when the server stops
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 8080;  // 0 = any free port
  size_t workers = 8;    // threads for handlers
  ServerLimits limits;
  std::optional<TlsFiles> tls;  // none: plain
  TrustedProxies proxies;
};

// What the handlers and their streams use must outlive the server object, not only stop().
class HttpServer {
 public:
  // Called on worker threads, several at once; must not throw. HEAD requests are handed on as such;
  // the server drops their bodies, and compresses and frames the rest.
  using HandleRequest = std::function<Response(const Request&)>;

  // Listens and serves. Errors: `exists` when the port is in use, `denied` for a port that is not
  // allowed, `invalid` for an address that is none, and those of TlsIdentity::load.
  static Result<std::unique_ptr<HttpServer>> start(const ServerOptions& options,
                                                   HandleRequest handle);
  // Refuses new requests, lets those in progress finish (bounded), ends streams, joins its threads.
  // Idempotent.
  void stop();
  ~HttpServer();

  uint16_t port() const;
  size_t connections() const;  // open now

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace leoflow::api
