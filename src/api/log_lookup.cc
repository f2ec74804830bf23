// SPDX-License-Identifier: Apache-2.0
#include "api/log_lookup.h"

#include <algorithm>

#include "api/lookup.h"

namespace leoflow::api {

bool try_is_over(const TaskInstance& task, int try_number) {
  if (task.try_number != try_number) return true;
  return is_finished(task.state) || task.state == TaskState::up_for_retry ||
         task.state == TaskState::none;
}

Result<LogName> find_log(const Call& call, const TaskInstanceRow& row, int try_number) {
  auto attempt = call.services.store.runs().attempt_of_try(row.task_instance.key, try_number);
  if (!attempt) return fail(attempt);
  if (try_number < 1 || (!*attempt && try_number > row.task_instance.try_number)) {
    return fail(Code::not_found, "The Task Instance has no try " + std::to_string(try_number));
  }
  TaskInstanceName name{row.run.dag_id, row.run.run_id, row.task_instance.task_id,
                        row.task_instance.map_index};
  return LogName{std::move(name), try_number, *attempt ? (*attempt)->id : AttemptId()};
}

Result<FoundLog> find_log_of_path(const Call& call) {
  int map_index = int(
      std::clamp<int64_t>(call.query_int("map_index").value_or(kUnmapped), INT32_MIN, INT32_MAX));
  auto row = find_task_instance(call, map_index);
  if (!row) return fail(row);
  auto name = find_log(call, *row, call.path_int("try_number"));
  if (!name) return fail(name);
  bool over =
      try_is_over(row->task_instance, name->try_number) && call.services.logs.complete(*name);
  return FoundLog{std::move(*row), std::move(*name), over};
}

std::vector<Param> log_params() {
  return {{.name = "map_index", .kind = Param::Kind::integer, .fallback = "-1"}};
}

}  // namespace leoflow::api
