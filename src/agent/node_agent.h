// SPDX-License-Identifier: Apache-2.0
// The node agent as a program: one per home, outliving the server that started it.
#pragma once

#include <string>

#include "base/error.h"
#include "base/file.h"

namespace leoflow {

struct NodeAgentOptions {
  fs::path home;        // agent files live in home/agent
  std::string server;   // "unix:/path" or "host:port"
  std::string tls_ca;   // PEM file; empty = plain text
  fs::path python_dir;  // holds leoflow/template.py
  int slots_max = 16;
  bool detach = false;  // return once the agent runs in the background
};

// Runs the agent until it has nothing left to do; the process must end right after it returns
// (threads of gRPC may still run). With detach: returns in the calling process when the background
// agent holds its lock or failed to. `conflict` when another agent runs for this home.
Status run_node_agent(NodeAgentOptions options);

}  // namespace leoflow
