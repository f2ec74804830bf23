// SPDX-License-Identifier: Apache-2.0
#include "rpc/pod_calls.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/log.h"
#include "leoflow_agent.pb.h"
#include "model/pod_contract.h"
#include "rpc/pod_session.h"

namespace leoflow {
namespace {

bool is_sha256(const std::string& text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

void fill(wire::Sources& out, const PodSources& sources) {
  out.set_runtime(sources.runtime);
  out.set_environment(sources.environment);
  out.set_bundle(sources.bundle);
  out.set_bundle_path(sources.bundle_path);
  out.set_python_version(sources.python_version);
}

bool agent_admitted(const AgentServiceOptions& options, const std::string& agent,
                    const std::string& secret) {
  if (!pod::is_pod_agent(agent))
    return !agent.empty() && equal_constant_time(secret, options.node_secret);
  return options.pods.places != nullptr &&
         pod_secret_matches(options.token_key, agent.substr(pod::kAgentPrefix.size()), secret);
}

PodCalls::PodCalls(const AgentServiceOptions& options, ClaimProvider& provider)
    : options_(options), provider_(provider) {
  const PodAdmission& pods = options.pods;
  if (!pods.reviewer || !pods.places) return;
  bootstrap_ = std::make_unique<PodBootstrap>(
      *pods.reviewer, *pods.places, clock_,
      PodBootstrapOptions{options.token_key, pods.audience, pods.ledger});
}

Status PodCalls::bootstrap(const wire::BootstrapRequest& request, wire::BootstrapReply& reply) {
  if (!bootstrap_) return fail(Code::denied, "this server takes no pods");
  PodClaim claim{request.token(), request.place(), request.pod_name(), request.pod_uid()};
  auto admitted = bootstrap_->admit(claim, request.nonce());
  if (!admitted) {
    log::warning("a pod was not admitted",
                 {{"pod", request.pod_name().substr(0, kBootstrapFieldBytesMax)},
                  {"reason", admitted.error().message()}});
    return fail(admitted);
  }
  log::info("pod admitted", {{"pod", claim.pod_name}, {"uid", claim.pod_uid}});
  reply.set_session_secret(admitted->session_secret);
  if (admitted->place.version.value == 0) return {};
  // Only a hint: what is wrong with it is told to the attempt.
  auto prepared = provider_.prepare_pod(admitted->place.version);
  if (!prepared) return {};
  reply.mutable_warm()->set_environment_json(prepared->environment_json);
  fill(*reply.mutable_warm()->mutable_sources(), prepared->sources);
  return {};
}

Result<fs::path> PodCalls::archive(const std::string& agent, const std::string& secret,
                                   const std::string& hash) {
  bool known = pod::is_pod_agent(agent) && agent_admitted(options_, agent, secret);
  if (!known) return fail(Code::unauthenticated, "only an admitted pod fetches archives");
  if (!options_.pods.archives || !is_sha256(hash))
    return fail(Code::not_found, "there is no such archive");
  return options_.pods.archives->find(hash);
}

}  // namespace leoflow
