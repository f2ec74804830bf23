// SPDX-License-Identifier: Apache-2.0
// What the API shows of the host and of what is connected to this server; main puts the parts
// behind it. Blocking; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace leoflow::api {

// The file system with the home.
struct DiskState {
  std::string path;
  uint64_t free_bytes = 0, total_bytes = 0;
  bool low = false;
};

struct AgentState {
  std::string id, executor, hostname, version;
  int64_t pid = 0;
  Time connected_at{};
};

struct ExecutorState {
  std::string name;
  int slots_max = 0;   // attempts it takes at once
  bool ready = false;  // has a place to put one
};

// The process of this server.
struct ServerProcess {
  std::string hostname, user;
};

// One setting as it is in force. A secret one has no value here.
struct ConfigValue {
  std::string section, key, value, summary;
  bool secret = false;
};

class HostPort {
 public:
  virtual ~HostPort() = default;
  virtual DiskState disk() = 0;
  virtual std::vector<AgentState> agents() = 0;  // with an open session
  virtual std::vector<ExecutorState> executors() = 0;
  virtual ServerProcess process() = 0;
  virtual std::vector<ConfigValue> configuration() = 0;  // by section
};

}  // namespace leoflow::api
