// SPDX-License-Identifier: Apache-2.0
// How executors reach agents, whatever the wire: implemented by rpc/, used by exec/local (and pods later).
#pragma once

#include <string>
#include <vector>

#include "exec/executor.h"

namespace leoflow {

// Told about sessions, on a thread of the gateway; calls return at once.
class AgentObserver {
 public:
  virtual ~AgentObserver() = default;
  // Attempts placed with this agent and not yet handed to the gateway: they count as held when it connects.
  virtual std::vector<AttemptId> waiting_for(const std::string& agent) = 0;
  virtual void on_session_open(const std::string& agent) = 0;
  virtual void on_session_closed(const std::string& agent) = 0;
  // Before on_session_open: this agent gets no work from us and neither would a successor of the
  // same program, as its predecessor was replaced for the same reason.
  virtual void on_unfit(const std::string&, const Error&) {}
};

// Any thread; calls enqueue.
class AgentGateway {
 public:
  virtual ~AgentGateway() = default;
  // Sends the assignment to an agent with a session, with what the attempt needs, which is read
  // from the store within the call; false if none is connected or it retires (nothing was sent).
  // Sent again with the agent's next session if it was not heard of by then.
  virtual bool assign(const std::string& agent, const WorkItem& item) = 0;
  virtual bool cancel(const std::string& agent, AttemptId attempt, CancelReason reason) = 0;
  // The outcome is committed: told to the agent that reported it in its present session, if any
  // did. Unsent, the agent reports it again with its next session and is answered then.
  virtual void acknowledge(AttemptId attempt) = 0;
  // Tells an agent which environment (ClaimReply.environment_json) tasks will want soon.
  virtual bool warm(const std::string& agent, const std::string& environment_json) = 0;
  virtual std::vector<std::string> connected_agents() const = 0;
  // Ends all sessions, so that every agent says hello again and repeats what was not acknowledged.
  virtual void resync() = 0;
  // At most one observer; null ends it. Returns when no call to the previous one is running.
  virtual void observe(AgentObserver* observer) = 0;
};

}  // namespace leoflow
