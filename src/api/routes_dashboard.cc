// SPDX-License-Identifier: Apache-2.0
// /api/leoflow/v1/dashboard: what the home page shows, in one answer. Everything in it comes from
// counters or from what is open (store/figure_store.h): the history's length does not matter.
#include <algorithm>

#include "api/call.h"
#include "api/engine_pulse.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

constexpr int kHoursDefault = 24;
constexpr int64_t kHoursMax = 7 * 24;
constexpr int kOpenRunsShown = 20;
constexpr int kFailuresShown = 50;
constexpr int kTasksShown = 10;

void member_counts(json::Writer& w, const RunCounts& counts) {
  for (RunState state :
       {RunState::queued, RunState::running, RunState::success, RunState::failed}) {
    auto found = counts.find(state);
    w.member(to_string(state), found == counts.end() ? int64_t(0) : found->second);
  }
}

Status add_counts(json::Writer& w, FigureStore& figures) {
  auto runs = figures.run_counts(std::nullopt);
  if (!runs) return fail(runs);
  auto dags = figures.dag_counts(std::nullopt);
  if (!dags) return fail(dags);
  w.key("runs").begin_object();
  member_counts(w, *runs);
  w.end_object().key("dags").begin_object().member("total", dags->total);
  w.member("active", dags->active).member("failing", dags->failing).end_object();
  return {};
}

Status add_open_runs(json::Writer& w, const Call& call, const FigureQuery& asked) {
  FigureQuery query = asked;
  query.rows_max = kOpenRunsShown;
  auto runs = call.services.store.figures().open_runs(query);
  if (!runs) return fail(runs);
  w.key("open_runs").begin_array();
  for (const RunProgress& one : *runs) {
    VersionPtr version = version_or_null(call.services, one.run.version);
    w.begin_object().member("dag_id", one.run.dag_id).member("dag_run_id", one.run.run_id);
    w.member("dag_display_name", dag_name(version, one.run.dag_id));
    w.member("state", to_string(one.run.state)).member("run_type", to_string(one.run.type));
    w.member("run_after", api_time(one.run.run_after));
    w.member("queued_at", api_time(one.run.queued_at));
    member_time(w, "start_date", one.run.start_date);
    int64_t total = 0, ended = 0;
    w.key("tasks").begin_object();
    for (const auto& [state, count] : one.tasks) {
      w.member(to_string(state), count);
      total += count;
      if (is_finished(state)) ended += count;
    }
    w.end_object().member("task_instances", total).member("finished", ended).end_object();
  }
  w.end_array();
  return {};
}

Status add_hours(json::Writer& w, const Call& call, const FigureQuery& query) {
  auto hours = call.services.store.figures().run_hours(query);
  if (!hours) return fail(hours);
  w.key("hours").begin_array();
  for (const RunHour& one : *hours) {
    w.begin_object().member("hour", api_time(one.hour));
    member_counts(w, one.runs);
    w.end_object();
  }
  w.end_array();
  return {};
}

Status add_failures(json::Writer& w, const Call& call, const FigureQuery& asked) {
  FigureQuery query = asked;
  query.rows_max = kFailuresShown;
  auto failures = call.services.store.figures().failures(query);
  if (!failures) return fail(failures);
  w.key("failures").begin_array();
  for (const TaskFailure& one : *failures) {
    w.begin_object().member("dag_id", one.dag_id).member("dag_run_id", one.run_id);
    w.member("task_id", one.task_id).member("map_index", one.map_index);
    member_text(w, "rendered_map_index", one.map_label);
    w.member("try_number", one.try_number);
    member_time(w, "start_date", one.start_date);
    member_time(w, "end_date", one.end_date);
    member_text(w, "reason", one.reason);
    w.end_object();
  }
  w.end_array();
  return {};
}

void write_figure(json::Writer& w, const TaskFigure& one) {
  w.begin_object().member("dag_id", one.dag_id).member("task_id", one.task_id);
  w.member("tries", one.tries).member("failures", one.failures).member("retries", one.retries);
  w.member("mean", to_seconds(one.mean)).member("p50", to_seconds(one.p50));
  w.member("p95", to_seconds(one.p95));
  if (one.p50_before) {
    w.member("p50_before", to_seconds(*one.p50_before));
  } else {
    w.member_null("p50_before");
  }
  w.end_object();
}

Status add_tasks(json::Writer& w, const Call& call, const FigureQuery& asked) {
  FigureQuery query = asked;
  query.rows_max = kTasksShown;
  auto figures = call.services.store.figures().task_figures(query);
  if (!figures) return fail(figures);
  w.key("tasks").begin_object().member("since", api_time(figures->since));
  w.key("slowest").begin_array();
  for (const TaskFigure& one : figures->slowest) write_figure(w, one);
  w.end_array().key("flakiest").begin_array();
  for (const TaskFigure& one : figures->flakiest) write_figure(w, one);
  w.end_array().end_object();
  return {};
}

void part(json::Writer& w, std::string_view name, std::string_view state,
          const std::string& message) {
  w.begin_object().member("part", name).member("state", state);
  member_text(w, "message", message);
  w.end_object();
}

void add_disk(json::Writer& w, const DiskState& disk) {
  std::string text = std::to_string(disk.free_bytes >> 20) + " MiB free of " +
                     std::to_string(disk.total_bytes >> 20) + " at " + disk.path;
  part(w, "disk", disk.low ? "warning" : "ok", text);
}

void add_workspace(json::Writer& w, const WorkspaceState& workspace) {
  if (workspace.path.empty()) return part(w, "workspace", "ok", "no folder is watched");
  if (!workspace.problems.empty())
    return part(w, "workspace", "warning", workspace.path + ": " + workspace.problems[0]);
  part(w, "workspace", workspace.watching ? "ok" : "warning", workspace.path);
}

void add_health(json::Writer& w, const Call& call) {
  const Services& services = call.services;
  EnginePulse engine = engine_pulse(services);
  bool readable = services.store.settings().get_setting("instance_id").has_value();
  WorkspaceState workspace = services.workspace.workspace();
  size_t agents = services.host.agents().size();
  w.key("health").begin_array();
  part(w, "engine", engine.alive ? "ok" : "failed",
       engine.alive ? "" : "not heard of for " + format_duration(engine.silence));
  part(w, "store", readable ? "ok" : "failed", readable ? "" : "the database does not answer");
  for (const ExecutorState& one : services.host.executors()) {
    part(w, "executor " + one.name, one.ready ? "ok" : "warning",
         std::to_string(one.slots_max) + " slots" + (one.ready ? "" : ", not connected"));
  }
  part(w, "agents", "ok", std::to_string(agents) + " connected");
  add_workspace(w, workspace);
  add_disk(w, services.host.disk());
  w.end_array();
}

Result<Response> get_dashboard(Call& call) {
  int64_t hours =
      std::clamp<int64_t>(call.query_int("hours").value_or(kHoursDefault), 1, kHoursMax);
  Time now = call.services.clock.now();
  FigureQuery query{.since = now - std::chrono::hours(hours), .until = now};
  json::Writer w;
  w.begin_object().member("at", api_time(now)).member("hours_shown", hours);
  if (auto done = add_counts(w, call.services.store.figures()); !done) return fail(done);
  for (auto* add : {add_hours, add_open_runs, add_failures, add_tasks}) {
    if (auto done = add(w, call, query); !done) return fail(done);
  }
  add_health(w, call);
  w.end_object();
  return json_response(w);
}

void add_shapes(Router& router) {
  router.shape("DashboardRuns", "queued:int running:int success:int failed:int");
  router.shape("DashboardDags", "total:int active:int failing:int");
  router.shape("DashboardHour", "hour:time queued:int running:int success:int failed:int");
  router.shape("DashboardRun",
               "dag_id:str dag_run_id:str dag_display_name:str state:DagRunState "
               "run_type:DagRunType run_after:time queued_at:time start_date:time? tasks:{int} "
               "task_instances:int finished:int");
  router.shape("DashboardFailure",
               "dag_id:str dag_run_id:str task_id:str map_index:int rendered_map_index:str? "
               "try_number:int start_date:time? end_date:time? reason:str?");
  router.shape("TaskFigure",
               "dag_id:str task_id:str tries:int failures:int retries:int mean:num p50:num "
               "p95:num p50_before:num?");
  router.shape("DashboardTasks", "since:time slowest:[TaskFigure] flakiest:[TaskFigure]");
  router.shape("DashboardPart", "part:str state:<ok|warning|failed> message:str?");
  router.shape("DashboardResponse",
               "at:time hours_shown:int runs:DashboardRuns dags:DashboardDags "
               "hours:[DashboardHour] open_runs:[DashboardRun] failures:[DashboardFailure] "
               "tasks:DashboardTasks health:[DashboardPart]");
}

}  // namespace

void add_dashboard_routes(Router& router) {
  add_shapes(router);
  router.tag("Dashboard");
  router.add(Method::get, "/api/leoflow/v1/dashboard", "get_dashboard", get_dashboard)
      .about(
          "The home page in one answer: counts, runs of each hour by state, open runs with their "
          "progress, the latest failures, the slowest and flakiest tasks of the UTC days that the "
          "hours touch (p50_before: of as many days before), health of the parts")
      .takes({{.name = "hours",
               .kind = Param::Kind::integer,
               .summary = "How far back, at most 168",
               .fallback = "24",
               .minimum = 1}})
      .answers_with(200, "DashboardResponse");
}

}  // namespace leoflow::api
