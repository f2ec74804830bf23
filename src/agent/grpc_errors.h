// SPDX-License-Identifier: Apache-2.0
// gRPC's errors as ours, and how channels to the server are made.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>

#include "agent/grpc_link.h"
#include "async/guarded.h"
#include "base/error.h"

namespace leoflow {

Error from_grpc(const grpc::Status& status);
// gRPC tells the cause of a connection that did not come about in its own words only: ours.
Error explain(const Error& error, const GrpcLinkOptions& options);

// Any thread; shared by its users, since gRPC's threads may outlive any of them.
class ServerChannel {
 public:
  ServerChannel(GrpcLinkOptions options, std::shared_ptr<grpc::ChannelCredentials> credentials)
      : options_(std::move(options)), credentials_(std::move(credentials)) {}

  // Made on first use.
  std::shared_ptr<grpc::Channel> get();
  // It failed a call, or its session ended: the next get() makes another one, which connects at
  // once, while gRPC lets a channel that failed wait. Of one that was replaced already: nothing.
  void give_up(const std::shared_ptr<grpc::Channel>& failed);
  const GrpcLinkOptions& options() const { return options_; }

 private:
  const GrpcLinkOptions options_;
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;  // gRPC's own handle
  Guarded<std::shared_ptr<grpc::Channel>> current_;              // gRPC's own handle
};

}  // namespace leoflow
