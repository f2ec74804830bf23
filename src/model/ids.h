// SPDX-License-Identifier: Apache-2.0
// Identity of everything that runs. Database keys are integers handed out by the engine, in creation order.
#pragma once

#include <string>
#include <string_view>

#include "base/id.h"

namespace leoflow {

// One row each; unique in an installation. Only compared, stored and printed.
using DagVersionId = Id<struct DagVersionTag>;
using RunKey = Id<struct RunTag>;
using TaskInstanceKey = Id<struct TaskInstanceTag>;
// One placement of a task (or of a DAG callback). Token, logs, outcome and heartbeat are keyed by it.
using AttemptId = Id<struct AttemptTag>;

constexpr int kUnmapped = -1;  // map_index of a task that is not mapped

// The full name of a task instance as users know it.
struct TaskInstanceName {
  std::string dag_id;
  std::string run_id;
  std::string task_id;
  int map_index = kUnmapped;

  auto operator<=>(const TaskInstanceName&) const = default;
};

// "dag/run/task" or "dag/run/task[3]": for messages and logs.
std::string to_string(const TaskInstanceName& name);

// Whether a dag id or task id is acceptable: ^[\w.-]+$ (Unicode letters allowed in \w as UTF-8 bytes), 1 to 250 bytes.
bool valid_key(std::string_view text);
// Whether a run id is acceptable: ^[A-Za-z0-9_.~:+-]+$, 1 to 250 bytes (Airflow's allowed_run_id_pattern).
bool valid_run_id(std::string_view text);

}  // namespace leoflow
