// SPDX-License-Identifier: Apache-2.0
// Rows named by a request's path, or the not_found error in the words of the public API.
#pragma once

#include "api/call.h"

namespace leoflow::api {

struct DagAndVersion {
  Dag dag;
  VersionPtr version;  // current version
};

Result<Dag> find_dag(const Call& call, const std::string& dag_id);
Result<DagAndVersion> find_dag_version(const Call& call, const std::string& dag_id);
// The run of the path's dag_id and dag_run_id.
Result<DagRun> find_run(const Call& call);
// The task instance of the path (task_id and map_index if the path has one).
Result<TaskInstanceRow> find_task_instance(const Call& call, int map_index);
// Ids of the tasks of a group, in the version of the path's run, else (~) in the current one.
Result<std::vector<std::string>> find_group_tasks(const Call& call, const std::string& group_id);
TaskInstanceName task_instance_name(const Call& call, int map_index);
// Of the path or the query; kUnmapped if neither has one.
int map_index_of(const Call& call);
// "~" means all: empty.
std::string path_or_all(const Call& call, std::string_view name);
// The JSON text of an XCom's value, wherever it is kept. `not_found` when the volume it was kept on
// is gone.
Result<std::string> xcom_text(const XCom& xcom);

}  // namespace leoflow::api
