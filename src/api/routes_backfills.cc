// SPDX-License-Identifier: Apache-2.0
// /backfills: runs for dates of the past, and how far they have come.
#include <algorithm>
#include <map>

#include "api/lookup.h"
#include "api/present.h"
#include "api/routes.h"
#include "model/json_schema.h"
#include "schedule/backfill_dates.h"

namespace leoflow::api {
namespace {

constexpr int kExistingRunsPerStep = 1000;

void write_backfill(json::Writer& w, const Services& services, const Backfill& backfill) {
  auto dag = services.store.dags().get_dag(backfill.dag_id);
  auto version = dag && *dag ? services.versions.get((*dag)->current_version)
                             : Result<VersionPtr>(fail(Code::not_found, "no DAG"));
  bool named = version && !(*version)->spec.display_name.empty();
  w.begin_object()
      .member("id", backfill.id)
      .member("dag_id", backfill.dag_id)
      .member("dag_display_name", named ? (*version)->spec.display_name : backfill.dag_id)
      .member("from_date", api_time(backfill.from_date))
      .member("to_date", api_time(backfill.to_date));
  w.key("dag_run_conf").raw(backfill.conf);
  w.member("is_paused", backfill.is_paused)
      .member("reprocess_behavior", to_string(backfill.reprocess))
      .member("max_active_runs", backfill.max_active_runs)
      .member("created_at", api_time(backfill.created_at));
  member_time(w, "completed_at", backfill.completed_at);
  w.member("updated_at", api_time(backfill.updated_at)).end_object();
}

Response backfill_response(const Call& call, const Backfill& backfill) {
  json::Writer w;
  write_backfill(w, call.services, backfill);
  return json_response(w);
}

// The backfill of the path; of a DAG that the caller sees.
Result<Backfill> find_backfill(const Call& call) {
  int64_t id = call.path_id("backfill_id");
  auto row = call.services.store.backfills().get(id);
  if (!row) return fail(row);
  if (!*row) return fail(Code::not_found, "Could not find backfill with id " + std::to_string(id));
  return std::move(**row);
}

BackfillRequest read_request(const Call& call) {
  BackfillRequest request{.dag_id = call.text("dag_id"), .user = call.user.username};
  request.from_date = call.time("from_date").value_or(Time{});
  request.to_date = call.time("to_date").value_or(Time{});
  if (const json::object* conf = json::object_or_null(call.body, "dag_run_conf"))
    request.conf = *conf;
  request.reprocess =
      parse_reprocess(call.text("reprocess_behavior", "none")).value_or(Reprocess::none);
  request.max_active_runs =
      int(json::int_or(call.body, "max_active_runs", kBackfillActiveRunsDefault));
  request.run_backwards = call.flag("run_backwards", false);
  request.run_on_latest_version = call.flag("run_on_latest_version", true);
  return request;
}

// What the request itself has wrong is 422 in the public API, with the way out in the message.
Result<Response> refused(const Error& error) {
  if (error.code() != Code::invalid && error.code() != Code::exhausted) return fail(error);
  std::string text = error.message();
  if (!error.hint().empty()) text += ". " + error.hint();
  return unprocessable(json::array{"body"}, std::move(text), "value_error");
}

Result<Response> create_backfill(Call& call) {
  auto found = find_dag_version(call, call.text("dag_id"));
  if (!found) return fail(found);
  call.audit.dag_id = found->dag.dag_id;
  BackfillRequest request = read_request(call);
  if (auto ok = check_params(found->version->spec.params, request.conf); !ok) return fail(ok);
  auto made = wait_reply<Backfill>(
      [&](auto reply) { call.services.engine.backfill(std::move(request), std::move(reply)); });
  if (!made) return refused(made.error());
  return backfill_response(call, *made);
}

// The logical dates of a DAG's runs in a range, and their states.
Result<std::map<Time, RunState>> existing_runs(const Call& call, const BackfillRequest& request) {
  RunQuery query{.dag_id = request.dag_id};
  query.logical_date.gte = request.from_date;
  query.logical_date.lte = request.to_date;
  query.page = {.limit = kExistingRunsPerStep, .order = {{.column = "logical_date"}}};
  std::map<Time, RunState> states;
  while (true) {
    auto page = call.services.store.runs().list_runs(query);
    if (!page) return fail(page);
    for (const DagRun& run : page->rows) states[*run.logical_date] = run.state;
    query.page.offset += kExistingRunsPerStep;
    if (page->rows.empty() || query.page.offset >= page->total) return states;
  }
}

// The dates that a backfill would make or make again.
Result<std::vector<PlannedRun>> dates_to_do(const Call& call, const BackfillRequest& request,
                                            const ScheduleSpec& schedule) {
  auto timetable = make_timetable(schedule);
  if (!timetable) return fail(timetable);
  auto dates =
      backfill_dates(**timetable, request.from_date, request.to_date, call.services.clock.now());
  if (!dates) return dates;
  auto existing = existing_runs(call, request);
  if (!existing) return fail(existing);
  std::erase_if(*dates, [&](const PlannedRun& date) {
    auto run = existing->find(*date.logical_date);
    if (run == existing->end()) return false;
    return !is_finished(run->second) || !runs_again(request.reprocess, run->second);
  });
  if (request.run_backwards) std::reverse(dates->begin(), dates->end());
  return dates;
}

Result<Response> try_backfill(Call& call) {
  auto found = find_dag_version(call, call.text("dag_id"));
  if (!found) return fail(found);
  BackfillRequest request = read_request(call);
  const DagSpec& spec = found->version->spec;
  if (auto ok = check_backfill(spec, request.run_backwards, request.reprocess); !ok)
    return refused(ok.error());
  auto dates = dates_to_do(call, request, spec.schedule);
  if (!dates) return refused(dates.error());
  json::Writer w;
  w.begin_object().key("backfills").begin_array();
  for (const PlannedRun& date : *dates) {
    w.begin_object();
    member_time(w, "logical_date", date.logical_date);
    w.member_null("partition_key").member_null("partition_date").end_object();
  }
  w.end_array().member("total_entries", int64_t(dates->size())).end_object();
  return json_response(w);
}

Result<Response> list_backfills(Call& call) {
  BackfillQuery query{.dag_id = call.query_or("dag_id")};
  query.only_open = call.query_bool("active").value_or(false);
  auto page = call.page("id dag_id created_at completed_at", "id");
  if (!page) return fail(page);
  query.page = std::move(*page);
  auto rows = call.services.store.backfills().list(query);
  if (!rows) return fail(rows);
  json::Writer w;
  w.begin_object().key("backfills").begin_array();
  for (const Backfill& backfill : rows->rows) write_backfill(w, call.services, backfill);
  w.end_array().member("total_entries", rows->total).end_object();
  return json_response(w);
}

Result<Response> get_backfill(Call& call) {
  auto backfill = find_backfill(call);
  if (!backfill) return fail(backfill);
  return backfill_response(call, *backfill);
}

Result<Response> get_progress(Call& call) {
  auto backfill = find_backfill(call);
  if (!backfill) return fail(backfill);
  auto progress = call.services.store.backfills().progress(backfill->id);
  if (!progress) return fail(progress);
  int64_t decided = progress->queued + progress->running + progress->succeeded + progress->failed +
                    progress->left_out + progress->gone;
  json::Writer w;
  w.begin_object()
      .member("backfill_id", backfill->id)
      .member("dates", backfill->dates)
      .member("waiting",
              backfill->completed_at ? 0 : std::max<int64_t>(0, backfill->dates - decided))
      .member("queued", progress->queued)
      .member("running", progress->running)
      .member("success", progress->succeeded)
      .member("failed", progress->failed)
      .member("left_out", progress->left_out)
      .member("deleted", progress->gone)
      .member("run_backwards", backfill->run_backwards);
  member_text(w, "username", backfill->user);
  w.end_object();
  return json_response(w);
}

template <BackfillMove kMove>
Result<Response> move_backfill(Call& call) {
  auto backfill = find_backfill(call);
  if (!backfill) return fail(backfill);
  call.audit.dag_id = backfill->dag_id;
  auto moved = wait_reply<Backfill>([&](auto reply) {
    call.services.engine.move_backfill(backfill->dag_id, backfill->id, kMove, std::move(reply));
  });
  if (!moved) return fail(moved);
  return backfill_response(call, *moved);
}

void add_shapes(Router& router) {
  router.shape("BackfillResponse",
               "id:int dag_id:str dag_display_name:str from_date:time to_date:time "
               "dag_run_conf:obj is_paused:bool reprocess_behavior:<none|failed|completed> "
               "max_active_runs:int created_at:time completed_at:time? updated_at:time");
  router.shape("BackfillCollectionResponse", "backfills:[BackfillResponse] total_entries:int");
  router.shape("BackfillPostBody",
               "!dag_id:str from_date:time to_date:time run_backwards?:bool dag_run_conf?:obj? "
               "reprocess_behavior?:<none|failed|completed> max_active_runs?:int(1..10000) "
               "run_on_latest_version?:bool");
  router.shape("DryRunBackfillResponse",
               "logical_date:time? partition_key:str? partition_date:time?");
  router.shape("DryRunBackfillCollectionResponse",
               "backfills:[DryRunBackfillResponse] total_entries:int");
  router.shape("BackfillProgressResponse",
               "backfill_id:int dates:int waiting:int queued:int running:int success:int "
               "failed:int left_out:int deleted:int run_backwards:bool username:str?");
}

}  // namespace

void add_backfill_routes(Router& router) {
  add_shapes(router);
  router.tag("Backfill");
  const std::string all = "/api/v2/backfills", one = all + "/{backfill_id:int}";
  router.add(Method::get, all, "list_backfills", list_backfills)
      .about("Backfills of a DAG")
      .takes(
          {{.name = "dag_id", .required = true},
           {.name = "active", .kind = Param::Kind::boolean, .summary = "Only those not completed"}})
      .takes(paging())
      .takes(ordered_by("id"))
      .answers_with(200, "BackfillCollectionResponse");
  router.add(Method::post, all, "create_backfill", create_backfill)
      .about("Run the dates of a range that have no run")
      .reads("BackfillPostBody")
      .answers_with(200, "BackfillResponse")
      .answers_with(404, "HTTPExceptionResponse")
      .answers_with(409, "HTTPExceptionResponse");
  router.add(Method::post, all + "/dry_run", "create_backfill_dry_run", try_backfill)
      .about("Which dates a backfill would run")
      .reads("BackfillPostBody")
      .answers_with(200, "DryRunBackfillCollectionResponse")
      .answers_with(404, "HTTPExceptionResponse");
  router.add(Method::get, one, "get_backfill", get_backfill)
      .about("A backfill")
      .answers_with(200, "BackfillResponse");
  router.add(Method::put, one + "/pause", "pause_backfill", move_backfill<BackfillMove::pause>)
      .about("Start no more of its runs")
      .answers_with(200, "BackfillResponse")
      .answers_with(409, "HTTPExceptionResponse");
  router
      .add(Method::put, one + "/unpause", "unpause_backfill", move_backfill<BackfillMove::unpause>)
      .about("Go on")
      .answers_with(200, "BackfillResponse")
      .answers_with(409, "HTTPExceptionResponse");
  router.add(Method::put, one + "/cancel", "cancel_backfill", move_backfill<BackfillMove::cancel>)
      .about("End it: runs that wait are marked failed, running ones go on")
      .answers_with(200, "BackfillResponse")
      .answers_with(409, "HTTPExceptionResponse");
  router
      .add(Method::get, "/api/leoflow/v1/backfills/{backfill_id:int}/progress",
           "get_backfill_progress", get_progress)
      .about("How many of its dates are done, and how")
      .answers_with(200, "BackfillProgressResponse");
}

}  // namespace leoflow::api
