// SPDX-License-Identifier: Apache-2.0
// /dags: the list, one DAG, pausing, deleting; /dagStats, /dagTags, /dagWarnings.
#include <algorithm>
#include <compare>
#include <set>

#include "api/lookup.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

constexpr std::string_view kOrder =
    "dag_id dag_display_name is_paused last_parsed_time next_dagrun "
    "next_dagrun_logical_date=next_logical_date "
    "next_dagrun_run_after=next_run_after last_run_state last_run_start_date";
constexpr int kDagsPerStep = 1000;  // rows per query where all DAGs are walked

Result<DagQuery> read_query(const Call& call) {
  DagQuery query;
  query.tags = call.query_all("tags");
  query.tags_all = call.query_or("tags_match_mode") == "all";
  query.owners = call.query_all("owners");
  query.dag_id_pattern = call.pattern("dag_id");
  query.display_name_pattern = call.pattern("dag_display_name");
  query.exclude_stale = call.query_bool("exclude_stale").value_or(true);
  query.paused = call.query_bool("paused");
  query.has_import_errors = call.query_bool("has_import_errors");
  if (auto state = call.query_text("last_dag_run_state"))
    query.last_run_state = parse_run_state(*state);
  for (const std::string& state : call.query_all("dag_run_state"))
    query.run_states.push_back(*parse_run_state(state));
  query.run_start = call.time_range("dag_run_start_date");
  query.run_end = call.time_range("dag_run_end_date");
  query.bundle_name = call.query_or("bundle_name");
  query.bundle_version = call.query_or("bundle_version");
  query.has_asset_schedule = call.query_bool("has_asset_schedule");
  query.asset_dependency = call.query_or("asset_dependency");
  for (const std::string& type : call.query_all("timetable_type")) {
    if (auto kind = schedule_kind_of_timetable(type)) query.schedules.push_back(*kind);
  }
  if (auto favorite = call.query_bool("is_favorite")) {
    query.favorites_of = call.user.username;
    query.favorite = *favorite;
  }
  auto page = call.page(kOrder, "dag_id");
  if (!page) return fail(page);
  query.page = std::move(*page);
  return query;
}

// No DAG is scheduled by a timetable of its own.
bool asks_for_none(const Call& call, const DagQuery& query) {
  return call.queries_any({"timetable_type"}) && query.schedules.empty();
}

Result<PageOf<Dag>> read_dags(const Call& call) {
  auto query = read_query(call);
  if (!query) return fail(query);
  if (asks_for_none(call, *query)) return PageOf<Dag>{};
  return call.services.store.dags().list_dags(*query);
}

std::vector<Param> dag_filters() {
  using Kind = Param::Kind;
  std::vector<Param> filters{
      {.name = "tags", .summary = "Only DAGs with these tags", .repeated = true},
      {.name = "tags_match_mode",
       .summary = "Whether one tag suffices",
       .choices = "any|all",
       .fallback = "any"},
      {.name = "owners", .summary = "Only DAGs of one of these owners", .repeated = true},
      {.name = "exclude_stale",
       .kind = Kind::boolean,
       .summary = "Hide DAGs whose file is gone",
       .fallback = "true"},
      {.name = "paused", .kind = Kind::boolean},
      {.name = "has_import_errors", .kind = Kind::boolean},
      {.name = "is_favorite", .kind = Kind::boolean, .summary = "Of the caller"},
      {.name = "last_dag_run_state", .choices = "queued|running|success|failed"},
      {.name = "dag_run_state",
       .summary = "Of the last run, as are dag_run_start_date and dag_run_end_date",
       .repeated = true,
       .choices = "queued|running|success|failed"},
      {.name = "bundle_name"},
      {.name = "bundle_version", .summary = "Of the current version"},
      {.name = "timetable_type",
       .summary = "Airflow's name of the timetable, such as CronTriggerTimetable",
       .repeated = true},
      {.name = "has_asset_schedule", .kind = Kind::boolean, .summary = "Waits for assets"},
      {.name = "asset_dependency", .summary = "Part of name or URI of an asset it waits for"}};
  for (auto field : {"dag_run_start_date", "dag_run_end_date"}) {
    for (Param& param : instant_range(field)) filters.push_back(std::move(param));
  }
  for (auto field : {"dag_id", "dag_display_name"}) {
    for (Param& param : pattern(field)) filters.push_back(std::move(param));
  }
  return filters;
}

Result<Favorites> favorites_of(const Call& call) {
  auto list = call.services.store.favorites().list(call.user.username);
  if (!list) return fail(list);
  return Favorites(list->begin(), list->end());
}

void write_dag(json::Writer& w, const Services& services, const Dag& dag,
               const VersionInfo& version, const Favorites& favorites) {
  w.begin_object();
  dag_members(w, services, dag, version);
  w.member("is_favorite", favorites.contains(dag.dag_id)).end_object();
}

Result<Response> dag_response(const Call& call, const DagAndVersion& found) {
  auto favorites = favorites_of(call);
  if (!favorites) return fail(favorites);
  json::Writer w;
  write_dag(w, call.services, found.dag, *found.version, *favorites);
  return json_response(w);
}

Result<Response> dag_collection(const Call& call, const PageOf<Dag>& page) {
  auto favorites = favorites_of(call);
  if (!favorites) return fail(favorites);
  json::Writer w;
  w.begin_object().key("dags").begin_array();
  for (const Dag& dag : page.rows) {
    if (auto version = version_or_null(call.services, dag.current_version))
      write_dag(w, call.services, dag, *version, *favorites);
  }
  w.end_array().member("total_entries", page.total).end_object();
  return json_response(w);
}

Result<Response> get_dags(Call& call) {
  auto page = read_dags(call);
  if (!page) return fail(page);
  return dag_collection(call, *page);
}

Result<Response> get_dag(Call& call) {
  auto found = find_dag_version(call, call.path("dag_id"));
  if (!found) return fail(found);
  return dag_response(call, *found);
}

Result<Response> get_dag_details(Call& call) {
  auto found = find_dag_version(call, call.path("dag_id"));
  if (!found) return fail(found);
  auto counts = call.services.store.runs().run_counts({found->dag.dag_id});
  if (!counts) return fail(counts);
  auto favorites = favorites_of(call);
  if (!favorites) return fail(favorites);
  json::Writer w;
  w.begin_object();
  dag_members(w, call.services, found->dag, *found->version);
  dag_details_members(w, call.services, found->dag, *found->version,
                      (*counts)[found->dag.dag_id][RunState::running]);
  w.member("is_favorite", favorites->contains(found->dag.dag_id)).end_object();
  return json_response(w);
}

Status set_paused(const Call& call, const std::string& dag_id, bool paused) {
  auto done = wait_reply<bool>(
      [&](auto reply) { call.services.engine.set_paused(dag_id, paused, std::move(reply)); });
  if (!done) return fail(done);
  return {};
}

// Only is_paused can be changed here: everything else comes from the DAG's file.
Status check_mask(const Call& call) {
  for (const std::string& name : call.query_all("update_mask")) {
    if (name != "is_paused") {
      return fail(Code::invalid, "Only `is_paused` field can be updated through the REST API");
    }
  }
  return {};
}

Result<Response> patch_dag(Call& call) {
  if (auto status = check_mask(call); !status) return fail(status);
  auto found = find_dag_version(call, call.path("dag_id"));
  if (!found) return fail(found);
  if (call.changes("is_paused")) {
    bool paused = call.flag("is_paused", true);
    if (auto status = set_paused(call, found->dag.dag_id, paused); !status) return fail(status);
    found->dag.is_paused = paused;
  }
  return dag_response(call, *found);
}

Result<Response> patch_dags(Call& call) {
  if (auto status = check_mask(call); !status) return fail(status);
  if (!call.query_text("dag_id_pattern") && !call.query_text("dag_id_prefix_pattern")) {
    return fail(Code::invalid, "dag_id_pattern is needed here",
                "use dag_id_pattern=~ for all DAGs");
  }
  auto page = read_dags(call);
  if (!page) return fail(page);
  bool paused = call.flag("is_paused", true);
  for (Dag& dag : page->rows) {
    if (!call.changes("is_paused")) continue;
    if (auto status = set_paused(call, dag.dag_id, paused); !status) return fail(status);
    dag.is_paused = paused;
  }
  return dag_collection(call, *page);
}

Result<Response> delete_dag(Call& call) {
  auto dag = find_dag(call, call.path("dag_id"));
  if (!dag) return fail(dag);
  auto status = call.services.store.dags().delete_dag(dag->dag_id);
  if (!status) return fail(status);
  call.services.engine.dag_changed(dag->dag_id);
  return no_content();
}

Result<Response> favorite_dag(Call& call) {
  auto dag = find_dag(call, call.path("dag_id"));
  if (!dag) return fail(dag);
  auto added = call.services.store.favorites().add(call.user.username, dag->dag_id);
  if (!added) return fail(added);
  return no_content();
}

Result<Response> unfavorite_dag(Call& call) {
  auto dag = find_dag(call, call.path("dag_id"));
  if (!dag) return fail(dag);
  auto removed = call.services.store.favorites().remove(call.user.username, dag->dag_id);
  if (!removed) return fail(removed);
  return no_content();
}

Result<Response> get_dag_stats(Call& call) {
  auto wanted = call.query_all("dag_ids");
  auto counts = call.services.store.runs().run_counts(wanted);
  if (!counts) return fail(counts);
  json::Writer w;
  int64_t total = 0;
  w.begin_object().key("dags").begin_array();
  for (const auto& [dag_id, states] : *counts) {
    auto found = find_dag_version(call, dag_id);
    w.begin_object().member("dag_id", dag_id);
    w.member("dag_display_name", dag_name(found ? found->version : nullptr, dag_id))
        .key("stats")
        .begin_array();
    for (RunState state :
         {RunState::queued, RunState::running, RunState::success, RunState::failed}) {
      auto entry = states.find(state);
      w.begin_object().member("state", to_string(state));
      w.member("count", entry == states.end() ? int64_t(0) : entry->second).end_object();
    }
    w.end_array().end_object();
    ++total;
  }
  w.end_array().member("total_entries", total).end_object();
  return json_response(w);
}

// Calls visit for each DAG that is not stale, with its current version.
Status for_each_dag(const Call& call, auto visit) {
  DagQuery query;
  query.page = {.limit = kDagsPerStep, .order = {{.column = "dag_id"}}};
  while (true) {
    auto page = call.services.store.dags().list_dags(query);
    if (!page) return fail(page);
    for (const Dag& dag : page->rows) {
      if (auto version = version_or_null(call.services, dag.current_version)) visit(dag, *version);
    }
    query.page.offset += kDagsPerStep;
    if (page->rows.empty() || query.page.offset >= page->total) return {};
  }
}

// Whether text matches an ILIKE pattern (already without the `|` alternatives), as a substring
// unless it has wildcards.
bool like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (size_t skip = 0; skip <= text.size(); ++skip) {
      if (like(text.substr(skip), pattern.substr(1))) return true;
    }
    return false;
  }
  bool same =
      !text.empty() && (pattern[0] == '_' || tolower(static_cast<unsigned char>(pattern[0])) ==
                                                 tolower(static_cast<unsigned char>(text[0])));
  return same && like(text.substr(1), pattern.substr(1));
}

Result<Response> get_dag_tags(Call& call) {
  const auto [pattern, prefix] = call.pattern("tag_name");
  constexpr size_t kPatternMax = 100;
  constexpr int64_t kWildcardsMax = 4;
  if (pattern.size() > kPatternMax || std::ranges::count(pattern, '%') > kWildcardsMax) {
    return fail(Code::invalid, "tag_name_pattern is too long");
  }
  bool all = pattern.empty() || pattern == "~";
  std::set<std::string> tags;
  auto status = for_each_dag(call, [&](const Dag&, const VersionInfo& version) {
    for (const std::string& tag : version.spec.tags) {
      bool matches = all || like(tag, "%" + pattern + "%");
      if (matches && begins_with_any(tag, prefix)) tags.insert(tag);
    }
  });
  if (!status) return fail(status);
  auto page = call.page("name", "name");
  if (!page) return fail(page);
  std::vector<std::string> sorted(tags.begin(), tags.end());
  if (page->order[0].descending) std::ranges::reverse(sorted);
  json::Writer w;
  w.begin_object().key("tags").begin_array();
  for (size_t i = size_t(page->offset); i < sorted.size() && i < size_t(page->offset + page->limit);
       ++i) {
    w.string(sorted[i]);
  }
  w.end_array().member("total_entries", int64_t(sorted.size())).end_object();
  return json_response(w);
}

constexpr std::string_view kPoolWarning = "non-existent pool";

struct Warning {
  std::string dag_id, dag_name, message;
  Time timestamp{};
};

// "['a', 'b']", as Airflow writes the missing pools; empty when there are all.
std::string missing_pools(const DagSpec& spec, const std::set<std::string>& known) {
  std::set<std::string> missing;
  for (const TaskSpec& task : spec.tasks) {
    if (!known.contains(task.pool)) missing.insert("'" + task.pool + "'");
  }
  std::string names;
  for (const std::string& name : missing) names += (names.empty() ? "" : ", ") + name;
  return names;
}

// In the order asked for, then by DAG. All are of one type.
void sort_warnings(std::vector<Warning>& warnings, const std::vector<Order>& order) {
  auto before = [&](const Warning& a, const Warning& b) {
    for (const Order& by : order) {
      auto compared = by.column == "message"     ? a.message <=> b.message
                      : by.column == "timestamp" ? a.timestamp <=> b.timestamp
                      : by.column == "dag_id"    ? a.dag_id <=> b.dag_id
                                                 : std::strong_ordering::equal;
      if (compared != 0) return by.descending ? compared > 0 : compared < 0;
    }
    return a.dag_id < b.dag_id;
  };
  std::ranges::sort(warnings, before);
}

Result<std::vector<Warning>> find_warnings(const Call& call) {
  auto pools = call.services.store.pools().list_pools();
  if (!pools) return fail(pools);
  std::set<std::string> known;
  for (const Pool& pool : *pools) known.insert(pool.name);
  auto wanted = call.query_text("dag_id");
  std::vector<Warning> warnings;
  if (call.query_or("warning_type", kPoolWarning) != kPoolWarning) return warnings;
  auto status = for_each_dag(call, [&](const Dag& dag, const VersionInfo& version) {
    if (wanted && *wanted != dag.dag_id) return;
    std::string names = missing_pools(version.spec, known);
    if (names.empty()) return;
    const std::string& name = version.spec.display_name;
    warnings.push_back({dag.dag_id, name.empty() ? dag.dag_id : name,
                        "Dag '" + dag.dag_id + "' references non-existent pools: [" + names + "]",
                        dag.last_parsed_time});
  });
  if (!status) return fail(status);
  return warnings;
}

Result<Response> get_dag_warnings(Call& call) {
  auto page = call.page("dag_id warning_type message timestamp", "dag_id");
  if (!page) return fail(page);
  auto warnings = find_warnings(call);
  if (!warnings) return fail(warnings);
  sort_warnings(*warnings, page->order);
  size_t end = std::min(warnings->size(), size_t(page->offset + page->limit));
  json::Writer w;
  w.begin_object().key("dag_warnings").begin_array();
  for (size_t i = size_t(page->offset); i < end; ++i) {
    const Warning& warning = (*warnings)[i];
    w.begin_object().member("dag_id", warning.dag_id).member("dag_display_name", warning.dag_name);
    w.member("warning_type", kPoolWarning).member("message", warning.message);
    w.member("timestamp", api_time(warning.timestamp)).end_object();
  }
  w.end_array().member("total_entries", int64_t(warnings->size())).end_object();
  return json_response(w);
}

constexpr std::string_view kDagMembers =
    "dag_id:str dag_display_name:str is_paused:bool is_stale:bool last_parsed_time:time? "
    "last_parse_duration:num? "
    "last_expired:time? bundle_name:str? bundle_version:str? relative_fileloc:str? fileloc:str "
    "description:str? "
    "timetable_summary:str? timetable_description:str? timetable_partitioned:bool "
    "timetable_periodic:bool is_backfillable:bool "
    "tags:[DagTagResponse] "
    "max_active_tasks:int max_active_runs:int? max_consecutive_failed_dag_runs:int "
    "has_task_concurrency_limits:bool "
    "has_import_errors:bool next_dagrun_logical_date:time? next_dagrun_data_interval_start:time? "
    "next_dagrun_data_interval_end:time? next_dagrun_run_after:time? allowed_run_types:[str]? "
    "owners:[str] "
    "file_token:str is_favorite:bool";
constexpr std::string_view kDetailMembers =
    " catchup:bool dag_run_timeout:str? asset_expression:obj? doc_md:str? start_date:time? "
    "end_date:time? "
    "is_paused_upon_creation:bool? params:{ParamResponse} render_template_as_native_obj:bool "
    "template_search_path:[str]? timezone:str? last_parsed:time? default_args:obj? "
    "owner_links:{str}? "
    "active_runs_count:int concurrency:int rerun_with_latest_version:bool? "
    "latest_dag_version:DagVersionResponse?";

void add_shapes(Router& router) {
  router.shape("DagTagResponse", "name:str dag_id:str dag_display_name:str");
  router.shape("ParamResponse", "value:any schema:obj description:str? source:str?");
  router.shape("DAGResponse", kDagMembers);
  router.shape("DAGDetailsResponse", std::string(kDagMembers) + std::string(kDetailMembers));
  router.shape("DAGCollectionResponse", "dags:[DAGResponse] total_entries:int");
  router.shape("DAGPatchBody", "!is_paused:bool");
  router.shape("DagStatsStateResponse", "state:<queued|running|success|failed> count:int");
  router.shape("DagStatsResponse", "dag_id:str dag_display_name:str stats:[DagStatsStateResponse]");
  router.shape("DagStatsCollectionResponse", "dags:[DagStatsResponse] total_entries:int");
  router.shape("DAGTagCollectionResponse", "tags:[str] total_entries:int");
  router.shape("DAGWarningResponse",
               "dag_id:str dag_display_name:str warning_type:str message:str timestamp:time");
  router.shape("DAGWarningCollectionResponse",
               "dag_warnings:[DAGWarningResponse] total_entries:int");
}

}  // namespace

void add_dag_routes(Router& router) {
  add_shapes(router);
  router.tag("DAG");
  router.add(Method::get, "/api/v2/dags", "get_dags", get_dags)
      .about("List DAGs")
      .takes(dag_filters())
      .takes(paging())
      .takes(ordered_by("dag_id"))
      .answers_with(200, "DAGCollectionResponse");
  router.add(Method::patch, "/api/v2/dags", "patch_dags", patch_dags)
      .about("Pause or unpause a page of DAGs")
      .takes(dag_filters())
      .takes(paging())
      .takes(ordered_by("dag_id"))
      .takes(update_mask())
      .reads("DAGPatchBody")
      .answers_with(200, "DAGCollectionResponse");
  router.add(Method::get, "/api/v2/dags/{dag_id}", "get_dag", get_dag)
      .about("One DAG")
      .answers_with(200, "DAGResponse");
  router.add(Method::get, "/api/v2/dags/{dag_id}/details", "get_dag_details", get_dag_details)
      .about("One DAG with everything its file says")
      .answers_with(200, "DAGDetailsResponse");
  router.add(Method::patch, "/api/v2/dags/{dag_id}", "patch_dag", patch_dag)
      .about("Pause or unpause a DAG")
      .takes(update_mask())
      .reads("DAGPatchBody")
      .answers_with(200, "DAGResponse");
  router.add(Method::del, "/api/v2/dags/{dag_id}", "delete_dag", delete_dag)
      .about("Delete a DAG with its versions and runs")
      .answers_with(204);
  router.add(Method::post, "/api/v2/dags/{dag_id}/favorite", "favorite_dag", favorite_dag)
      .about("Mark a DAG as a favorite of the caller")
      .unaudited()
      .answers_with(204);
  router.add(Method::post, "/api/v2/dags/{dag_id}/unfavorite", "unfavorite_dag", unfavorite_dag)
      .about("Take the mark away")
      .unaudited()
      .answers_with(204);
  router.add(Method::get, "/api/v2/dagStats", "get_dag_stats", get_dag_stats)
      .about("Number of runs by state")
      .takes({{.name = "dag_ids", .summary = "Only these DAGs", .repeated = true}})
      .answers_with(200, "DagStatsCollectionResponse");
  router.add(Method::get, "/api/v2/dagTags", "get_dag_tags", get_dag_tags)
      .about("All tags")
      .takes(pattern("tag_name"))
      .takes(paging())
      .takes(ordered_by("name"))
      .answers_with(200, "DAGTagCollectionResponse");
  router.add(Method::get, "/api/v2/dagWarnings", "list_dag_warnings", get_dag_warnings)
      .about("DAGs that cannot run as written: tasks in pools that do not exist")
      .takes(paging())
      .takes(ordered_by("dag_id"))
      .takes({{.name = "dag_id"},
              {.name = "warning_type",
               .choices = "asset conflict|non-existent pool|runtime varying value"}})
      .answers_with(200, "DAGWarningCollectionResponse");
}

}  // namespace leoflow::api
