// SPDX-License-Identifier: Apache-2.0
// How executors reach agents, whatever the wire: implemented by rpc/, used by exec/local (and pods later).
#pragma once

#include <string>
#include <vector>

#include "exec/executor.h"

namespace leoflow {

// Any thread; calls enqueue.
class AgentGateway {
 public:
  virtual ~AgentGateway() = default;
  // Sends the assignment to an agent with a session; false if none is connected (nothing was sent).
  virtual bool assign(const std::string& agent, const WorkItem& item) = 0;
  virtual bool cancel(const std::string& agent, AttemptId attempt, CancelReason reason) = 0;
  virtual bool acknowledge(const std::string& agent, AttemptId attempt) = 0;
  // Ends every session; agents connect again at once and say what they hold.
  virtual void disconnect_all() = 0;
  virtual std::vector<std::string> connected_agents() const = 0;
};

}  // namespace leoflow
