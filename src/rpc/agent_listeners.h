// SPDX-License-Identifier: Apache-2.0
// How the agent service listens on TCP: with which certificates, or plainly and only where that is
// safe.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "rpc/agent_service.h"

namespace leoflow {

// "127.0.0.1:9091", "[::1]:0", "localhost:1": what never leaves this host.
bool is_loopback_address(const std::string& address);

// `invalid` for unreadable files and for plain text that would leave the host. Certificates of ours
// are made first; gRPC takes up renewed ones by itself.
Result<std::shared_ptr<grpc::ServerCredentials>> tcp_credentials(const AgentServiceOptions& options,
                                                                 Time now);

// Whether the service makes its own certificates.
bool makes_certificates(const AgentServiceOptions& options);

}  // namespace leoflow
