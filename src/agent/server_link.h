// SPDX-License-Identifier: Apache-2.0
// The way to the server, whatever the wire: one session and unary calls. gRPC implements it; tests
// and the simulation bring their own. Loop's thread only, callbacks too.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"

namespace leoflow::agent::v1 {
class AgentMessage;
class ServerMessage;
class Assign;
class ClaimRequest;
class ClaimReply;
class PullXComRequest;
class PullXComReply;
class QueryAssetsRequest;
class QueryAssetsReply;
class GetVariableRequest;
class GetVariableReply;
class SetVariableRequest;
class DeleteVariableRequest;
class GetConnectionRequest;
class GetConnectionReply;
class Empty;
class Sources;
}  // namespace leoflow::agent::v1

namespace leoflow {

namespace wire = agent::v1;

struct LaunchSources;
LaunchSources read_sources(const wire::Sources& from);

class ServerLinkListener {
 public:
  virtual ~ServerLinkListener() = default;
  virtual void on_message(const wire::ServerMessage& message) = 0;
  // The session opened by the last open() is over; nothing of it follows.
  // `unauthenticated`: the server does not want us.
  virtual void on_disconnected(const Error& reason) = 0;
  // queued_bytes() fell below the point where a sender should wait.
  virtual void on_writable() = 0;
};

constexpr size_t kLinkQueueBytes = 4 << 20;  // above it, logs wait

// A unary call fails with unavailable or timeout when the server cannot be reached: try again
// later.
template <typename Reply>
using CallDone =
    std::function<void(Result<std::shared_ptr<Reply>>)>;  // shared: std::function copies

class ServerLink {
 public:
  virtual ~ServerLink() = default;
  // Opens a session; messages may be sent at once. on_disconnected tells its end or that it could
  // not be opened.
  virtual void open(ServerLinkListener& listener) = 0;
  // Ends the session; no callback follows.
  virtual void close() = 0;
  virtual void send(const wire::AgentMessage& message) = 0;
  virtual size_t queued_bytes() const = 0;

  virtual void claim(const std::string& token, const wire::ClaimRequest& request,
                     CallDone<wire::ClaimReply> done) = 0;
  virtual void pull_xcom(const std::string& token, const wire::PullXComRequest& request,
                         CallDone<wire::PullXComReply> done) = 0;
  virtual void get_variable(const std::string& token, const wire::GetVariableRequest& request,
                            CallDone<wire::GetVariableReply> done) = 0;
  virtual void set_variable(const std::string& token, const wire::SetVariableRequest& request,
                            CallDone<wire::Empty> done) = 0;
  virtual void delete_variable(const std::string& token, const wire::DeleteVariableRequest& request,
                               CallDone<wire::Empty> done) = 0;
  virtual void get_connection(const std::string& token, const wire::GetConnectionRequest& request,
                              CallDone<wire::GetConnectionReply> done) = 0;
  virtual void query_assets(const std::string& token, const wire::QueryAssetsRequest& request,
                            CallDone<wire::QueryAssetsReply> done) = 0;
};

}  // namespace leoflow
