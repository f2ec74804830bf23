// SPDX-License-Identifier: Apache-2.0
// /eventLogs: the audit log.
#include "api/call.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

void member_number(json::Writer& w, std::string_view name, const std::optional<int>& number) {
  if (number) {
    w.member(name, *number);
  } else {
    w.member_null(name);
  }
}

// Where somebody called from is for administrators.
void write_event(json::Writer& w, const EventLog& event, bool with_address) {
  w.begin_object().member("event_log_id", event.id).member("when", api_time(event.when));
  member_text(w, "dag_id", event.dag_id);
  member_text(w, "task_id", event.task_id);
  member_text(w, "run_id", event.run_id);
  member_number(w, "map_index", event.map_index);
  member_number(w, "try_number", event.try_number);
  w.member("event", event.event).member_null("logical_date");
  member_text(w, "owner", event.owner);
  member_text(w, "extra", event.extra);
  member_text(w, "dag_display_name", event.dag_id);
  member_text(w, "task_display_name", event.task_id);
  member_text(w, "object", event.object);
  member_text(w, "address", with_address ? event.address : std::string());
  w.end_object();
}

std::optional<int> only_number(const Call& call, std::string_view name) {
  auto numbers = call.query_ints(name);
  return numbers.empty() ? std::nullopt : std::optional(numbers.front());
}

// Rows without a DAG are for administrators.
bool sees_all(const Call& call) {
  return call.user.rights.role >= role_needed(Permission::user_manage);
}

Result<Response> get_event_logs(Call& call) {
  EventLogQuery query{.dag_id = call.query_or("dag_id"),
                      .run_id = call.query_or("run_id"),
                      .task_id = call.query_or("task_id"),
                      .owner = call.query_or("owner"),
                      .event = call.query_or("event"),
                      .object = call.query_or("object")};
  if (sees_all(call)) query.address = call.query_or("address");
  query.dag_id_pattern = call.pattern("dag_id");
  query.run_id_pattern = call.pattern("run_id");
  query.task_id_pattern = call.pattern("task_id");
  query.owner_pattern = call.pattern("owner");
  query.event_pattern = call.pattern("event");
  query.map_index = only_number(call, "map_index");
  query.try_number = only_number(call, "try_number");
  query.included_events = call.query_all("included_events");
  query.excluded_events = call.query_all("excluded_events");
  query.before = call.query_time("before");
  query.after = call.query_time("after");
  auto page =
      call.page("id event_log_id=id when dttm=when dag_id run_id task_id event owner object", "id");
  if (!page) return fail(page);
  query.page = std::move(*page);
  query.only_of_dags = !sees_all(call);
  auto events = call.services.store.event_log().list(query);
  if (!events) return fail(events);
  json::Writer w;
  w.begin_object().key("event_logs").begin_array();
  for (const EventLog& event : events->rows) write_event(w, event, sees_all(call));
  w.end_array().member("total_entries", events->total).end_object();
  return json_response(w);
}

Result<Response> get_event_log(Call& call) {
  auto event = call.services.store.event_log().get(call.path_id("event_log_id"));
  if (!event) return fail(event);
  if (!*event || ((*event)->dag_id.empty() && !sees_all(call))) {
    return fail(Code::not_found,
                "The Event Log with id: `" + call.path("event_log_id") + "` not found");
  }
  json::Writer w;
  write_event(w, **event, sees_all(call));
  return json_response(w);
}

}  // namespace

void add_event_log_routes(Router& router) {
  router.tag("Event Log");
  router.shape("EventLogResponse",
               "event_log_id:int when:time dag_id:str? task_id:str? run_id:str? map_index:int? "
               "try_number:int? "
               "event:str logical_date:time? owner:str? extra:str? dag_display_name:str? "
               "task_display_name:str? object:str? address:str?");
  router.shape("EventLogCollectionResponse", "event_logs:[EventLogResponse] total_entries:int");
  router.add(Method::get, "/api/v2/eventLogs", "get_event_logs", get_event_logs)
      .about("The audit log: administrators see every row, others those of their DAGs")
      .takes(paging())
      .takes(ordered_by("id"))
      .takes({{.name = "dag_id"},
              {.name = "run_id"},
              {.name = "task_id"},
              {.name = "owner"},
              {.name = "event"},
              {.name = "included_events", .repeated = true},
              {.name = "excluded_events", .repeated = true},
              {.name = "before", .kind = Param::Kind::instant},
              {.name = "after", .kind = Param::Kind::instant},
              {.name = "map_index", .kind = Param::Kind::integer},
              {.name = "try_number", .kind = Param::Kind::integer},
              {.name = "object", .summary = "What was changed, as kind:name (connection:pg)"},
              {.name = "address", .summary = "Where it came from; for administrators"}})
      .takes(pattern("dag_id"))
      .takes(pattern("run_id"))
      .takes(pattern("task_id"))
      .takes(pattern("owner"))
      .takes(pattern("event"))
      .answers_with(200, "EventLogCollectionResponse");
  router.add(Method::get, "/api/v2/eventLogs/{event_log_id:int}", "get_event_log", get_event_log)
      .about("One row of the audit log")
      .answers_with(200, "EventLogResponse");
}

}  // namespace leoflow::api
