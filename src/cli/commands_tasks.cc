// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/reasons.h"
#include "cli/run_view.h"

namespace leoflow::cli {
namespace {

struct ClearOptions {
  std::string dag_id, run_id;
  std::vector<std::string> tasks;
  bool upstream = false, downstream = false, all = false, keep_version = false;
};

struct MarkOptions {
  std::string dag_id, run_id, task_id, state;
  std::optional<int64_t> map_index;
};

Result<int> list(Context& context, const std::string& dag_id, const std::string& run_id) {
  auto api = context.api();
  if (!api) return fail(api);
  auto view = load_run(**api, dag_id, run_id);
  if (!view) return fail(view);
  if (auto status = add_reasons(**api, *view); !status) return fail(status);
  auto count = int64_t(view->tasks.size());
  json::array rows = context.json() ? std::move(view->tasks) : task_rows(std::move(view->tasks));
  context.show(task_columns(), {std::move(rows), count}, "the run has no tasks");
  return 0;
}

// "load", or "load[3]" for one instance of a mapped task.
json::value task_name(const std::string& text) {
  size_t bracket = text.find('[');
  if (bracket == std::string::npos || !text.ends_with(']')) return json::value(text);
  std::string digits = text.substr(bracket + 1, text.size() - bracket - 2);
  bool number = !digits.empty() && digits.size() < 10 &&
                digits.find_first_not_of("0123456789") == std::string::npos;
  if (!number) return json::value(text);
  return json::array{text.substr(0, bracket), int64_t(std::stol(digits))};
}

json::object clear_body(const ClearOptions& options) {
  json::object body{{"dag_run_id", options.run_id},
                    {"only_failed", options.tasks.empty() && !options.all},
                    {"include_upstream", options.upstream},
                    {"include_downstream", options.downstream},
                    {"run_on_latest_version", !options.keep_version},
                    {"dry_run", true}};
  if (options.tasks.empty()) return body;
  json::array names;
  for (const std::string& task : options.tasks) names.push_back(task_name(task));
  body["task_ids"] = std::move(names);
  return body;
}

std::string counted(int64_t count) {
  return std::to_string(count) + (count == 1 ? " task instance" : " task instances");
}

Result<int> clear(Context& context, ClearOptions options) {
  auto api = context.api();
  if (!api) return fail(api);
  auto run_id = run_id_of(**api, options.dag_id, options.run_id);
  if (!run_id) return fail(run_id);
  options.run_id = *run_id;
  std::string path = dags_path(options.dag_id, {"clearTaskInstances"});
  json::object body = clear_body(options);
  auto preview = (*api)->send_object("POST", path, body);
  if (!preview) return fail(preview);
  const json::array* touched = json::array_or_null(*preview, "task_instances");
  int64_t count = json::int_or(*preview, "total_entries");
  if (!touched || count == 0) {
    if (context.json()) context.console.out(render_json({}));
    context.say(options.tasks.empty() && !options.all
                    ? "nothing to clear: no task of the run failed (--all clears the others too)"
                    : "nothing to clear");
    return 0;
  }
  if (!context.json()) {
    context.console.err(render_table(context.console, task_columns(), task_rows(*touched)));
  }
  std::string version =
      options.keep_version ? "on the version it had" : "on the current version of the DAG";
  auto agreed = context.confirm("Run " + counted(count) + " of " + options.run_id + " again, " +
                                version + "?");
  if (!agreed) return fail(agreed);
  body["dry_run"] = false;
  auto cleared = (*api)->send_object("POST", path, body);
  if (!cleared) return fail(cleared);
  if (const json::array* rows = json::array_or_null(*cleared, "task_instances");
      rows && context.json()) {
    context.console.out(render_json(*rows));
  }
  context.say("cleared " + counted(json::int_or(*cleared, "total_entries")) + " of " +
              options.run_id);
  return 0;
}

Result<int> mark(Context& context, const MarkOptions& options) {
  auto api = context.api();
  if (!api) return fail(api);
  auto run_id = run_id_of(**api, options.dag_id, options.run_id);
  if (!run_id) return fail(run_id);
  std::string path = run_path(options.dag_id, *run_id, {"taskInstances", options.task_id});
  if (options.map_index) path += "/" + std::to_string(*options.map_index);
  auto marked = (*api)->send_object("PATCH", path, {{"new_state", options.state}});
  if (!marked) return fail(marked);
  if (const json::array* rows = json::array_or_null(*marked, "task_instances");
      rows && context.json()) {
    context.console.out(render_json(*rows));
  }
  context.say("marked " + counted(json::int_or(*marked, "total_entries")) + " of " +
              options.task_id + " as " + options.state);
  return 0;
}

void add_clear(Command& tasks) {
  auto options = std::make_shared<ClearOptions>();
  tasks.add("clear", "Run tasks of a run again: the failed ones, or those named")
      .argument("DAG", &options->dag_id, "Id of the DAG")
      .argument("RUN", &options->run_id, kRunAbout)
      .option("-t,--task", "TASK", &options->tasks,
              "This task whatever its state, TASK[N] for one instance; can be repeated")
      .flag("--upstream", &options->upstream, "Also what comes before the named tasks")
      .flag("--downstream", &options->downstream, "Also what comes after the named tasks")
      .flag("--all", &options->all, "All tasks, not only the failed ones")
      .flag("--keep-version", &options->keep_version,
            "Stay on the DAG version of the run; without it the run moves to the current one")
      .example("leoflow tasks clear etl manual__2026-01-31T00:00:00+00:00 --task load --downstream")
      .example("leoflow tasks clear etl @latest")
      .note("Shows what it would touch and asks; without a terminal it needs --yes.")
      .runs([options](Context& context) { return clear(context, *options); });
}

}  // namespace

void add_task_commands(Command& root) {
  Command& tasks =
      root.add("tasks", "List, clear and mark the tasks of a run").group("Work with DAGs");
  auto name = std::make_shared<MarkOptions>();
  tasks.add("list", "List the task instances of a run")
      .argument("DAG", &name->dag_id, "Id of the DAG")
      .argument("RUN", &name->run_id, kRunAbout)
      .example("leoflow tasks list etl manual__2026-01-31T00:00:00+00:00")
      .runs([name](Context& context) { return list(context, name->dag_id, name->run_id); });
  add_clear(tasks);
  auto options = std::make_shared<MarkOptions>();
  tasks.add("mark", "Set the state of a task")
      .argument("DAG", &options->dag_id, "Id of the DAG")
      .argument("RUN", &options->run_id, kRunAbout)
      .argument("TASK", &options->task_id, "Id of the task")
      .argument("STATE", &options->state, "success, failed or skipped",
                {"success", "failed", "skipped"})
      .option("--map-index", "N", &options->map_index,
              "One instance of a mapped task (default: all)")
      .example("leoflow tasks mark etl manual__2026-01-31T00:00:00+00:00 load success")
      .runs([options](Context& context) { return mark(context, *options); });
}

}  // namespace leoflow::cli
