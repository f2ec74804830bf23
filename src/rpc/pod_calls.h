// SPDX-License-Identifier: Apache-2.0
// The calls of pods that concern no attempt yet: being admitted, fetching archives. Worker threads.
#pragma once

#include <memory>
#include <string>

#include "async/loop.h"
#include "rpc/agent_service.h"
#include "rpc/pod_bootstrap.h"

namespace leoflow::agent::v1 {
class BootstrapRequest;
class BootstrapReply;
class Sources;
class Warm;
}  // namespace leoflow::agent::v1

namespace leoflow {

namespace wire = agent::v1;

void fill(wire::Sources& out, const PodSources& sources);

class PodCalls {
 public:
  // Options and provider outlive it.
  PodCalls(const AgentServiceOptions& options, ClaimProvider& provider);

  Status bootstrap(const wire::BootstrapRequest& request, wire::BootstrapReply& reply);
  // The file of an archive for an agent with the secret of its sessions.
  Result<fs::path> archive(const std::string& agent, const std::string& secret,
                           const std::string& hash);

 private:
  const AgentServiceOptions& options_;
  ClaimProvider& provider_;
  SystemClock clock_;
  std::unique_ptr<PodBootstrap> bootstrap_;  // null when no pods are admitted
};

// Whether an agent may open sessions: a pod by the secret of its sessions, a node agent by that of
// the home.
bool agent_admitted(const AgentServiceOptions& options, const std::string& agent,
                    const std::string& secret);

}  // namespace leoflow
