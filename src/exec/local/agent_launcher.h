// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace leoflow {

// Makes sure that this host's node agent runs.
class AgentLauncher {
 public:
  virtual ~AgentLauncher() = default;
  // Finds or starts it and returns its id. Blocks for some milliseconds; any one thread.
  virtual Result<std::string> ensure_running() = 0;
};

}  // namespace leoflow
