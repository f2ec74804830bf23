// SPDX-License-Identifier: Apache-2.0
// Ends what a killed agent left running, for certain, before its attempts are reported.
#pragma once

#include <string>
#include <vector>

#include "agent/attempt_store.h"

namespace leoflow {

// By control group, by process group and pid (with its start time), and by the marks in the
// environments. Blocks until nothing is left; `timeout` when something survives SIGKILL for 10 s.
Status end_leftovers(const std::vector<StoredAttempt>& attempts, const std::string& agent_id);

}  // namespace leoflow
