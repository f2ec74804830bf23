// SPDX-License-Identifier: Apache-2.0
// ServerLink over gRPC (its headers stay in grpc_link.cc).
#pragma once

#include "agent/server_link.h"
#include "async/loop.h"

namespace leoflow {

struct GrpcLinkOptions {
  std::string server;           // "unix:/path" or "host:port"
  std::string tls_ca = {};      // PEM file of the CA; neither = plain text
  std::string tls_ca_pem = {};  // or its text
};

// `invalid` for an unreadable CA file. gRPC's threads may call into the link at any time: it lives
// as long as the process (the agent leaves by _exit).
Result<std::unique_ptr<ServerLink>> make_grpc_link(Loop& loop, const GrpcLinkOptions& options);

}  // namespace leoflow
