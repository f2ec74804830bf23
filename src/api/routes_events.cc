// SPDX-License-Identifier: Apache-2.0
// /api/leoflow/v1/events: live changes.
#include "api/call.h"
#include "api/event_stream.h"
#include "api/params_check.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

Result<Response> get_events(Call& call) {
  std::string last(call.request.header("last-event-id"));
  if (last.empty()) last = call.query_or("last_event_id");
  std::optional<uint64_t> last_seen;
  if (auto number = read_integer(last); number && *number >= 0) last_seen = uint64_t(*number);
  if (!last.empty() && !last_seen)
    return fail(Code::invalid, "Last-Event-ID must be a number that this server sent");
  EventFilter filter{call.query_or("dag_id"), call.query_or("run_id")};
  Response response;
  response.content_type = "text/event-stream";
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Accel-Buffering", "no");
  response.stream =
      std::make_unique<EventStream>(call.services.engine, call.services.clock,
                                    call.services.change_texts, std::move(filter), last_seen);
  return response;
}

}  // namespace

void add_event_routes(Router& router) {
  router.tag("Event");
  router.shape(
      "ChangeEvent",
      "sequence:int kind:<run|task_instance|dag|import_error|staging|asset> at:time dag_id:str? "
      "run_id:str? "
      "task_id:str? map_index:int try_number:int state:str? deleted:bool "
      "queued_at?:time? start_date?:time? end_date?:time? duration?:num? "
      "version_number?:int reason?:str?");
  router.add(Method::get, "/api/leoflow/v1/events", "get_events", get_events)
      .about(
          "Committed changes as server-sent events. The data of each is a ChangeEvent, its id "
          "resumes by "
          "Last-Event-ID; an event named reset says that changes were missed and everything is to "
          "be loaded again")
      .takes({{.name = "dag_id"},
              {.name = "run_id"},
              {.name = "last_event_id",
               .summary = "For clients that cannot set the Last-Event-ID header"}})
      .answers_with(200, "", "text/event-stream");
}

}  // namespace leoflow::api
