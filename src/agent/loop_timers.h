// SPDX-License-Identifier: Apache-2.0
// The timers of the agent's state machine on a real loop.
#pragma once

#include "agent/agent_core.h"
#include "async/loop.h"

namespace leoflow {

class LoopTimers : public AgentTimers {
 public:
  explicit LoopTimers(Loop& loop) : loop_(loop) {}
  uint64_t after(Duration delay, std::move_only_function<void()> task) override {
    return loop_.after(delay, std::move(task));
  }
  void cancel(uint64_t timer) override { loop_.cancel(timer); }

 private:
  Loop& loop_;
};

}  // namespace leoflow
