// SPDX-License-Identifier: Apache-2.0
// What the API shows of the host, of agents and of the configuration.
#pragma once

#include "api/host_port.h"
#include "exec/executor.h"
#include "main/home.h"
#include "main/server.h"
#include "rpc/agent_service.h"

namespace leoflow {

// Any thread. The parts outlive it.
class HostView : public api::HostPort {
 public:
  HostView(const ServerConfig& config, const Home& home, const Executor& executor,
           const AgentService& agents)
      : config_(config), home_(home), executor_(executor), agents_(agents) {}
  api::DiskState disk() override;
  std::vector<api::AgentState> agents() override;
  std::vector<api::ExecutorState> executors() override;
  api::ServerProcess process() override;
  std::vector<api::ConfigValue> configuration() override;

 private:
  const ServerConfig& config_;
  const Home& home_;
  const Executor& executor_;
  const AgentService& agents_;
};

// Free and all bytes of the file system that holds a folder, or will. All zero when it cannot be
// looked at.
api::DiskState disk_of(const fs::path& folder);

}  // namespace leoflow
