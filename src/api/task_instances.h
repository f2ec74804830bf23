// SPDX-License-Identifier: Apache-2.0
// What the routes about task instances share.
#pragma once

#include <vector>

#include "api/call.h"
#include "engine/engine.h"

namespace leoflow::api {

constexpr size_t kTouchedShownMax =
    10'000;  // task instances listed in the answer to a clear or mark

// {"task_instances": [...], "total_entries": n}
Response touched_collection(const Call& call, const std::vector<Touched>& touched);
Result<Response> task_instance_collection(const Call& call, const TaskInstanceQuery& query);
// What a PATCH of task instances asks of the engine, for the members of its body that apply; the
// caller names them.
MarkTaskRequest mark_request(const Call& call);
// With its tries, XComs and logs. Errors: those of Engine::delete_task.
Status delete_task_instance(const Call& call, TaskInstanceName name);

// The map_index of routes whose path has none.
Param map_index_param();

// The columns that task instances may be ordered by.
extern const std::string_view kTaskInstanceOrder;

}  // namespace leoflow::api
