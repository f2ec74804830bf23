// SPDX-License-Identifier: Apache-2.0
// .../taskInstances/{task_id}/xcomEntries: values that tasks hand to each other.
#include <algorithm>

#include "api/lookup.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

struct Place {
  DagRun run;
  std::string task_id;
  int map_index;
};

void entry_members(json::Writer& w, const Call& call, const XCom& xcom, const DagRun& run) {
  VersionPtr version = version_or_null(call.services, run.version);
  w.member("key", xcom.key).member("timestamp", api_time(xcom.timestamp));
  member_time(w, "logical_date", run.logical_date);
  w.member("map_index", xcom.map_index)
      .member("task_id", xcom.task_id)
      .member("dag_id", run.dag_id);
  w.member("run_id", run.run_id).member("dag_display_name", dag_name(version, run.dag_id));
  w.member("task_display_name", task_name(version, xcom.task_id))
      .member("run_after", api_time(run.run_after));
}

Result<Response> get_entries(Call& call) {
  XComQuery query{.dag_id = path_or_all(call, "dag_id"),
                  .run_id = path_or_all(call, "dag_run_id"),
                  .task_id = path_or_all(call, "task_id")};
  query.key = call.query_or("xcom_key");
  query.key_pattern = call.pattern("xcom_key");
  query.run_id_pattern = call.pattern("run_id");
  query.task_id_pattern = call.pattern("task_id");
  query.dag_name_pattern = call.pattern("dag_display_name");
  query.logical_date = call.time_range("logical_date");
  query.run_after = call.time_range("run_after");
  for (auto name : {"map_index", "map_index_filter"}) {  // Airflow takes either
    if (auto index = call.query_int(name))
      query.map_index = int(std::clamp<int64_t>(*index, INT32_MIN, INT32_MAX));
  }
  auto page =
      call.page("key dag_id run_id task_id map_index timestamp run_after logical_date", "key");
  if (!page) return fail(page);
  query.page = std::move(*page);
  auto entries = call.services.store.xcoms().list(query);
  if (!entries) return fail(entries);
  json::Writer w;
  w.begin_object().key("xcom_entries").begin_array();
  for (const XComRow& row : entries->rows) {
    VersionPtr version = version_or_null(call.services, row.version);
    w.begin_object().member("key", row.xcom.key).member("timestamp", api_time(row.xcom.timestamp));
    member_time(w, "logical_date", row.logical_date);
    w.member("map_index", row.xcom.map_index)
        .member("task_id", row.xcom.task_id)
        .member("dag_id", row.dag_id);
    w.member("run_id", row.run_id).member("dag_display_name", dag_name(version, row.dag_id));
    w.member("task_display_name", task_name(version, row.xcom.task_id))
        .member("run_after", api_time(row.run_after))
        .end_object();
  }
  w.end_array().member("total_entries", entries->total).end_object();
  return json_response(w);
}

int query_map_index(const Call& call) {
  return int(
      std::clamp<int64_t>(call.query_int("map_index").value_or(kUnmapped), INT32_MIN, INT32_MAX));
}

Result<Place> find_place(const Call& call, int map_index) {
  auto run = find_run(call);
  if (!run) return fail(run);
  return Place{std::move(*run), call.path("task_id"), map_index};
}

std::string missing_text(const Place& place, const std::string& key) {
  return "XCom entry with key: `" + key + "` not found (task `" + place.task_id + "`, map_index " +
         std::to_string(place.map_index) + ")";
}

Result<XCom> find_entry(const Call& call, const Place& place, const std::string& key) {
  auto xcom = call.services.store.xcoms().get(place.run.key, place.task_id, place.map_index, key);
  if (!xcom) return fail(xcom);
  if (!*xcom) return fail(Code::not_found, missing_text(place, key));
  return std::move(**xcom);
}

Result<Response> entry_response(const Call& call, const XCom& xcom, const DagRun& run,
                                bool stringify, int status) {
  auto text = xcom_text(xcom);
  if (!text) return fail(text);
  auto value = json::parse(*text);
  if (!value) return fail(Code::internal, "the stored value of XCom " + xcom.key + " is not JSON");
  json::Writer w;
  w.begin_object();
  entry_members(w, call, xcom, run);
  if (stringify) {
    w.member("value", value->is_string() ? std::string(value->get_string()) : *text);
  } else {
    w.key("value").value(*value);
  }
  w.end_object();
  return json_response(w, status);
}

Result<Response> get_entry(Call& call) {
  auto place = find_place(call, query_map_index(call));
  if (!place) return fail(place);
  auto xcom = find_entry(call, *place, call.path("xcom_key"));
  if (!xcom) return fail(xcom);
  return entry_response(call, *xcom, place->run, call.query_bool("stringify").value_or(false), 200);
}

Result<Response> put_entry(Call& call, const Place& place, const std::string& key, int status) {
  XCom xcom{.run = place.run.key,
            .task_id = place.task_id,
            .map_index = place.map_index,
            .key = key,
            .value = json::dump(call.body.at("value")),
            .timestamp = call.services.clock.now()};
  xcom.size_bytes = xcom.value.size();
  const json::value& value = call.body.at("value");
  if (value.is_array()) xcom.length = int64_t(value.get_array().size());
  if (value.is_object()) xcom.length = int64_t(value.get_object().size());
  if (xcom.value.size() > call.services.options.xcom_bytes_max) {
    return problem(413, "the value is longer than " +
                            std::to_string(call.services.options.xcom_bytes_max) + " bytes");
  }
  auto done = call.services.store.xcoms().put(xcom);
  if (!done) return fail(done);
  if (place.map_index != kUnmapped) call.audit.map_index = place.map_index;
  return entry_response(call, xcom, place.run, false, status);
}

Result<Response> create_entry(Call& call) {
  int map_index = int(json::int_or(call.body, "map_index", kUnmapped));
  auto row = find_task_instance(call, map_index);
  if (!row) return fail(row);
  Place place{row->run, row->task_instance.task_id, map_index};
  std::string key = call.text("key");
  auto existing = call.services.store.xcoms().get(place.run.key, place.task_id, map_index, key);
  if (!existing) return fail(existing);
  if (*existing)
    return fail(Code::exists,
                "The XCom with key: `" + key + "` with mentioned task instance already exists.");
  return put_entry(call, place, key, 201);
}

Result<Response> update_entry(Call& call) {
  auto place = find_place(call, int(json::int_or(call.body, "map_index", kUnmapped)));
  if (!place) return fail(place);
  auto xcom = find_entry(call, *place, call.path("xcom_key"));
  if (!xcom) return fail(xcom);
  return put_entry(call, *place, xcom->key, 200);
}

Result<Response> delete_entry(Call& call) {
  auto place = find_place(call, query_map_index(call));
  if (!place) return fail(place);
  const std::string& key = call.path("xcom_key");
  auto removed =
      call.services.store.xcoms().remove(place->run.key, place->task_id, place->map_index, key);
  if (!removed) return fail(removed);
  if (!*removed) return fail(Code::not_found, missing_text(*place, key));
  return no_content();
}

void add_shapes(Router& router) {
  const std::string entry =
      "key:str timestamp:time logical_date:time? map_index:int task_id:str dag_id:str run_id:str "
      "dag_display_name:str task_display_name:str run_after:time";
  router.shape("XComResponse", entry);
  router.shape("XComResponseNative", entry + " value:any");
  router.shape("XComCollectionResponse", "xcom_entries:[XComResponse] total_entries:int");
  router.shape("XComCreateBody", "!key:str(1..512) value:any map_index?:int(-1..2147483647)");
  router.shape("XComUpdateBody", "!value:any map_index?:int(-1..2147483647)");
}

}  // namespace

void add_xcom_routes(Router& router) {
  add_shapes(router);
  router.tag("XCom");
  const std::string base =
      "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries";
  const Param map_index{.name = "map_index", .kind = Param::Kind::integer, .fallback = "-1"};
  router.add(Method::get, base, "get_xcom_entries", get_entries)
      .about("List XComs without their values; ~ means all DAGs, runs or tasks")
      .takes(paging())
      .takes(ordered_by("key"))
      .takes({{.name = "xcom_key"},
              {.name = "map_index", .kind = Param::Kind::integer},
              {.name = "map_index_filter", .kind = Param::Kind::integer}})
      .takes(pattern("xcom_key"))
      .takes(pattern("run_id"))
      .takes(pattern("task_id"))
      .takes(pattern("dag_display_name"))
      .takes(instant_range("logical_date"))
      .takes(instant_range("run_after"))
      .answers_with(200, "XComCollectionResponse");
  router.add(Method::post, base, "create_xcom_entry", create_entry)
      .about("Add an XCom")
      .reads("XComCreateBody")
      .answers_with(201, "XComResponseNative");
  router.add(Method::get, base + "/{xcom_key:path}", "get_xcom_entry", get_entry)
      .about("One XCom with its value")
      .takes({map_index,
              {.name = "stringify",
               .kind = Param::Kind::boolean,
               .summary = "The value as text",
               .fallback = "false"}})
      .answers_with(200, "XComResponseNative");
  router.add(Method::patch, base + "/{xcom_key:path}", "update_xcom_entry", update_entry)
      .about("Change an XCom")
      .reads("XComUpdateBody")
      .answers_with(200, "XComResponseNative");
  router.add(Method::del, base + "/{xcom_key:path}", "delete_xcom_entry", delete_entry)
      .about("Delete an XCom")
      .takes({map_index})
      .answers_with(204);
}

}  // namespace leoflow::api
