// SPDX-License-Identifier: Apache-2.0
// .../taskInstances/{task_id}/logs/{try_number}: JSON in pages, NDJSON and text as a stream, live
// if asked.
#include <algorithm>

#include "api/log_lookup.h"
#include "api/log_stream.h"
#include "api/params_check.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

constexpr size_t kLogPageBytesMax = 10 * 1024 * 1024;  // of log lines in one JSON answer

// One page as {"content": [...], "continuation_token": ...}.
Result<Response> json_page(const Call& call, const LogName& name, bool over) {
  uint64_t offset = 0;
  if (auto token = call.query_text("token"); token && !token->empty()) {
    auto number = read_integer(*token);
    if (!number || *number < 0) return fail(Code::invalid, "the token was not made by this server");
    offset = uint64_t(*number);
  }
  json::Writer w;
  w.begin_object().key("content").begin_array();
  bool more = !over;
  auto reader = call.services.logs.open(name);
  if (!reader) {
    if (reader.error().code() != Code::not_found) return fail(reader);
    w.begin_object().member("event", "There is no log for this try.").end_object();
  } else {
    LogCursor cursor(std::move(*reader), offset);
    w.raw(log_opening(cursor.reader().source()))
        .begin_object()
        .member("event", "::endgroup::")
        .end_object();
    while (true) {
      auto line = cursor.next(over);
      if (!line) return fail(line);
      if (!*line) break;
      w.raw(log_record(**line));
      more = w.size() > kLogPageBytesMax;
      if (more) break;
      more = !over;
    }
    offset = cursor.offset();
  }
  w.end_array();
  member_text(w, "continuation_token", more ? std::to_string(offset) : "");
  w.end_object();
  return json_response(w);
}

// Calls back after every committed change of a task instance.
std::shared_ptr<void> watch_task(Engine& engine, TaskInstanceName name,
                                 std::function<void()> wake) {
  return engine.subscribe(
      [name = std::move(name), wake = std::move(wake)](const std::vector<Change>& changes) {
        bool ours = std::ranges::any_of(changes, [&](const Change& change) {
          return change.run_id == name.run_id && change.dag_id == name.dag_id &&
                 change.task_id == name.task_id;
        });
        if (ours) wake();
      });
}

Response log_stream(const Call& call, const FoundLog& found, bool follow, LogFormat format,
                    uint64_t offset = 0) {
  const Services& services = call.services;
  const LogName& name = found.name;
  TaskInstanceKey key = found.row.task_instance.key;
  LogStream::Parts parts{
      .logs = services.logs, .name = name, .format = format, .follow = follow, .offset = offset};
  parts.over = [&store = services.store, name, key] {
    auto row = store.runs().get_task_instance(name.task_instance);
    if (!row) return false;  // the store is busy: asked again soon
    return !*row || (*row)->task_instance.key != key ||
           try_is_over((*row)->task_instance, name.try_number);
  };
  parts.on_change = [&engine = services.engine,
                     task = name.task_instance](std::function<void()> wake) {
    return watch_task(engine, task, std::move(wake));
  };
  Response response;
  response.content_type =
      format == LogFormat::text ? "text/plain; charset=utf-8" : "application/x-ndjson";
  response.stream = std::make_unique<LogStream>(std::move(parts));
  return response;
}

Result<Response> get_log(Call& call) {
  auto found = find_log_of_path(call);
  if (!found) return fail(found);
  bool follow = call.query_bool("follow").value_or(false);
  if (call.content_type == "application/json" && !follow)
    return json_page(call, found->name, found->over);
  LogFormat format = call.content_type == "text/plain" ? LogFormat::text : LogFormat::ndjson;
  return log_stream(call, *found, follow, format);
}

Result<Response> follow_log(Call& call) {
  auto found = find_log_of_path(call);
  if (!found) return fail(found);
  return log_stream(call, *found, true, LogFormat::placed,
                    uint64_t(call.query_int("offset").value_or(0)));
}

}  // namespace

void add_log_routes(Router& router) {
  router.tag("Task Instance");
  router.shape("StructuredLogMessage", "event:str timestamp?:str level?:str logger?:str");
  router.shape("TaskInstancesLogResponse",
               "content:[StructuredLogMessage] continuation_token:str?");
  router
      .add(Method::get,
           "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/"
           "{try_number:int}",
           "get_log", get_log)
      .about(
          "The log of a try: pages of at most 10 MiB as JSON, all of it as x-ndjson or text; "
          "follow goes on until "
          "the try ends (as x-ndjson unless text is accepted)")
      .takes(log_params())
      .takes({{.name = "token", .summary = "continuation_token of the page before"},
              {.name = "follow", .kind = Param::Kind::boolean, .fallback = "false"}})
      .answers_with(200, "TaskInstancesLogResponse")
      .answers_with(200, "", "application/x-ndjson")
      .answers_with(200, "", "text/plain");
  router
      .add(Method::get,
           "/api/leoflow/v1/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/"
           "{try_number:int}/follow",
           "follow_log", follow_log)
      .about("The lines of a log from a byte on, as they are written, until the try ends: LogLines")
      .takes(log_params())
      .takes({{.name = "offset",
               .kind = Param::Kind::integer,
               .summary = "Where a line starts",
               .fallback = "0",
               .minimum = 0}})
      .answers_with(200, "", "application/x-ndjson");
}

}  // namespace leoflow::api
