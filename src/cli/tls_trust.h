// SPDX-License-Identifier: Apache-2.0
// Which servers a TLS connection of the command line believes, and why it does not. Private to
// connection.cc.
#pragma once

#include "cli/connection.h"

namespace leoflow::cli {

constexpr size_t kCertificateFileBytesMax = 1024 * 1024;

// A connection that will verify whom it talks to; the caller frees it. `invalid` when the file of
// certificates cannot be read.
Result<SSL*> client_tls(const Url& url, const Trust& trust);
// Why a handshake failed.
std::unexpected<Error> tls_failure(const SSL* tls, const Url& url);
// Where the home says which certificate its server shows: whether it is that one.
Status check_own_certificate(const SSL* tls, const Url& url, const Trust& trust);

}  // namespace leoflow::cli
