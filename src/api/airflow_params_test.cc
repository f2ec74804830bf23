// SPDX-License-Identifier: Apache-2.0
// Every operation of Airflow 3.3.2's public API with the parameters of its query, held against our
// own document: what Airflow takes is taken here too, or is an exception with a reason, which
// docs/differences.md tells users as well.
#include <map>
#include <set>

#include "api/fakes_test.h"
#include "api/openapi.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

// RUN is /dags/{dag_id}/dagRuns/{dag_run_id}, TASK is RUN/taskInstances/{task_id}. R(x) stands for
// x_gte, x_gt, x_lte and x_lt, P(x) for x_pattern and x_prefix_pattern.
struct Operation {
  std::string_view name, query;
};
constexpr Operation kAirflow[] = {
    {"GET /assets", "limit offset P(name) P(uri) dag_ids only_active order_by"},
    {"GET /assets/aliases", "limit offset P(name) order_by"},
    {"GET /assets/aliases/{asset_alias_id}", ""},
    {"GET /assets/events",
     "limit offset order_by asset_id source_dag_id source_task_id source_run_id "
     "source_map_index P(name) R(timestamp)"},
    {"POST /assets/events", ""},
    {"GET /assets/{asset_id}", ""},
    {"POST /assets/{asset_id}/materialize", ""},
    {"DELETE /assets/{asset_id}/queuedEvents", "before"},
    {"GET /assets/{asset_id}/queuedEvents", "before"},
    {"DELETE /assets/{asset_id}/state-store", ""},
    {"GET /assets/{asset_id}/state-store", "limit offset"},
    {"DELETE /assets/{asset_id}/state-store/{key}", ""},
    {"GET /assets/{asset_id}/state-store/{key}", ""},
    {"PUT /assets/{asset_id}/state-store/{key}", ""},
    {"GET /auth/login", "next"},
    {"GET /auth/logout", ""},
    {"GET /backfills", "dag_id limit offset order_by"},
    {"POST /backfills", ""},
    {"POST /backfills/dry_run", ""},
    {"GET /backfills/{backfill_id}", ""},
    {"PUT /backfills/{backfill_id}/cancel", ""},
    {"PUT /backfills/{backfill_id}/pause", ""},
    {"PUT /backfills/{backfill_id}/unpause", ""},
    {"GET /config", "section"},
    {"GET /config/section/{section}/option/{option}", ""},
    {"GET /connections", "limit offset order_by P(connection_id)"},
    {"PATCH /connections", ""},
    {"POST /connections", ""},
    {"POST /connections/defaults", ""},
    {"GET /connections/enqueue-test", ""},
    {"POST /connections/enqueue-test", ""},
    {"POST /connections/test", ""},
    {"DELETE /connections/{connection_id}", ""},
    {"GET /connections/{connection_id}", ""},
    {"PATCH /connections/{connection_id}", "update_mask"},
    {"GET /dagSources/{dag_id}", "version_number"},
    {"GET /dagStats", "dag_ids"},
    {"GET /dagTags", "limit offset order_by P(tag_name)"},
    {"GET /dagWarnings", "dag_id warning_type limit offset order_by"},
    {"GET /dags",
     "limit offset tags tags_match_mode owners P(dag_id) P(dag_display_name) exclude_stale "
     "paused has_import_errors last_dag_run_state bundle_name bundle_version "
     "has_asset_schedule asset_dependency R(dag_run_start_date) R(dag_run_end_date) "
     "dag_run_state order_by is_favorite timetable_type"},
    {"PATCH /dags",
     "update_mask limit offset tags tags_match_mode owners P(dag_id) exclude_stale paused"},
    {"DELETE /dags/{dag_id}", ""},
    {"GET /dags/{dag_id}", ""},
    {"PATCH /dags/{dag_id}", "update_mask"},
    {"DELETE /dags/{dag_id}/assets/queuedEvents", "before"},
    {"GET /dags/{dag_id}/assets/queuedEvents", "before"},
    {"DELETE /dags/{dag_id}/assets/{asset_id}/queuedEvents", "before"},
    {"GET /dags/{dag_id}/assets/{asset_id}/queuedEvents", "before"},
    {"POST /dags/{dag_id}/clearDagRuns", ""},
    {"POST /dags/{dag_id}/clearPartitions", ""},
    {"POST /dags/{dag_id}/clearTaskInstances", ""},
    {"GET /dags/{dag_id}/dagRuns",
     "partition_date_gte partition_date_lte cursor limit offset R(run_after) R(logical_date) "
     "R(start_date) R(end_date) R(duration) R(updated_at) conf_contains run_type state "
     "dag_version bundle_version order_by P(run_id) P(triggering_user_name) P(dag_id) "
     "P(partition_key) consuming_asset_pattern"},
    {"PATCH /dags/{dag_id}/dagRuns", ""},
    {"POST /dags/{dag_id}/dagRuns", ""},
    {"POST /dags/{dag_id}/dagRuns/list", ""},
    {"GET /dags/{dag_id}/dagVersions",
     "limit offset version_number bundle_name bundle_version order_by"},
    {"GET /dags/{dag_id}/dagVersions/{version_number}", ""},
    {"GET /dags/{dag_id}/details", ""},
    {"POST /dags/{dag_id}/favorite", ""},
    {"GET /dags/{dag_id}/tasks", "order_by"},
    {"GET /dags/{dag_id}/tasks/{task_id}", ""},
    {"POST /dags/{dag_id}/unfavorite", ""},
    {"GET /eventLogs",
     "limit offset order_by dag_id task_id run_id map_index try_number owner event "
     "excluded_events included_events before after P(dag_id) P(task_id) P(run_id) P(owner) "
     "P(event)"},
    {"GET /eventLogs/{event_log_id}", ""},
    {"GET /importErrors", "limit offset order_by P(filename) filename bundle_name"},
    {"GET /importErrors/{import_error_id}", ""},
    {"GET /jobs",
     "is_alive R(start_date) R(end_date) limit offset order_by job_state job_type hostname "
     "executor_class"},
    {"GET /monitor/health", ""},
    {"PUT /parseDagFile/{file_token}", ""},
    {"GET /plugins", "limit offset"},
    {"GET /plugins/importErrors", ""},
    {"GET /pools", "limit offset order_by P(pool_name)"},
    {"PATCH /pools", ""},
    {"POST /pools", ""},
    {"DELETE /pools/{pool_name}", ""},
    {"GET /pools/{pool_name}", ""},
    {"PATCH /pools/{pool_name}", "update_mask"},
    {"GET /providers", "limit offset"},
    {"GET /variables", "limit offset order_by P(variable_key)"},
    {"PATCH /variables", ""},
    {"POST /variables", ""},
    {"DELETE /variables/{variable_key}", ""},
    {"GET /variables/{variable_key}", ""},
    {"PATCH /variables/{variable_key}", "update_mask"},
    {"GET /version", ""},
    {"DELETE RUN", ""},
    {"GET RUN", ""},
    {"PATCH RUN", "update_mask"},
    {"POST RUN/clear", ""},
    {"GET RUN/hitlDetails",
     "limit offset order_by P(dag_id) task_id P(task_id) map_index state response_received "
     "responded_by_user_id responded_by_user_name subject_search body_search R(created_at)"},
    {"PATCH RUN/taskGroupInstances/{group_id}", "update_mask"},
    {"PATCH RUN/taskGroupInstances/{group_id}/dry_run", ""},
    {"GET RUN/taskInstances",
     "cursor task_id R(run_after) R(logical_date) R(start_date) R(end_date) R(updated_at) "
     "R(duration) P(task_display_name) task_group_id P(dag_id) P(run_id) state pool "
     "P(pool_name) queue P(queue_name) executor version_number try_number operator "
     "P(operator_name) map_index P(rendered_map_index) limit offset order_by"},
    {"PATCH RUN/taskInstances", ""},
    {"POST RUN/taskInstances/list", ""},
    {"GET RUN/upstreamAssetEvents", ""},
    {"GET RUN/wait", "interval result"},
    {"DELETE TASK", "map_index"},
    {"GET TASK", ""},
    {"PATCH TASK", "map_index update_mask"},
    {"GET TASK/dependencies", "map_index"},
    {"PATCH TASK/dry_run", "map_index update_mask"},
    {"GET TASK/externalLogUrl/{try_number}", "map_index"},
    {"GET TASK/links", "map_index try_number"},
    {"GET TASK/listMapped",
     "R(run_after) R(logical_date) R(start_date) R(end_date) R(updated_at) R(duration) state "
     "pool P(pool_name) queue P(queue_name) executor version_number try_number operator "
     "P(operator_name) map_index P(rendered_map_index) limit offset order_by"},
    {"GET TASK/logs/{try_number}", "full_content map_index token"},
    {"DELETE TASK/state-store", "all_map_indices map_index"},
    {"GET TASK/state-store", "map_index limit offset"},
    {"DELETE TASK/state-store/{key}", "map_index"},
    {"GET TASK/state-store/{key}", "map_index"},
    {"PATCH TASK/state-store/{key}", "map_index"},
    {"PUT TASK/state-store/{key}", "map_index"},
    {"GET TASK/tries", "map_index"},
    {"GET TASK/tries/{task_try_number}", "map_index"},
    {"GET TASK/xcomEntries",
     "xcom_key map_index limit offset P(xcom_key) P(dag_display_name) P(run_id) P(task_id) "
     "map_index_filter R(logical_date) R(run_after) order_by"},
    {"POST TASK/xcomEntries", ""},
    {"DELETE TASK/xcomEntries/{xcom_key}", "map_index"},
    {"GET TASK/xcomEntries/{xcom_key}", "map_index deserialize stringify"},
    {"PATCH TASK/xcomEntries/{xcom_key}", ""},
    {"GET TASK/{map_index}", ""},
    {"PATCH TASK/{map_index}", "update_mask"},
    {"GET TASK/{map_index}/dependencies", ""},
    {"PATCH TASK/{map_index}/dry_run", "update_mask"},
    {"GET TASK/{map_index}/hitlDetails", ""},
    {"PATCH TASK/{map_index}/hitlDetails", ""},
    {"GET TASK/{map_index}/hitlDetails/tries/{try_number}", ""},
    {"GET TASK/{map_index}/tries", ""},
    {"GET TASK/{map_index}/tries/{task_try_number}", ""},
};

// Parameters that are not in our document: they are passed over.
struct Exception {
  std::string_view operation, param, reason;
};
constexpr Exception kExceptions[] = {
    {"GET TASK/logs/{try_number}", "full_content",
     "JSON is paged by its size, by continuation_token; NDJSON and text are always whole"},
    {"GET TASK/xcomEntries/{xcom_key}", "deserialize",
     "values are JSON and shown as such: there is nothing else to make of them"},
};

// "/dags/{}/dagRuns": parameters of paths go by other names here and there.
std::string without_names(std::string_view path) {
  std::string plain;
  bool inside = false;
  for (char c : path) {
    inside &= c != '}';
    if (!inside) plain += c;
    inside |= c == '{';
  }
  return plain;
}

// Of a line of the tables: "GET /api/v2/dags/{}/dagRuns".
std::string full_name(std::string_view name) {
  std::string text(name);
  auto replace = [&](std::string_view what, std::string_view by) {
    if (size_t at = text.find(what); at != std::string::npos) text.replace(at, what.size(), by);
  };
  replace("TASK", "RUN/taskInstances/{task_id}");
  replace("RUN", "/dags/{dag_id}/dagRuns/{dag_run_id}");
  replace(" /", " /api/v2/");
  return without_names(text);
}

std::set<std::string> params_of(std::string_view query) {
  std::set<std::string> params;
  while (!query.empty()) {
    size_t end = std::min(query.find(' '), query.size());
    std::string word(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
    if (!word.ends_with(')')) {
      params.insert(word);
      continue;
    }
    std::string field = word.substr(2, word.size() - 3);
    auto meant = word[0] == 'R' ? instant_range(field) : pattern(field);
    for (const Param& param : meant) params.insert(param.name);
  }
  return params;
}

class AirflowParams : public ApiTest {
 protected:
  using Queries = std::map<std::string, std::set<std::string>, std::less<>>;

  // The parameters of each operation's query in our document.
  Queries ours() {
    Queries queries;
    json::value document = body(raw(Method::get, "/openapi.json"));
    for (const auto& path : document.at("paths").as_object()) {
      for (const auto& operation : path.value().as_object()) {
        std::string name(operation.key());
        for (char& c : name) c = char(toupper(c));
        auto& params = queries[without_names(name + " " + std::string(path.key()))];
        for (const auto& param : operation.value().at("parameters").as_array()) {
          if (param.at("in").as_string() == "query")
            params.insert(std::string(param.at("name").as_string()));
        }
      }
    }
    return queries;
  }
};

TEST_F(AirflowParams, AreTakenOrExceptionsWithAReason) {
  std::set<std::pair<std::string, std::string>> excepted;
  for (const Exception& one : kExceptions) {
    EXPECT_FALSE(one.reason.empty()) << one.operation;
    excepted.insert({full_name(one.operation), std::string(one.param)});
  }
  Queries queries = ours();
  for (const Operation& operation : kAirflow) {
    std::string name = full_name(operation.name);
    auto own = queries.find(name);
    if (own == queries.end()) {
      ADD_FAILURE() << name << " is no route here";
      continue;
    }
    for (const std::string& param : params_of(operation.query)) {
      bool expected = excepted.erase({name, param}) == 0;
      EXPECT_EQ(own->second.contains(param), expected) << name << " " << param;
    }
  }
  for (const auto& [name, param] : excepted)
    ADD_FAILURE() << name << " has no " << param << " in Airflow: no exception is needed";
}

}  // namespace
}  // namespace leoflow::api
