// SPDX-License-Identifier: Apache-2.0
// /api/leoflow/v1/dags/{dag_id}/grid: the last runs of a DAG, or those named, with the states of
// all their tasks.
#include <map>
#include <span>

#include "api/lookup.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

constexpr size_t kCellsPerRunMax = 20'000;  // task instances of one run that are summed up
constexpr size_t kRunsNamedMax = 100;       // in one request

// What one cell shows of several copies: the first of these that one of them has.
constexpr TaskState kTelling[] = {
    TaskState::failed,     TaskState::upstream_failed, TaskState::running,
    TaskState::restarting, TaskState::up_for_retry,    TaskState::up_for_reschedule,
    TaskState::deferred,   TaskState::queued,          TaskState::scheduled,
    TaskState::none,       TaskState::success,         TaskState::skipped,
    TaskState::removed};

size_t rank(TaskState state) {
  return size_t(std::ranges::find(kTelling, state) - std::begin(kTelling));
}

// The copies of a mapped task as one.
struct Cell {
  std::map<TaskState, int> states;
  int count = 0, try_number = 0;
  std::optional<Time> start_date, end_date;
  // Of the copy that tells most.
  TaskState state = TaskState::none;
  int map_index = kUnmapped;
  std::string reason;
};

void add(Cell& cell, const TaskInstance& task) {
  if (cell.count == 0 || rank(task.state) < rank(cell.state)) {
    cell.state = task.state;
    cell.map_index = task.map_index;
    cell.reason = task.reason;
  }
  ++cell.count;
  ++cell.states[task.state];
  cell.try_number = std::max(cell.try_number, task.try_number);
  if (task.start_date && (!cell.start_date || *task.start_date < *cell.start_date))
    cell.start_date = task.start_date;
  if (task.end_date && (!cell.end_date || *task.end_date > *cell.end_date))
    cell.end_date = task.end_date;
}

void write_cell(json::Writer& w, const std::string& task_id, const Cell& cell) {
  w.begin_object().member("task_id", task_id);
  member_text(w, "state", cell.state == TaskState::none ? "" : to_string(cell.state));
  w.member("map_index", cell.map_index);
  member_text(w, "state_reason", cell.reason);
  w.member("try_number", cell.try_number).member("count", cell.count);
  member_time(w, "start_date", cell.start_date);
  member_time(w, "end_date", cell.end_date);
  w.key("states").begin_object();
  for (const auto& [state, count] : cell.states) w.member(to_string(state), count);
  w.end_object().end_object();
}

using Cells = std::map<std::string, Cell>;  // by task
using CellsOfRuns = std::map<RunKey, Cells>;

Status add_cells(const Call& call, std::span<const DagRun> runs, CellsOfRuns& cells) {
  TaskInstanceQuery query{.dag_id = runs[0].dag_id};
  for (const DagRun& run : runs) query.run_ids.push_back(run.run_id);
  query.page = {.limit = kPageLimitMax, .order = {{.column = "id"}}};
  for (size_t seen = 0; seen < kCellsPerRunMax * runs.size();) {
    auto page = call.services.store.runs().list_task_instances(query);
    if (!page) return fail(page);
    for (const TaskInstanceRow& row : page->rows)
      add(cells[row.run.key][row.task_instance.task_id], row.task_instance);
    seen += page->rows.size();
    query.page.cursor = page->next_cursor;
    if (query.page.cursor.empty()) break;
  }
  return {};
}

// As many runs at a time as give one page of task instances.
Result<CellsOfRuns> cells_of(const Call& call, std::span<const DagRun> runs) {
  CellsOfRuns cells;
  while (!runs.empty()) {
    VersionPtr version = version_or_null(call.services, runs[0].version);
    size_t tasks = version ? std::max<size_t>(1, version->spec.tasks.size()) : kPageLimitMax;
    size_t count = std::min(runs.size(), std::max<size_t>(1, kPageLimitMax / tasks));
    if (auto added = add_cells(call, runs.first(count), cells); !added) return fail(added);
    runs = runs.subspan(count);
  }
  return cells;
}

void write_run_column(json::Writer& w, const Call& call, const DagRun& run, const Cells& cells) {
  VersionPtr version = version_or_null(call.services, run.version);
  w.begin_object().member("dag_run_id", run.run_id).member("state", to_string(run.state));
  w.member("run_type", to_string(run.type)).member("run_after", api_time(run.run_after));
  member_time(w, "logical_date", run.logical_date);
  w.member("queued_at", api_time(run.queued_at));
  member_time(w, "start_date", run.start_date);
  member_time(w, "end_date", run.end_date);
  member_duration(w, run.start_date, run.end_date);
  if (version) {
    w.member("version_number", version->version.version_number);
    w.member("bundle_version", version->version.label);
  } else {
    w.member_null("version_number").member_null("bundle_version");
  }
  member_text(w, "note", run.note);
  w.key("tasks").begin_array();
  for (const auto& [task_id, cell] : cells) write_cell(w, task_id, cell);
  w.end_array().end_object();
}

Result<PageOf<DagRun>> runs_named(const Call& call, const std::string& dag_id,
                                  const std::vector<std::string>& run_ids) {
  if (run_ids.size() > kRunsNamedMax)
    return fail(Code::invalid, "at most " + std::to_string(kRunsNamedMax) + " runs at once");
  PageOf<DagRun> runs;
  for (const std::string& run_id : run_ids) {
    auto run = call.services.store.runs().get_run(dag_id, run_id);
    if (!run) return fail(run);
    if (*run) runs.rows.push_back(std::move(**run));
  }
  runs.total = int64_t(runs.rows.size());
  return runs;
}

Result<PageOf<DagRun>> runs_asked_for(Call& call, const std::string& dag_id) {
  if (auto named = call.query_all("dag_run_id"); !named.empty())
    return runs_named(call, dag_id, named);
  RunQuery query{.dag_id = dag_id};
  for (const std::string& text : call.query_all("state"))
    query.states.push_back(*parse_run_state(text));
  query.run_after = call.time_range("run_after");
  auto page = call.page("id run_after start_date logical_date", "-run_after");
  if (!page) return fail(page);
  query.page = std::move(*page);
  return call.services.store.runs().list_runs(query);
}

Result<Response> get_grid(Call& call) {
  auto dag = find_dag(call, call.path("dag_id"));
  if (!dag) return fail(dag);
  auto runs = runs_asked_for(call, dag->dag_id);
  if (!runs) return fail(runs);
  auto cells = cells_of(call, runs->rows);
  if (!cells) return fail(cells);
  json::Writer w;
  w.begin_object().key("runs").begin_array();
  for (const DagRun& run : runs->rows) write_run_column(w, call, run, (*cells)[run.key]);
  w.end_array().member("total_entries", runs->total).end_object();
  return json_response(w);
}

}  // namespace

void add_grid_routes(Router& router) {
  router.tag("DAG");
  router.shape("GridCell",
               "task_id:str state:TaskInstanceState? map_index:int state_reason:str? "
               "try_number:int count:int start_date:time? end_date:time? states:{int}");
  router.shape("GridRun",
               "dag_run_id:str state:DagRunState run_type:DagRunType run_after:time "
               "logical_date:time? queued_at:time start_date:time? end_date:time? duration:num? "
               "version_number:int? bundle_version:str? note:str? tasks:[GridCell]");
  router.shape("GridResponse", "runs:[GridRun] total_entries:int");
  router.add(Method::get, "/api/leoflow/v1/dags/{dag_id}/grid", "get_grid", get_grid)
      .about(
          "The last runs, or those named by dag_run_id (at most 100), with the states of their "
          "tasks; copies of a mapped task as one, told by the copy that asks most")
      .takes({{.name = "dag_run_id", .repeated = true}})
      .takes(paging())
      .takes(ordered_by("-run_after"))
      .takes(instant_range("run_after"))
      .takes({{.name = "state", .repeated = true, .choices = "queued|running|success|failed"}})
      .answers_with(200, "GridResponse");
}

}  // namespace leoflow::api
