// SPDX-License-Identifier: Apache-2.0
// The agent's corner of a home (home/agent) as the server sees it: its secret, whether an agent
// lives there, starting one.
#pragma once

#include <optional>
#include <string>

#include "base/file.h"
#include "exec/local/agent_launcher.h"

namespace leoflow {

// The secret that agents of this home present; created with mode 0600 on first use.
Result<std::string> ensure_node_secret(const fs::path& home);

struct LiveAgent {
  int64_t pid = 0;
  std::string agent_id;
};
// The agent that runs for this home, by its pid file and start time.
std::optional<LiveAgent> find_live_agent(const fs::path& home);

// Starts leoflow-agent as a background process that outlives us.
class ProcessAgentLauncher : public AgentLauncher {
 public:
  struct Options {
    fs::path program;  // leoflow-agent; beside_this_program() finds it
    fs::path home;
    std::string server;  // as the agent dials it: "unix:/path"
    fs::path python_dir;
    int slots_max = 16;
  };
  explicit ProcessAgentLauncher(Options options) : options_(std::move(options)) {}

  Result<std::string> ensure_running() override;

 private:
  Options options_;
};

// The path of a program in the folder of the running one.
fs::path beside_this_program(const std::string& name);

}  // namespace leoflow
