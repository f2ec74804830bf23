// SPDX-License-Identifier: Apache-2.0
// Control groups, where the host lets us: they keep every descendant of a task together and limit
// its memory. Works on v2, on v1 hierarchies and on hybrids; without any, all operations do nothing
// and say so. Loop's thread only.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "model/ids.h"

namespace leoflow {

// The groups of one attempt, one folder per hierarchy.
class AttemptGroups {
 public:
  AttemptGroups() = default;
  explicit AttemptGroups(std::vector<std::string> folders) : folders_(std::move(folders)) {}

  const std::vector<std::string>& folders() const { return folders_; }
  std::vector<std::string> procs_files() const;
  bool holds_processes() const { return !folders_.empty(); }
  bool memory_limited() const { return memory_limited_; }

  // Sends SIGKILL to everything inside; how many processes were still there. Repeat until 0.
  size_t kill_all() const;
  // Sends a milder signal once to everything inside.
  void signal_all(int signal) const;
  // Whether the kernel killed something inside for lack of memory.
  bool out_of_memory() const;
  // Removes the empty groups; false when something is still inside.
  bool remove();

 private:
  friend class Cgroups;
  std::vector<pid_t> processes() const;

  std::vector<std::string> folders_;
  bool memory_limited_ = false;
};

// Where the kernel tells what is mounted and which groups this process is in.
struct CgroupFiles {
  std::string mounts = "/proc/self/mounts";
  std::string own = "/proc/self/cgroup";
};

class Cgroups {
 public:
  // Looks at what is mounted and writable. `name` is the folder for this agent's groups.
  static Cgroups detect(const std::string& name, const CgroupFiles& files = {});

  // Groups for an attempt; none when the host has no usable hierarchy. memory_bytes_max 0 = no
  // limit.
  AttemptGroups create(AttemptId attempt, int64_t memory_bytes_max) const;
  // Steps back to where the agent came from and removes its own folders; one in which a group of an
  // attempt is left stays, and so does the agent's where the kernel lets nobody back into the group
  // above. The next agent of that name makes them again.
  void remove() const;
  bool usable() const { return !roots_.empty(); }
  bool limits_memory() const;

 private:
  enum class Kind { unified, memory_v1, freezer_v1 };
  struct Root {
    std::string folder;
    Kind kind;
    bool limits_memory;
  };
  void add(const std::string& mount, const std::string& own, const std::string& name, Kind kind);

  std::vector<Root> roots_;
};

}  // namespace leoflow
