// SPDX-License-Identifier: Apache-2.0
#include "rpc/unary_calls.h"

#include <algorithm>
#include <future>

#include "leoflow_agent.pb.h"
#include "rpc/attempt_token.h"
#include "rpc/pod_calls.h"

namespace leoflow {

UnaryCalls::UnaryCalls(ClaimProvider& provider, std::string token_key,
                       std::function<void(AttemptId)> closed)
    : provider_(provider), token_key_(std::move(token_key)), closed_(std::move(closed)) {
  for (int i = 0; i < kRpcWorkers; ++i)
    workers_.push_back(std::make_unique<LoopThread>("rpc-calls"));
}

bool UnaryCalls::enqueue(std::function<void()> call) {
  if (stopping_) return false;
  if (waiting_.fetch_add(1) >= kRpcCallsMax) {
    --waiting_;
    return false;
  }
  auto& worker = workers_[next_worker_++ % workers_.size()];
  worker->loop().post([this, call = std::move(call)] {
    call();
    --waiting_;
  });
  return true;
}

void UnaryCalls::stop() {
  stopping_ = true;
  for (auto& worker : workers_) {
    std::promise<void> drained;  // queued behind what the worker has taken
    worker->loop().post([&] { drained.set_value(); });
    drained.get_future().wait();
    worker->stop_and_join();
  }
}

Status UnaryCalls::check(const std::string& token, AttemptId attempt) {
  if (!attempt_token_matches(token_key_, attempt, token))
    return fail(Code::denied, "the attempt token is not valid");
  if (provider_.attempt_open(attempt)) return {};
  return fail(Code::not_found,
              "attempt " + std::to_string(attempt.value) + " is no longer current");
}

Status UnaryCalls::claim(const std::string& token, const wire::ClaimRequest& request,
                         wire::ClaimReply& reply) {
  AttemptId attempt{request.attempt()};
  auto open = check(token, attempt);
  auto filled = open ? fill_claim(attempt, request.pod(), reply) : open;
  if (filled) return filled;
  bool dropped = filled.error().code() == Code::not_found || filled.error().code() == Code::denied;
  if (dropped) closed_(attempt);
  return filled;
}

Status UnaryCalls::fill_claim(AttemptId attempt, bool pod, wire::ClaimReply& reply) {
  auto claim = provider_.claim(attempt);
  if (!claim) return fail(claim);
  if (pod) {
    auto prepared = provider_.prepare_pod(claim->version);
    if (!prepared) return fail(prepared);
    fill(*reply.mutable_sources(), prepared->sources);
    claim->spill_folder.clear();
    claim->xcom_bytes_max = std::max(claim->xcom_bytes_max, kPodXComBytesMax);
  }
  reply.set_kind(claim->kind);
  reply.set_start_json(std::move(claim->start_json));
  reply.set_environment_json(std::move(claim->environment_json));
  for (auto& [name, value] : claim->secrets) (*reply.mutable_secrets())[name] = value;
  for (auto& text : claim->masked) reply.add_masked(text);
  reply.set_execution_timeout_ms(
      std::chrono::ceil<std::chrono::milliseconds>(claim->execution_timeout).count());
  reply.set_memory_limit_bytes(claim->memory_limit_bytes);
  reply.set_staging_path(claim->staging_path);
  reply.set_staging_limit_bytes(claim->staging_limit_bytes);
  reply.set_xcom_bytes_max(claim->xcom_bytes_max);
  reply.set_spill_folder(claim->spill_folder);
  return {};
}

Status UnaryCalls::pull_xcom(const std::string& token, const wire::PullXComRequest& request,
                             wire::PullXComReply& reply) {
  AttemptId attempt{request.attempt()};
  if (auto open = check(token, attempt); !open) return open;
  XComPull query{
      request.dag_id(), request.run_id(),    {request.task_ids().begin(), request.task_ids().end()},
      request.key(),    request.map_index(), request.include_prior_dates()};
  auto values = provider_.pull_xcom(attempt, query);
  if (!values) return fail(values);
  for (auto& value : *values) {
    auto* found = reply.add_values();
    found->set_found(value.has_value());
    if (value) found->set_value_json(std::move(*value));
  }
  return {};
}

Status UnaryCalls::get_variable(const std::string& token, const wire::GetVariableRequest& request,
                                wire::GetVariableReply& reply) {
  AttemptId attempt{request.attempt()};
  if (auto open = check(token, attempt); !open) return open;
  auto value = provider_.variable(attempt, request.key());
  if (!value) return fail(value);
  reply.set_found(value->has_value());
  if (*value) {
    reply.set_value((*value)->value);
    reply.set_sensitive((*value)->sensitive);
  }
  return {};
}

Status UnaryCalls::set_variable(const std::string& token, const wire::SetVariableRequest& request,
                                wire::Empty&) {
  AttemptId attempt{request.attempt()};
  if (auto open = check(token, attempt); !open) return open;
  return provider_.set_variable(attempt, request.key(), request.value(), request.description());
}

Status UnaryCalls::delete_variable(const std::string& token,
                                   const wire::DeleteVariableRequest& request, wire::Empty&) {
  AttemptId attempt{request.attempt()};
  if (auto open = check(token, attempt); !open) return open;
  return provider_.delete_variable(attempt, request.key());
}

Status UnaryCalls::get_connection(const std::string& token,
                                  const wire::GetConnectionRequest& request,
                                  wire::GetConnectionReply& reply) {
  AttemptId attempt{request.attempt()};
  if (auto open = check(token, attempt); !open) return open;
  auto connection = provider_.connection(attempt, request.conn_id());
  if (!connection) return fail(connection);
  reply.set_found(connection->has_value());
  if (*connection) reply.set_connection_json(**connection);
  return {};
}

Status UnaryCalls::previous_run(const std::string& token, const wire::PreviousRunRequest& request,
                                wire::PreviousRunReply& reply) {
  AttemptId attempt{request.attempt()};
  if (auto open = check(token, attempt); !open) return open;
  auto run = provider_.previous_run(attempt);
  if (!run) return fail(run);
  reply.set_run_json(std::move(*run));
  return {};
}

Status UnaryCalls::query_assets(const std::string& token, const wire::QueryAssetsRequest& request,
                                wire::QueryAssetsReply& reply) {
  AttemptId attempt{request.attempt()};
  if (auto open = check(token, attempt); !open) return open;
  AssetEventsWanted wanted{.asset = {request.name(), request.uri()},
                           .alias = request.alias(),
                           .ascending = request.ascending(),
                           .limit = request.limit()};
  if (request.after_us() != 0) wanted.after = from_micros(request.after_us());
  if (request.before_us() != 0) wanted.before = from_micros(request.before_us());
  auto found = request.events() ? provider_.asset_events(attempt, wanted)
                                : provider_.asset(attempt, wanted.asset);
  if (!found) return fail(found);
  reply.set_json(std::move(*found));
  return {};
}

}  // namespace leoflow
