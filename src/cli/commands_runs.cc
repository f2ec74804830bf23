// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/follow.h"
#include "cli/format.h"
#include "cli/reasons.h"
#include "cli/run_view.h"

namespace leoflow::cli {
namespace {

struct RunName {
  std::string dag_id, run_id;
};

struct TriggerOptions {
  std::string dag_id, conf, run_id, logical_date, note;
  bool wait = false, follow = false;
};

int exit_of(const RunView& view) {
  return json::string_or(view.run, "state") == "success" ? 0 : kExitRunFailed;
}

Result<int> wait_for_run(Context& context, const FollowRequest& request) {
  auto view = follow_run(context, request);
  if (!view) return fail(view);
  if (request.details && !context.json()) context.console.out("\n");
  show_run(context, *view);
  return exit_of(*view);
}

Result<json::object> trigger_body(const TriggerOptions& options) {
  json::object body;
  // The key must be there, see the Airflow API: without a date there is no data interval.
  body["logical_date"] = nullptr;
  if (!options.logical_date.empty()) {
    auto date = parse_time(options.logical_date, true);
    if (!date) return fail(date.error().within("--logical-date"));
    body["logical_date"] = format_time(*date);
  }
  if (!options.run_id.empty()) body["dag_run_id"] = options.run_id;
  if (!options.note.empty()) body["note"] = options.note;
  if (!options.conf.empty()) {
    auto conf = json_argument(options.conf, "--conf");
    if (!conf) return fail(conf);
    body["conf"] = std::move(*conf);
  }
  return body;
}

// A run of a paused DAG stays queued: said before somebody waits for it.
Status warn_if_paused(Context& context, ApiClient& api, const std::string& dag_id) {
  auto dag = api.get_object(dags_path(dag_id));
  if (!dag) return fail(dag);
  if (json::bool_or(*dag, "is_paused")) {
    context.warn(dag_id + " is paused: the run waits until `leoflow dags unpause " + dag_id + "`");
  }
  return {};
}

Result<int> trigger(Context& context, const TriggerOptions& options) {
  auto body = trigger_body(options);
  if (!body) return fail(body);
  auto api = context.api();
  if (!api) return fail(api);
  if (auto status = warn_if_paused(context, **api, options.dag_id); !status) return fail(status);
  auto run = (*api)->send_object("POST", dags_path(options.dag_id, {"dagRuns"}), *body);
  if (!run) return fail(run);
  std::string run_id = json::string_or(*run, "dag_run_id");
  if (options.wait || options.follow) {
    context.say("run " + run_id);
    return wait_for_run(context, {options.dag_id, run_id, options.follow});
  }
  if (context.json()) {
    context.console.out(json::dump(json::value(*run)) + "\n");
  } else {
    context.console.out(run_id + "\n");
  }
  return 0;
}

struct ListOptions {
  std::string dag_id = "~", state;
  int64_t limit = 20;
};

Result<int> list(Context& context, const ListOptions& options) {
  auto api = context.api();
  if (!api) return fail(api);
  auto rows = (*api)->list(dags_path(options.dag_id, {"dagRuns"}), "dag_runs",
                           {{"state", options.state}, {"order_by", "-run_after"}}, options.limit);
  if (!rows) return fail(rows);
  context.show({{"DAG", "dag_id"},
                {"RUN", "dag_run_id"},
                {"STATE", "state", Show::state},
                {"TYPE", "run_type"},
                {"START", "start_date", Show::time},
                {"DURATION", "duration", Show::seconds}},
               *rows, "no runs");
  return 0;
}

Result<int> show(Context& context, RunName name) {
  auto api = context.api();
  if (!api) return fail(api);
  auto view = load_run(**api, name.dag_id, name.run_id);
  if (!view) return fail(view);
  if (auto status = add_reasons(**api, *view); !status) return fail(status);
  show_run(context, *view);
  return 0;
}

struct LogOptions {
  std::string dag_id, run_id, task_id;
  std::optional<int64_t> try_number;
  int64_t map_index = -1;
  bool follow = false;
};

Result<int> logs(Context& context, const LogOptions& options) {
  auto api = context.api();
  if (!api) return fail(api);
  auto run_id = run_id_of(**api, options.dag_id, options.run_id);
  if (!run_id) return fail(run_id);
  LogRequest request{options.dag_id,    *run_id, options.task_id,
                     options.map_index, 1,       options.follow};
  if (options.try_number) {
    request.try_number = *options.try_number;
  } else {
    std::string path = run_path(options.dag_id, *run_id, {"taskInstances", options.task_id});
    if (options.map_index >= 0) path += "/" + std::to_string(options.map_index);
    auto task = (*api)->get_object(path);
    if (!task) return fail(task);
    request.try_number = std::max<int64_t>(json::int_or(*task, "try_number"), 1);
  }
  if (auto status = print_log(context, request); !status) return fail(status);
  return 0;
}

Result<int> cancel(Context& context, RunName name) {
  auto api = context.api();
  if (!api) return fail(api);
  auto run_id = run_id_of(**api, name.dag_id, name.run_id);
  if (!run_id) return fail(run_id);
  name.run_id = *run_id;
  auto run =
      (*api)->send_object("PATCH", run_path(name.dag_id, name.run_id), {{"state", "failed"}});
  if (!run) return fail(run);
  context.say("run " + name.run_id + " of " + name.dag_id + " is " +
              json::string_or(*run, "state") + "; its running tasks are being ended");
  return 0;
}

Result<int> remove(Context& context, RunName name) {
  auto api = context.api();
  if (!api) return fail(api);
  auto run_id = run_id_of(**api, name.dag_id, name.run_id);
  if (!run_id) return fail(run_id);
  name.run_id = *run_id;
  std::string what = "run " + name.run_id + " of " + name.dag_id;
  if (auto status = context.confirm("Delete " + what + ", its logs and its staging volume?");
      !status) {
    return fail(status);
  }
  auto removed = (*api)->remove(run_path(name.dag_id, name.run_id));
  if (!removed) return fail(removed);
  context.say(what + " is deleted");
  return 0;
}

void add_trigger(Command& runs) {
  auto options = std::make_shared<TriggerOptions>();
  Command& command = runs.add("trigger", "Start a run of a DAG");
  command.argument("DAG", &options->dag_id, "Id of the DAG")
      .option("--conf", "JSON", &options->conf,
              "Parameters: a JSON object, or @FILE that holds one")
      .option("--run-id", "ID", &options->run_id, "Name of the run (default: made from the time)")
      .option("--logical-date", "TIME", &options->logical_date,
              "Logical date, as 2026-01-31T00:00:00Z")
      .option("--note", "TEXT", &options->note, "Note shown with the run")
      .flag("--wait", &options->wait, "Return when the run has ended, with status 10 if it failed")
      .flag("--follow", &options->follow, "As --wait, and show states and logs as they come")
      .example("leoflow runs trigger etl --conf '{\"day\": \"2026-01-31\"}' --follow")
      .runs([options](Context& context) { return trigger(context, *options); });
}

void add_named(Command& runs, const std::string& name, const std::string& about,
               Result<int> (*action)(Context&, RunName)) {
  auto options = std::make_shared<RunName>();
  runs.add(name, about)
      .argument("DAG", &options->dag_id, "Id of the DAG")
      .argument("RUN", &options->run_id, kRunAbout)
      .example("leoflow runs " + name + " etl manual__2026-01-31T00:00:00+00:00")
      .example("leoflow runs " + name + " etl @latest")
      .runs([options, action](Context& context) { return action(context, *options); });
}

void add_list_and_logs(Command& runs) {
  auto options = std::make_shared<ListOptions>();
  runs.add("list", "List runs, the newest first")
      .option("--dag", "DAG", &options->dag_id, "Only runs of this DAG")
      .option("--state", "STATE", &options->state, "queued, running, success or failed",
              {"queued", "running", "success", "failed"})
      .option("--limit", "N", &options->limit, "At most so many (default 20, 0 = all)")
      .example("leoflow runs list --dag etl --state failed")
      .runs([options](Context& context) { return list(context, *options); });
  auto log = std::make_shared<LogOptions>();
  runs.add("logs", "Print the log of a task")
      .argument("DAG", &log->dag_id, "Id of the DAG")
      .argument("RUN", &log->run_id, kRunAbout)
      .argument("TASK", &log->task_id, "Id of the task")
      .option("--try", "N", &log->try_number, "Which try (default: the latest)")
      .option("--map-index", "N", &log->map_index, "Which instance of a mapped task")
      .flag("-f,--follow", &log->follow, "Go on until the try ends")
      .example("leoflow runs logs etl manual__2026-01-31T00:00:00+00:00 load --try 2")
      .example("leoflow runs logs etl @latest load -f")
      .note("With -o json: the records as they are, one per line.")
      .runs([log](Context& context) { return logs(context, *log); });
}

}  // namespace

void add_run_commands(Command& root) {
  Command& runs = root.add("runs", "Start, watch and end runs of DAGs").group("Work with DAGs");
  add_trigger(runs);
  add_list_and_logs(runs);
  add_named(runs, "show", "Show a run and its tasks", show);
  add_named(runs, "cancel", "End a run: running tasks are killed, the run fails", cancel);
  add_named(runs, "delete", "Delete a run and all that is kept of it", remove);
}

}  // namespace leoflow::cli
