// SPDX-License-Identifier: Apache-2.0
// What the API shows of the folder of DAGs, its environments and the host; main puts authoring
// behind it. Blocking; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace leoflow::api {

struct WorkspaceState {
  std::string path;               // empty: no folder is watched
  bool watching = false;          // changes are picked up without being asked
  std::optional<Time> last_scan;  // when the folder was last seen as a whole
  int64_t projects = 0;           // files that define DAGs
  // Limits reached, folders that cannot be read, a folder that is gone.
  std::vector<std::string> problems;
};

struct EnvironmentState {
  std::string hash;
  std::string python_version;
  std::vector<std::string> dependencies;
  std::string state;  // building, ready, failed
  std::string error;  // of a failed build; empty otherwise
  uint64_t size_bytes = 0;
  std::optional<Time> created_at;
  bool has_log = false;  // what its builder said is kept
};

constexpr size_t kBuildLogBytesMax = 256 * 1024;  // of a build's log; the end is kept


struct DoctorCheck {
  std::string name;   // "python", "disk space"
  std::string state;  // ok, warning, failed
  std::string message, hint;
};

class WorkspacePort {
 public:
  virtual ~WorkspacePort() = default;
  virtual WorkspaceState workspace() = 0;
  virtual std::vector<EnvironmentState> environments() = 0;
  // What the builder of an environment said. `not_found` when nothing is kept.
  virtual Result<std::string> build_log(const std::string& hash) = 0;
  virtual std::vector<DoctorCheck> doctor() = 0;
  // Asks for a file (path relative to the workspace) to be compiled again soon. `not_found` when it
  // is gone.
  virtual Status reparse(const std::string& relative_fileloc) = 0;
};

}  // namespace leoflow::api
