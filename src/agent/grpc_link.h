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

// The connection of this process to the server, shared by all that call it: one handshake.
class ServerChannel;
// `invalid` for an unreadable CA file. Nothing is connected yet.
Result<std::shared_ptr<ServerChannel>> make_server_channel(GrpcLinkOptions options);

// gRPC's threads may call into the link at any time: it lives
// as long as the process (the agent leaves by _exit).
std::unique_ptr<ServerLink> make_grpc_link(Loop& loop, std::shared_ptr<ServerChannel> channel);

}  // namespace leoflow
