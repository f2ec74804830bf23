// SPDX-License-Identifier: Apache-2.0
// .../taskInstances/{task_id}/logs/{try_number}: JSON in pages, NDJSON and text as a stream, live
// if asked.
#include <algorithm>

#include "api/log_stream.h"
#include "api/lookup.h"
#include "api/params_check.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

constexpr size_t kLogPageBytesMax = 10 * 1024 * 1024;  // of log lines in one JSON answer

// Whether a try can still write to its log.
bool try_is_over(const TaskInstance& task, int try_number) {
  if (task.try_number != try_number) return true;
  return is_finished(task.state) || task.state == TaskState::up_for_retry ||
         task.state == TaskState::none;
}

Result<LogName> find_log(const Call& call, const TaskInstanceRow& row, int try_number) {
  auto attempt = call.services.store.runs().attempt_of_try(row.task_instance.key, try_number);
  if (!attempt) return fail(attempt);
  if (try_number < 1 || (!*attempt && try_number > row.task_instance.try_number)) {
    return fail(Code::not_found, "The Task Instance has no try " + std::to_string(try_number));
  }
  TaskInstanceName name{row.run.dag_id, row.run.run_id, row.task_instance.task_id,
                        row.task_instance.map_index};
  return LogName{std::move(name), try_number, *attempt ? (*attempt)->id : AttemptId()};
}

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

Response log_stream(const Call& call, const LogName& name, TaskInstanceKey key, bool follow,
                    LogFormat format) {
  const Services& services = call.services;
  LogStream::Parts parts{.logs = services.logs, .name = name, .format = format, .follow = follow};
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
      format == LogFormat::ndjson ? "application/x-ndjson" : "text/plain; charset=utf-8";
  response.stream = std::make_unique<LogStream>(std::move(parts));
  return response;
}

Result<Response> get_log(Call& call) {
  int map_index = int(
      std::clamp<int64_t>(call.query_int("map_index").value_or(kUnmapped), INT32_MIN, INT32_MAX));
  auto row = find_task_instance(call, map_index);
  if (!row) return fail(row);
  auto name = find_log(call, *row, call.path_int("try_number"));
  if (!name) return fail(name);
  bool follow = call.query_bool("follow").value_or(false);
  if (call.content_type == "application/json" && !follow) {
    bool over = try_is_over(row->task_instance, name->try_number) &&
                call.services.logs.complete(*name);
    return json_page(call, *name, over);
  }
  LogFormat format = call.content_type == "text/plain" ? LogFormat::text : LogFormat::ndjson;
  return log_stream(call, *name, row->task_instance.key, follow, format);
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
      .takes({{.name = "map_index", .kind = Param::Kind::integer, .fallback = "-1"},
              {.name = "token", .summary = "continuation_token of the page before"},
              {.name = "follow", .kind = Param::Kind::boolean, .fallback = "false"}})
      .answers_with(200, "TaskInstancesLogResponse")
      .answers_with(200, "", "application/x-ndjson")
      .answers_with(200, "", "text/plain");
}

}  // namespace leoflow::api
