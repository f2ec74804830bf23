// SPDX-License-Identifier: Apache-2.0
// The parts of a running server, for commands of this folder that drive them without HTTP.
#pragma once

#include <functional>

#include "authoring/workspace.h"
#include "engine/runner.h"
#include "main/run_logs.h"
#include "main/server.h"

namespace leoflow {

struct Server::Parts {
  Store& store;
  Runner& engine;
  RunLogs& logs;
  Workspace* workspace;  // null without a workspace
  Compiler& compiler;
  const Clock& clock;
  // Starts an interpreter that tasks will want.
  std::function<void(const EnvironmentUse&)> warm;
};

}  // namespace leoflow
