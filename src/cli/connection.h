// SPDX-License-Identifier: Apache-2.0
// One connection to a server, plain or TLS, that waits no longer than it is told. One thread.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace leoflow::cli {

struct Url {
  std::string host;
  uint16_t port = 80;
  std::string path;  // without a slash at the end
  bool tls = false;
  std::string text() const;
};
// "http://host:port/path", "https://host/path", or just "host:port". `invalid` for anything else.
Result<Url> parse_url(std::string_view text);

// Whom a client believes to be the server, over TLS.
struct Trust {
  std::string ca_file;  // PEM; besides the certificate authorities of this host
  // PEM: the server of one's own home shows this very certificate, whatever names it has.
  std::string own_certificate;
};

class Connection {
 public:
  using Timeout = std::chrono::milliseconds;

  // `unavailable` when nobody answers; `denied` when the certificate is not to be trusted, with the
  // reason; `invalid` for files of certificates that cannot be read.
  static Result<Connection> open(const Url& url, const Trust& trust, Timeout timeout);

  // `timeout` when the server does not take it.
  Status send(std::string_view text, Timeout timeout);
  // What is there now: nothing when no bytes wait, 0 when the server has closed.
  Result<std::optional<size_t>> receive(char* into, size_t size);
  // Whether bytes wait that fd() does not show.
  bool has_buffered() const { return tls_ && SSL_pending(tls_.get()) > 0; }
  // False when nothing came in time.
  Result<bool> wait_readable(Timeout timeout) const;
  int fd() const { return socket_.get(); }

 private:
  struct FreeTls {
    void operator()(SSL* tls) const { SSL_free(tls); }
  };
  explicit Connection(Fd socket) : socket_(std::move(socket)) {}
  Status shake_hands(const Url& url, const Trust& trust, Timeout timeout);

  Fd socket_;
  std::unique_ptr<SSL, FreeTls> tls_;  // null: plain
};

}  // namespace leoflow::cli
