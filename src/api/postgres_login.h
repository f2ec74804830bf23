// SPDX-License-Identifier: Apache-2.0
// Logging in to PostgreSQL, and nothing else: start-up message and authentication of protocol 3.0
// (password in clear, SCRAM-SHA-256), without TLS.
#pragma once

#include <string>

#include "api/socket_talk.h"

namespace leoflow::api {

struct PostgresLogin {
  std::string user, password, database;
};

// What the server says of itself is not believed further than kMessageBytesMax and kIterationsMax.
// Success when the server lets the user in. `denied` with the server's own words when it does not
// (they never hold the password), `invalid` for a way to authenticate that is not known here.
Status log_in(SocketTalk& talk, const PostgresLogin& login);

// The proof of SCRAM-SHA-256 (RFC 5802): the client's last message. `invalid` for a message of the
// server that is none.
Result<std::string> scram_final(const std::string& password, const std::string& client_first_bare,
                                const std::string& server_first);

}  // namespace leoflow::api
