// SPDX-License-Identifier: Apache-2.0
// Finding and ending processes that are not our children: by /proc. Any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leoflow {

// Start time of a process in clock ticks since boot; nullopt when it does not exist or is a zombie.
std::optional<int64_t> process_start(pid_t pid);
// Whether pid still is the process that started then.
bool same_process(pid_t pid, int64_t start);

// All living descendants of a process, nearest first.
std::vector<pid_t> descendants(pid_t root);
// Direct children.
std::vector<pid_t> children(pid_t parent);
// Processes whose environment at exec (or at the exec of what they were forked from) has an entry
// equal to `entry`.
std::vector<pid_t> processes_with_environment(std::string_view entry);

// Whether an environment entry is in the one a process was executed with.
bool has_environment(pid_t pid, std::string_view entry);

}  // namespace leoflow
