// SPDX-License-Identifier: Apache-2.0
#include "main/start_frame.h"

#include "base/file.h"
#include "base/json.h"
#include "main/asset_events.h"

namespace leoflow {
namespace {

void time_member(json::Writer& out, std::string_view name, const std::optional<Time>& time) {
  out.key(name);
  if (time) {
    out.string(format_iso(*time));
  } else {
    out.null();
  }
}

void text_or_null(json::Writer& out, std::string_view name, const std::string& text) {
  out.key(name);
  if (text.empty()) {
    out.null();
  } else {
    out.string(text);
  }
}

void write_env(json::Writer& out, const TaskSpec* task, const StartFrameInput& input) {
  out.key("env").begin_object();
  if (task != nullptr) {
    for (const auto& [name, text] : task->env) out.member(name, text);
  }
  if (!input.staging_path.empty()) out.member("LEOFLOW_STAGING_DIR", input.staging_path);
  out.end_object();
}

Status write_xcoms(json::Writer& out, Store& store, const TaskSpec* task,
                   const StartFrameInput& input) {
  out.key("xcoms").begin_object();
  for (const std::string& upstream :
       task != nullptr ? task->xcom_inputs : std::vector<std::string>{}) {
    auto xcom = store.xcoms().get(input.run.key, upstream, kUnmapped, "return_value");
    if (!xcom) return fail(xcom);
    out.key(upstream).begin_object();
    out.member("found", xcom->has_value());
    if (*xcom) {
      auto text = xcom_text(**xcom);
      if (!text) return fail(text);
      out.key("value").raw(*text);
    }
    out.end_object();
  }
  out.end_object();
  return {};
}

}  // namespace

std::string run_json(const DagRun& run, const std::string& consumed) {
  json::Writer out;
  out.begin_object();
  out.member("run_id", run.run_id);
  out.member("run_type", to_string(run.type));
  time_member(out, "logical_date", run.logical_date);
  time_member(out, "data_interval_start", run.interval_start);
  time_member(out, "data_interval_end", run.interval_end);
  time_member(out, "run_after", run.run_after);
  time_member(out, "queued_at", run.queued_at);
  time_member(out, "start_date", run.start_date);
  time_member(out, "end_date", run.end_date);
  out.member("state", to_string(run.state));
  out.key("conf").raw(run.conf.empty() ? "{}" : run.conf);
  out.member("clear_number", run.clear_number);
  text_or_null(out, "triggering_user_name", run.triggering_user);
  text_or_null(out, "note", run.note);
  if (!consumed.empty()) out.key("consumed_asset_events").raw(consumed);
  out.end_object();
  return out.take();
}

Result<std::string> xcom_text(const XCom& xcom) {
  if (xcom.spill_path.empty()) return xcom.value;
  auto text = read_file(xcom.spill_path);
  if (!text)
    return fail(text.error().within("XCom '" + xcom.key + "' of task '" + xcom.task_id + "'"));
  return text;
}

Result<std::string> start_frame(Store& store, const StartFrameInput& input) {
  const Attempt& attempt = input.attempt;
  bool callback = attempt.kind == AttemptKind::dag_callback;
  const TaskSpec* task = nullptr;
  if (!callback) {
    auto index = input.spec.index_of(attempt.task_id);
    if (!index) {
      return fail(Code::not_found, "task '" + attempt.task_id + "' is not in version " +
                                       std::to_string(input.version.version_number) + " of '" +
                                       input.run.dag_id + "'");
    }
    task = &input.spec.tasks[*index];
  }
  auto previous = store.runs().previous_successful_run(input.run.dag_id, input.run.logical_date);
  if (!previous) return fail(previous);
  auto consumed = consumed_events_json(store, input.run);
  if (!consumed) return fail(consumed);
  json::Writer out;
  out.begin_object();
  out.member("op", "start").member("kind", callback ? "dag_callback" : "task");
  out.member("dag_id", input.run.dag_id);
  out.member("file", (fs::path(input.version.bundle_path) / input.spec.relative_fileloc).string());
  out.member("bundle", input.version.bundle_path).member("project", input.version.bundle_path);
  out.member("task_id", attempt.task_id).member("map_index", attempt.map_index);
  out.member("try_number", attempt.try_number).member("max_tries", input.max_tries);
  out.member("operator", task != nullptr ? task->operator_name : "")
      .member("attempt", attempt.id.value);
  out.key("run").raw(run_json(input.run, *consumed));
  out.member("start_date", format_iso(input.now));
  out.key("previous_success");
  if (*previous) {
    out.raw(run_json(**previous));
  } else {
    out.null();
  }
  write_env(out, task, input);
  out.key("secrets").begin_object().end_object();
  out.key("mask").begin_array().end_array();
  if (auto written = write_xcoms(out, store, task, input); !written) return fail(written);
  out.key("execution_timeout");
  if (task != nullptr && task->execution_timeout) {
    out.number(to_seconds(*task->execution_timeout));
  } else {
    out.null();
  }
  out.member("xcom_bytes_max", int64_t(input.xcom_bytes_max));
  text_or_null(out, "spill_folder", input.spill_folder);
  if (callback) {
    out.key("callback").begin_object();
    out.member("name", input.run.state == RunState::success ? "on_success" : "on_failure");
    out.member("reason", input.run.end_reason).end_object();
  }
  out.member("hostname", input.hostname).member("base_url", input.base_url);
  out.end_object();
  return out.take();
}

}  // namespace leoflow
