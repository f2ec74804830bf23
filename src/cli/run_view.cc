// SPDX-License-Identifier: Apache-2.0
#include "cli/run_view.h"

#include <algorithm>

#include "async/loop.h"
#include "cli/format.h"

namespace leoflow::cli {
namespace {

const std::vector<Column>& run_columns() {
  static const std::vector<Column> columns{
      {"dag", "dag_id"},
      {"run", "dag_run_id"},
      {"state", "state", Show::state},
      {"type", "run_type"},
      {"logical date", "logical_date", Show::time},
      {"started", "start_date", Show::time},
      {"ended", "end_date", Show::time},
      {"version", "bundle_version"},
      {"note", "note"},
  };
  return columns;
}

// [{"exc_type", "exc_value", "frames": [...]}], innermost cause last.
std::string traceback_text(const json::array& exceptions) {
  std::string text;
  for (const json::value& one : exceptions) {
    if (!one.is_object()) continue;
    const json::object& exception = one.get_object();
    if (const json::array* frames = json::array_or_null(exception, "frames");
        frames && !frames->empty()) {
      text += "\n  Traceback (most recent call last):";
      for (const json::value& frame : *frames) {
        if (!frame.is_object()) continue;
        const json::object& place = frame.get_object();
        text += "\n    " + json::string_or(place, "filename") + ":" +
                std::to_string(json::int_or(place, "lineno")) + " in " +
                json::string_or(place, "name");
      }
    }
    text += "\n  " + json::string_or(exception, "exc_type") + ": " +
            json::string_or(exception, "exc_value");
  }
  return text;
}

}  // namespace

Result<std::string> run_id_of(ApiClient& api, const std::string& dag_id, const std::string& run) {
  if (run != kLatestRun) {
    if (!run.starts_with('@')) return run;
    return fail(Code::invalid, "'" + printable(run) + "' is not the id of a run",
                "@latest is the newest run");
  }
  auto newest =
      api.list(dags_path(dag_id, {"dagRuns"}), "dag_runs", {{"order_by", "-run_after"}}, 1);
  if (!newest) return fail(newest);
  if (newest->rows.empty()) {
    return fail(Code::not_found, "the DAG " + dag_id + " has no runs yet",
                "`leoflow runs trigger " + dag_id + "` starts one");
  }
  return json::string_or(newest->rows[0].as_object(), "dag_run_id");
}

Result<RunView> load_run(ApiClient& api, const std::string& dag_id, const std::string& name) {
  auto id = run_id_of(api, dag_id, name);
  if (!id) return fail(id);
  const std::string& run_id = *id;
  auto run = api.get_object(run_path(dag_id, run_id));
  if (!run) return fail(run);
  auto tasks = api.list(run_path(dag_id, run_id, {"taskInstances"}), "task_instances",
                        {{"order_by", "start_date"}});
  if (!tasks) return fail(tasks);
  // Those that have not started come last, whatever the database thinks of null.
  std::ranges::stable_partition(tasks->rows, [](const json::value& task) {
    return !json::string_or(task.as_object(), "start_date").empty();
  });
  return RunView{std::move(*run), std::move(tasks->rows)};
}

bool run_is_over(std::string_view state) { return state == "success" || state == "failed"; }

std::string task_label(const json::object& task_instance) {
  int64_t map_index = json::int_or(task_instance, "map_index", -1);
  std::string label = json::string_or(task_instance, "task_id");
  return map_index < 0 ? label : label + "[" + std::to_string(map_index) + "]";
}

const std::vector<Column>& task_columns() {
  static const std::vector<Column> columns{
      {"TASK", "label"},
      {"STATE", "state", Show::state},
      {"TRY", "try_number", Show::number},
      {"START", "start_date", Show::time},
      {"DURATION", "duration", Show::seconds},
      {"REASON", "reason"},
  };
  return columns;
}

json::array task_rows(json::array tasks) {
  for (json::value& row : tasks) {
    json::object& task = row.as_object();
    task["label"] = task_label(task);
    if (!task.contains("reason")) task["reason"] = json::string_or(task, "state_reason");
  }
  return tasks;
}

std::optional<RunTimes> times_of(const RunView& view, Time now) {
  auto start = time_of(view.run, "start_date");
  if (!start) return std::nullopt;
  Time end = time_of(view.run, "end_date").value_or(now);
  std::vector<Interval> intervals;
  for (const json::value& task : view.tasks) {
    auto task_start = time_of(task.as_object(), "start_date");
    if (!task_start) continue;
    Time task_end = time_of(task.as_object(), "end_date").value_or(now);
    // What ran before the last clear is not part of this span.
    intervals.push_back({std::max(*task_start, *start), std::min(task_end, end)});
  }
  return RunTimes{end - *start, covered(std::move(intervals))};
}

void show_run(Context& context, const RunView& view) {
  auto times = times_of(view, SystemClock().now());
  json::object run = view.run;
  if (context.json()) {
    run["task_instances"] = view.tasks;
    run["seconds_outside_tasks"] =
        times ? json::value(to_seconds(times->outside_tasks())) : json::value();
    context.console.out(json::dump(json::value(run)) + "\n");
    return;
  }
  // What the run does not have says nothing about it.
  std::vector<Column> columns = run_columns();
  std::erase_if(columns, [&](const Column& column) {
    const json::value* value = run.if_contains(column.key);
    return value == nullptr || value->is_null() || *value == json::value("");
  });
  context.show_object(columns, run);
  if (view.tasks.empty()) return;
  context.console.out("\n" + render_table(context.console, task_columns(), task_rows(view.tasks)));
  if (!times) return;
  context.console.out("\ntotal " + format_duration(times->total) + ", in tasks " +
                      format_duration(times->in_tasks) + ", outside tasks " +
                      format_duration(times->outside_tasks()) + "\n");
}

std::string log_line(const json::object& record) {
  std::string event = json::string_or(record, "event");
  bool marker = event == "::endgroup::" || event == "::group::Log message source details";
  if (marker) return {};
  std::string line;
  if (auto time = time_of(record, "timestamp")) line += clock_time(*time) + " ";
  std::string level = json::string_or(record, "level");
  if (!level.empty() && level != "info") {
    std::ranges::transform(level, level.begin(), [](unsigned char c) { return char(toupper(c)); });
    line += level + " ";
  }
  line += event;
  if (auto exception = json::string_or(record, "exception"); !exception.empty())
    line += "\n" + exception;
  if (const json::array* detail = json::array_or_null(record, "error_detail"))
    line += traceback_text(*detail);
  return printable(line, true);
}

}  // namespace leoflow::cli
