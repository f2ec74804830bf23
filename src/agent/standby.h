// SPDX-License-Identifier: Apache-2.0
// A Python that waits to be a pod's interpreter. The image's Python that fetched the agent forked
// it before it became the agent (exec/kubernetes/pod_start.py): starting another one would take as
// long as fetching the agent.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "async/child.h"

namespace leoflow {

struct StandbyInterpreter {
  Child child;         // of this process
  Fd channel;          // takes one order, then is descriptor 3 of docs/task-protocol.md
  std::string python;  // what it was started as
};

// From the variable pod::kInterpreter, "PID:DESCRIPTOR:PATH"; none where the text is empty, names
// no child of ours, or the child is gone.
std::optional<StandbyInterpreter> read_standby(std::string_view text);

// Whether it lives and is the Python that `python` names: the same program, found in the same
// folder, so that it takes the same packages for its own.
bool stands_by_for(const StandbyInterpreter& standby, const std::string& python);

}  // namespace leoflow
