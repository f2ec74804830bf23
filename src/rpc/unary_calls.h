// SPDX-License-Identifier: Apache-2.0
// The unary calls of the agent protocol: check the token, ask the provider, fill the reply. Runs on
// worker threads.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "rpc/agent_service.h"

namespace leoflow::agent::v1 {
class Empty;
class ClaimRequest;
class ClaimReply;
class PullXComRequest;
class PullXComReply;
class GetVariableRequest;
class GetVariableReply;
class SetVariableRequest;
class DeleteVariableRequest;
class GetConnectionRequest;
class GetConnectionReply;
class PreviousRunRequest;
class PreviousRunReply;
class QueryAssetsRequest;
class QueryAssetsReply;
}  // namespace leoflow::agent::v1

namespace leoflow {

namespace wire = agent::v1;

class UnaryCalls {
 public:
  // `closed` is told of attempts whose claim was refused because they are not open (any thread).
  UnaryCalls(ClaimProvider& provider, std::string token_key, std::function<void(AttemptId)> closed);

  // Any thread: runs call on a worker; false when kRpcCallsMax wait already, or after stop().
  bool enqueue(std::function<void()> call);
  void stop();  // runs what was taken, then ends the workers

  Status claim(const std::string& token, const wire::ClaimRequest& request,
               wire::ClaimReply& reply);
  // The same without a token, for an attempt that the server itself hands over. Any thread.
  // For a pod also what it is to fetch, and no path on our disk.
  Status fill_claim(AttemptId attempt, bool pod, wire::ClaimReply& reply);
  Status pull_xcom(const std::string& token, const wire::PullXComRequest& request,
                   wire::PullXComReply& reply);
  Status get_variable(const std::string& token, const wire::GetVariableRequest& request,
                      wire::GetVariableReply& reply);
  Status set_variable(const std::string& token, const wire::SetVariableRequest& request,
                      wire::Empty& reply);
  Status delete_variable(const std::string& token, const wire::DeleteVariableRequest& request,
                         wire::Empty& reply);
  Status get_connection(const std::string& token, const wire::GetConnectionRequest& request,
                        wire::GetConnectionReply& reply);
  Status previous_run(const std::string& token, const wire::PreviousRunRequest& request,
                      wire::PreviousRunReply& reply);
  Status query_assets(const std::string& token, const wire::QueryAssetsRequest& request,
                      wire::QueryAssetsReply& reply);

 private:
  // denied for a wrong token, not_found for an attempt that is no longer open.
  Status check(const std::string& token, AttemptId attempt);

  ClaimProvider& provider_;
  std::string token_key_;
  std::function<void(AttemptId)> closed_;
  std::atomic<int> waiting_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<uint32_t> next_worker_ = 0;
  std::vector<std::unique_ptr<LoopThread>> workers_;
};

}  // namespace leoflow
