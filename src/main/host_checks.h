// SPDX-License-Identifier: Apache-2.0
// What `leoflow doctor` and the API's doctor look at: whether this host can do what tasks rely on.
// What can be tried is tried.
#pragma once

#include <vector>

#include "api/workspace_port.h"
#include "authoring/interpreter.h"
#include "base/file.h"

namespace leoflow {

// Any thread. Makes and removes a control group; leaves nothing changed.
std::vector<api::DoctorCheck> check_host(const fs::path& home, Interpreters& interpreters);

// What a control group made here can do. Groups that were made are gone when it returns.
struct CgroupTrial {
  bool groups = false;         // keep the processes of a task together
  bool memory_limits = false;  // and bound their memory
};
// `base`: the folder of our own group; v2 with its controllers, or one hierarchy of v1.
CgroupTrial try_cgroup(const fs::path& base);

}  // namespace leoflow
