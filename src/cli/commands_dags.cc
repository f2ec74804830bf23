// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"

namespace leoflow::cli {
namespace {

// Files that do not compile are easily overlooked: their DAGs are missing or old.
void warn_of_import_errors(Context& context, ApiClient& api) {
  auto errors = api.list("/api/v2/importErrors", "import_errors", {}, 1);
  if (!errors || errors->total == 0) return;
  std::string count = std::to_string(errors->total);
  context.warn(count + (errors->total == 1 ? " file does" : " files do") +
               " not compile; see `leoflow import-errors list`");
}

Result<int> list(Context& context, int64_t limit) {
  auto api = context.api();
  if (!api) return fail(api);
  auto rows = (*api)->list("/api/v2/dags", "dags", {}, limit);
  if (!rows) return fail(rows);
  context.show({{"DAG", "dag_id"},
                {"PAUSED", "is_paused", Show::yes_no},
                {"SCHEDULE", "timetable_summary"},
                {"NEXT RUN", "next_dagrun_run_after", Show::time},
                {"OWNERS", "owners", Show::list},
                {"TAGS", "tags", Show::list},
                {"VERSION", "bundle_version"}},
               *rows, "no DAGs");
  warn_of_import_errors(context, **api);
  return 0;
}

Result<int> show(Context& context, const std::string& dag_id) {
  auto api = context.api();
  if (!api) return fail(api);
  auto dag = (*api)->get_object(dags_path(dag_id, {"details"}));
  if (!dag) return fail(dag);
  context.show_object({{"dag", "dag_id"},
                       {"description", "description"},
                       {"paused", "is_paused", Show::yes_no},
                       {"schedule", "timetable_description"},
                       {"next run", "next_dagrun_run_after", Show::time},
                       {"owners", "owners", Show::list},
                       {"tags", "tags", Show::list},
                       {"file", "fileloc"},
                       {"version", "bundle_version"},
                       {"runs active", "active_runs_count", Show::number},
                       {"parsed", "last_parsed_time", Show::time},
                       {"import errors", "has_import_errors", Show::yes_no}},
                      *dag);
  return 0;
}

Result<int> set_paused(Context& context, const std::string& dag_id, bool paused) {
  auto api = context.api();
  if (!api) return fail(api);
  auto dag = (*api)->send_object("PATCH", dags_path(dag_id), {{"is_paused", paused}});
  if (!dag) return fail(dag);
  if (context.json()) context.console.out(json::dump(json::value(*dag)) + "\n");
  context.say(dag_id + (paused ? " is paused: no new runs start" : " is not paused"));
  return 0;
}

Result<int> remove(Context& context, const std::string& dag_id) {
  auto api = context.api();
  if (!api) return fail(api);
  auto agreed = context.confirm("Delete " + dag_id + " with all its runs, logs and versions?");
  if (!agreed) return fail(agreed);
  auto removed = (*api)->remove(dags_path(dag_id));
  if (!removed) return fail(removed);
  context.say(dag_id + " is deleted; it comes back when its file is still in the workspace");
  return 0;
}

Result<int> versions(Context& context, const std::string& dag_id) {
  auto api = context.api();
  if (!api) return fail(api);
  auto rows = (*api)->list(dags_path(dag_id, {"dagVersions"}), "dag_versions",
                           {{"order_by", "-version_number"}});
  if (!rows) return fail(rows);
  context.show({{"VERSION", "version_number", Show::number},
                {"LABEL", "bundle_version"},
                {"CREATED", "created_at", Show::time},
                {"COMMIT", "commit"},
                {"IMAGE", "image"}},
               *rows, "no versions");
  return 0;
}

Result<int> activate(Context& context, const std::string& dag_id, const std::string& number) {
  auto api = context.api();
  if (!api) return fail(api);
  auto version =
      (*api)->send_object("POST", own_path({"dags", dag_id, "versions", number, "activate"}), {});
  if (!version) return fail(version);
  if (context.json()) context.console.out(json::dump(json::value(*version)) + "\n");
  context.say("version " + number + " (" + json::string_or(*version, "bundle_version") + ") of " +
              dag_id + " is the current one: new runs take it");
  return 0;
}

Result<int> import_errors(Context& context) {
  auto api = context.api();
  if (!api) return fail(api);
  auto rows = (*api)->list("/api/v2/importErrors", "import_errors");
  if (!rows) return fail(rows);
  if (context.json() || rows->rows.empty()) {
    context.show({}, *rows, "all files compile");
    return 0;
  }
  for (const json::value& row : rows->rows) {
    const json::object& error = row.as_object();
    Column time{"", "timestamp", Show::time}, file{"", "filename"};
    context.console.out(context.console.paint(Colour::bold, cell_text(error, file)) + "  " +
                        cell_text(error, time) + "\n" +
                        printable(json::string_or(error, "stack_trace"), true) + "\n");
  }
  return 0;
}

// A command with the id of a DAG as its only argument.
void add_named(Command& group, const std::string& name, const std::string& about,
               std::function<Result<int>(Context&, const std::string&)> action) {
  auto dag_id = std::make_shared<std::string>();
  Command& command = group.add(name, about);
  command.argument("DAG", dag_id.get(), "Id of the DAG")
      .example(command.path() + " etl")
      .runs([dag_id, action](Context& context) { return action(context, *dag_id); });
}

void add_version_commands(Command& root) {
  Command& group =
      root.add("versions", "List the versions of a DAG, choose one").group("Work with DAGs");
  add_named(group, "list", "List the versions of a DAG, the newest first", versions);
  struct Choice {
    std::string dag_id, number;
  };
  auto choice = std::make_shared<Choice>();
  group.add("activate", "Make a version the current one: back to it, or on to it")
      .argument("DAG", &choice->dag_id, "Id of the DAG")
      .argument("VERSION", &choice->number, "Its number, as `versions list` shows it")
      .example("leoflow versions activate etl 3")
      .note("Runs stay with the version they began with.")
      .runs(
          [choice](Context& context) { return activate(context, choice->dag_id, choice->number); });
}

}  // namespace

void add_dag_commands(Command& root) {
  Command& dags = root.add("dags", "List, pause and delete DAGs").group("Work with DAGs");
  auto limit = std::make_shared<int64_t>(0);
  dags.add("list", "List DAGs")
      .option("--limit", "N", limit.get(), "At most so many (default: all)")
      .example("leoflow dags list")
      .runs([limit](Context& context) { return list(context, *limit); });
  add_named(dags, "show", "Show a DAG", show);
  add_named(dags, "pause", "Start no new runs of a DAG",
            [](Context& context, const std::string& id) { return set_paused(context, id, true); });
  add_named(dags, "unpause", "Let runs of a DAG start",
            [](Context& context, const std::string& id) { return set_paused(context, id, false); });
  add_named(dags, "delete", "Delete a DAG and its history", remove);
  add_version_commands(root);
  Command& errors =
      root.add("import-errors", "List files that do not compile").group("Work with DAGs");
  errors.add("list", "List files that do not compile, and why")
      .example("leoflow import-errors list")
      .runs([](Context& context) { return import_errors(context); });
}

}  // namespace leoflow::cli
