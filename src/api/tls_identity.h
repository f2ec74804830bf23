// SPDX-License-Identifier: Apache-2.0
// The server's certificate and key, and TLS connections with them: TLS 1.2 and 1.3, by OpenSSL.
// Renewed files are read again without a restart.
#pragma once

#include <chrono>
#include <memory>

#include "api/channel.h"
#include "base/error.h"
#include "base/file.h"

namespace leoflow::api {

constexpr size_t kTlsFileBytesMax = 1024 * 1024;

struct TlsFiles {
  fs::path certificate;  // PEM: the server's own first, then those that vouch for it
  fs::path key;          // PEM, without a passphrase
  std::chrono::milliseconds look_interval = std::chrono::seconds(1);  // at whether they changed
};

// One thread.
class TlsIdentity {
 public:
  // `invalid`: not PEM, the key is another's or encrypted, the certificate is not valid now;
  // `not_found` and `denied` for files that cannot be read.
  static Result<std::unique_ptr<TlsIdentity>> load(TlsFiles files);
  ~TlsIdentity();

  // A connection that shows the certificate that the files hold now. New files that do not load
  // (half of a pair is written) are told in the log, and the ones before stay. Requires: the socket
  // outlives the channel and does not block.
  std::unique_ptr<Channel> accept(int socket);

  // Whether the first byte of a connection begins TLS.
  static bool is_hello(char byte) { return byte == 0x16; }

 private:
  struct Impl;
  explicit TlsIdentity(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace leoflow::api
