// SPDX-License-Identifier: Apache-2.0
// gRPC's errors as ours, and how channels to the server are made.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>

#include "agent/grpc_link.h"
#include "base/error.h"

namespace leoflow {

Error from_grpc(const grpc::Status& status);
// gRPC tells the cause of a connection that did not come about in its own words only: ours.
Error explain(const Error& error, const GrpcLinkOptions& options);

// `invalid` for an unreadable CA file.
Result<std::shared_ptr<grpc::ChannelCredentials>> channel_credentials(
    const GrpcLinkOptions& options);
// A channel of its own: gRPC's reconnect backoff is longer than ours and shared between channels
// otherwise.
std::shared_ptr<grpc::Channel> make_channel(
    const std::string& server, const std::shared_ptr<grpc::ChannelCredentials>& credentials);

}  // namespace leoflow
