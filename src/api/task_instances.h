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

// The columns that task instances may be ordered by.
extern const std::string_view kTaskInstanceOrder;

}  // namespace leoflow::api
