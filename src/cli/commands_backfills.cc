// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"

namespace leoflow::cli {
namespace {

constexpr std::string_view kPath = "/api/v2/backfills";

struct CreateOptions {
  std::string dag_id, from, to, conf, reprocess = "none";
  int64_t max_active_runs = 10;
  bool backwards = false, dry_run = false;
};

Result<std::string> instant(const std::string& text, const char* option) {
  auto time = parse_time(text, true);
  if (!time) return fail(time.error().within(option));
  return format_time(*time);
}

Result<json::object> body_of(const CreateOptions& options) {
  if (options.from.empty() || options.to.empty()) {
    return fail(Code::invalid, "a backfill needs --from and --to",
                "for example --from 2026-01-01 --to 2026-01-31");
  }
  auto from = instant(options.from, "--from");
  if (!from) return fail(from);
  auto to = instant(options.to, "--to");
  if (!to) return fail(to);
  json::object body{{"dag_id", options.dag_id},
                    {"from_date", *from},
                    {"to_date", *to},
                    {"reprocess_behavior", options.reprocess},
                    {"max_active_runs", options.max_active_runs},
                    {"run_backwards", options.backwards}};
  if (!options.conf.empty()) {
    auto conf = json_argument(options.conf, "--conf");
    if (!conf) return fail(conf);
    body["dag_run_conf"] = std::move(*conf);
  }
  return body;
}

Result<int> try_it(Context& context, ApiClient& api, const json::object& body) {
  auto answer = api.send_object("POST", std::string(kPath) + "/dry_run", body);
  if (!answer) return fail(answer);
  Rows rows;
  if (const json::array* dates = json::array_or_null(*answer, "backfills")) rows.rows = *dates;
  rows.total = int64_t(rows.rows.size());
  context.show({{"LOGICAL DATE", "logical_date", Show::time}}, rows,
               "every date of the range has a run already");
  return 0;
}

Result<int> create(Context& context, const CreateOptions& options) {
  auto body = body_of(options);
  if (!body) return fail(body);
  auto api = context.api();
  if (!api) return fail(api);
  if (options.dry_run) return try_it(context, **api, *body);
  auto dag = (*api)->get_object(dags_path(options.dag_id));
  if (!dag) return fail(dag);
  if (json::bool_or(*dag, "is_paused")) {
    context.warn(options.dag_id + " is paused: the runs wait until `leoflow dags unpause " +
                 options.dag_id + "`");
  }
  auto made = (*api)->send_object("POST", std::string(kPath), *body);
  if (!made) return fail(made);
  std::string id = std::to_string(json::int_or(*made, "id"));
  if (context.json()) {
    context.console.out(json::dump(json::value(*made)) + "\n");
  } else {
    context.console.out(id + "\n");
  }
  context.say("backfill " + id + " of " + options.dag_id +
              " is under way; `leoflow backfills show " + id + "` tells how far");
  return 0;
}

struct ListOptions {
  std::string dag_id;
  bool active = false;
};

Result<int> list(Context& context, const ListOptions& options) {
  auto api = context.api();
  if (!api) return fail(api);
  auto rows = (*api)->list(
      std::string(kPath), "backfills",
      {{"dag_id", options.dag_id}, {"active", options.active ? "true" : ""}, {"order_by", "-id"}});
  if (!rows) return fail(rows);
  context.show({{"ID", "id", Show::number},
                {"FROM", "from_date", Show::time},
                {"TO", "to_date", Show::time},
                {"REPROCESS", "reprocess_behavior"},
                {"PAUSED", "is_paused", Show::yes_no},
                {"COMPLETED", "completed_at", Show::time}},
               *rows, "no backfills");
  return 0;
}

Result<int> show(Context& context, int64_t id) {
  auto api = context.api();
  if (!api) return fail(api);
  auto backfill = (*api)->get_object(path_of(kPath, {std::to_string(id)}));
  if (!backfill) return fail(backfill);
  auto progress = (*api)->get_object(own_path({"backfills", std::to_string(id), "progress"}));
  if (!progress) return fail(progress);
  for (auto& [name, value] : *progress) (*backfill)[name] = value;
  context.show_object({{"backfill", "id", Show::number},
                       {"dag", "dag_id"},
                       {"from", "from_date", Show::time},
                       {"to", "to_date", Show::time},
                       {"paused", "is_paused", Show::yes_no},
                       {"completed", "completed_at", Show::time},
                       {"dates", "dates", Show::number},
                       {"waiting", "waiting", Show::number},
                       {"queued", "queued", Show::number},
                       {"running", "running", Show::number},
                       {"success", "success", Show::number},
                       {"failed", "failed", Show::number},
                       {"left out", "left_out", Show::number}},
                      *backfill);
  return 0;
}

Result<int> move(Context& context, int64_t id, const std::string& how, const std::string& done) {
  auto api = context.api();
  if (!api) return fail(api);
  auto moved = (*api)->send_object("PUT", path_of(kPath, {std::to_string(id), how}), {});
  if (!moved) return fail(moved);
  if (context.json()) context.console.out(json::dump(json::value(*moved)) + "\n");
  context.say("backfill " + std::to_string(id) + " " + done);
  return 0;
}

void add_create(Command& group) {
  auto options = std::make_shared<CreateOptions>();
  group.add("create", "Run the dates of a range that have no run")
      .argument("DAG", &options->dag_id, "Id of the DAG; it needs a schedule")
      .option("--from", "TIME", &options->from, "First logical date, as 2026-01-31 or with a time")
      .option("--to", "TIME", &options->to, "Last logical date; both are included")
      .option("--conf", "JSON", &options->conf,
              "Parameters: a JSON object, or @FILE that holds one")
      .option("--reprocess", "WHICH", &options->reprocess,
              "Finished runs that run again: none (default), failed or completed",
              {"none", "failed", "completed"})
      .option("--max-active-runs", "N", &options->max_active_runs,
              "Runs of it at once (default 10)")
      .flag("--backwards", &options->backwards, "The latest date first")
      .flag("--dry-run", &options->dry_run, "Only list the dates")
      .example("leoflow backfills create etl --from 2026-01-01 --to 2026-01-31")
      .runs([options](Context& context) { return create(context, *options); });
}

void add_move(Command& group, const std::string& how, const std::string& about,
              const std::string& done) {
  auto id = std::make_shared<int64_t>(0);
  group.add(how, about)
      .argument("ID", id.get(), "Number of the backfill")
      .example("leoflow backfills " + how + " 3")
      .runs([id, how, done](Context& context) { return move(context, *id, how, done); });
}

}  // namespace

void add_backfill_commands(Command& root) {
  Command& group = root.add("backfills", "Run a DAG for dates of the past").group("Work with DAGs");
  add_create(group);
  auto options = std::make_shared<ListOptions>();
  group.add("list", "List the backfills of a DAG")
      .argument("DAG", &options->dag_id, "Id of the DAG")
      .flag("--active", &options->active, "Only those not completed")
      .example("leoflow backfills list etl")
      .runs([options](Context& context) { return list(context, *options); });
  auto id = std::make_shared<int64_t>(0);
  group.add("show", "Show how far a backfill has come")
      .argument("ID", id.get(), "Number of the backfill")
      .example("leoflow backfills show 3")
      .runs([id](Context& context) { return show(context, *id); });
  add_move(group, "pause", "Start no more of its runs", "is paused");
  add_move(group, "unpause", "Go on", "goes on");
  add_move(group, "cancel", "End it: runs that wait are marked failed, running ones go on",
           "is cancelled");
}

}  // namespace leoflow::cli
