// SPDX-License-Identifier: Apache-2.0
// A run and its tasks as commands show them.
#pragma once

#include <string>

#include "cli/context.h"

namespace leoflow::cli {

struct RunView {
  json::object run;   // as the API answers it
  json::array tasks;  // its task instances, in order of start
};

// What may stand for the id of a run: the newest run of the DAG. No run id can begin like this.
constexpr std::string_view kLatestRun = "@latest";
constexpr const char* kRunAbout = "Id of the run; @latest is the newest";

// The id that is meant. `not_found` when the DAG has no run yet.
Result<std::string> run_id_of(ApiClient& api, const std::string& dag_id, const std::string& run);

// `run` may be kLatestRun.
Result<RunView> load_run(ApiClient& api, const std::string& dag_id, const std::string& run);

bool run_is_over(std::string_view state);
// "load", or "load[3]" for an instance of a mapped task.
std::string task_label(const json::object& task_instance);

// A table of task instances: columns, and rows that have what these show.
const std::vector<Column>& task_columns();
json::array task_rows(json::array tasks);

struct RunTimes {
  Duration total{0};     // from the start of the run to its end (or `now`)
  Duration in_tasks{0};  // while at least one task was running
  Duration outside_tasks() const { return total - in_tasks; }
};
// Nothing while the run has not started.
std::optional<RunTimes> times_of(const RunView& view, Time now);

// Run, table of tasks, times; with -o json one object: the run with "task_instances", "duration"
// and "seconds_outside_tasks".
void show_run(Context& context, const RunView& view);

// A record of a task log as one line (more with a traceback), with its time; empty for markers that
// carry no text of the task.
std::string log_line(const json::object& record);

}  // namespace leoflow::cli
