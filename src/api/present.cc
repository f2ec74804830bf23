// SPDX-License-Identifier: Apache-2.0
#include "api/present.h"

#include "base/crypto.h"
#include "base/log.h"

namespace leoflow::api {
namespace {

// Version 8 UUID (custom content) from a hash: stable and without a table of its own.
std::string uuid_of(const std::string& name) {
  std::string bytes = sha256(name).substr(0, 16);
  bytes[6] = char((bytes[6] & 0x0F) | 0x80);
  bytes[8] = char((bytes[8] & 0x3F) | 0x80);
  std::string text = hex(bytes);
  for (size_t at : {8, 13, 18, 23}) text.insert(at, "-");
  return text;
}

}  // namespace

std::string api_time(Time time) {
  std::string text = format_time(time);
  constexpr std::string_view kNoFraction = ".000000Z";
  if (text.ends_with(kNoFraction))
    text.replace(text.size() - kNoFraction.size(), kNoFraction.size(), "Z");
  return text;
}

std::string iso_duration(Duration duration) {
  int64_t micros = duration.count();
  std::string text = micros < 0 ? "-P" : "P";
  micros = std::abs(micros);
  int64_t seconds = micros / 1'000'000;
  if (seconds >= 86400) text += std::to_string(seconds / 86400) + "D";
  seconds %= 86400;
  int64_t fraction = micros % 1'000'000;
  if (seconds == 0 && fraction == 0) return text.ends_with('P') ? text + "T0S" : text;
  text += "T";
  if (seconds >= 3600) text += std::to_string(seconds / 3600) + "H";
  if (seconds % 3600 >= 60) text += std::to_string(seconds % 3600 / 60) + "M";
  if (seconds % 60 == 0 && fraction == 0) return text;
  text += std::to_string(seconds % 60);
  if (fraction != 0) {
    std::string digits = std::to_string(1'000'000 + fraction).substr(1);
    text += "." + digits.substr(0, digits.find_last_not_of('0') + 1);
  }
  return text + "S";
}

void member_time(json::Writer& w, std::string_view name, const std::optional<Time>& time) {
  if (time) {
    w.member(name, api_time(*time));
  } else {
    w.member_null(name);
  }
}

void member_text(json::Writer& w, std::string_view name, std::string_view text) {
  if (text.empty()) {
    w.member_null(name);
  } else {
    w.member(name, text);
  }
}

void member_texts(json::Writer& w, std::string_view name, const std::vector<std::string>& texts) {
  w.key(name).begin_array();
  for (const std::string& text : texts) w.string(text);
  w.end_array();
}

void member_duration(json::Writer& w, const std::optional<Time>& start,
                     const std::optional<Time>& end) {
  if (start && end) {
    w.member("duration", to_seconds(*end - *start));
  } else {
    w.member_null("duration");
  }
}

std::string version_uuid(DagVersionId id) {
  return uuid_of("dag_version:" + std::to_string(id.value));
}

std::string task_instance_uuid(TaskInstanceKey key, int try_number) {
  return uuid_of("task_instance:" + std::to_string(key.value) + ":" + std::to_string(try_number));
}

VersionPtr version_or_null(const Services& services, DagVersionId id) {
  auto version = services.versions.get(id);
  if (version) return std::move(*version);
  log::warning(version.error().message(), {{"version", id.value}});
  return nullptr;
}

std::string dag_name(const VersionPtr& version, const std::string& dag_id) {
  return version && !version->spec.display_name.empty() ? version->spec.display_name : dag_id;
}

std::string task_name(const VersionPtr& version, const std::string& task_id) {
  if (!version) return task_id;
  auto index = version->spec.index_of(task_id);
  if (!index || version->spec.tasks[*index].display_name.empty()) return task_id;
  return version->spec.tasks[*index].display_name;
}

void write_version_row(json::Writer& w, const DagVersion& version,
                       const std::string& dag_display_name) {
  w.begin_object()
      .member("id", version_uuid(version.id))
      .member("version_number", version.version_number);
  w.member("dag_id", version.dag_id).member("bundle_name", version.bundle_name);
  member_text(w, "bundle_version", version.label);
  member_text(w, "commit", version.commit);
  member_text(w, "image", version.image);
  w.member("created_at", api_time(version.created_at)).member("dag_display_name", dag_display_name);
  member_text(w, "bundle_url", version.url);
  w.end_object();
}

void write_version(json::Writer& w, const VersionInfo& version) {
  const std::string& name = version.spec.display_name;
  write_version_row(w, version.version, name.empty() ? version.version.dag_id : name);
}

void write_run(json::Writer& w, const Services& services, const DagRun& run) {
  VersionPtr version = version_or_null(services, run.version);
  w.begin_object().member("dag_run_id", run.run_id).member("dag_id", run.dag_id);
  w.member("dag_display_name", dag_name(version, run.dag_id));
  member_time(w, "logical_date", run.logical_date);
  w.member("queued_at", api_time(run.queued_at));
  member_time(w, "start_date", run.start_date);
  member_time(w, "end_date", run.end_date);
  member_duration(w, run.start_date, run.end_date);
  member_time(w, "data_interval_start", run.interval_start);
  member_time(w, "data_interval_end", run.interval_end);
  w.member("run_after", api_time(run.run_after));
  member_time(w, "last_scheduling_decision", run.last_scheduling_decision);
  w.member("run_type", to_string(run.type)).member("state", to_string(run.state));
  member_text(w, "triggered_by", run.triggered_by);
  member_text(w, "triggering_user_name", run.triggering_user);
  w.key("conf").raw(run.conf.empty() ? "{}" : run.conf);
  member_text(w, "note", run.note);
  w.key("dag_versions").begin_array();
  if (version) write_version(w, *version);
  w.end_array();
  member_text(w, "bundle_version", version ? version->version.label : "");
  w.member_null("partition_key").member_null("partition_date").end_object();
}

namespace {

// Members that a task instance and its tries have in common.
struct TryView {
  TaskState state;
  int try_number, max_tries;
  std::optional<Time> scheduled_at, queued_at, start_date, end_date;
  DagVersionId version;
};

void placement_members(json::Writer& w, const TaskInstance& task,
                       const std::optional<Attempt>& attempt) {
  member_text(w, "hostname", attempt ? attempt->hostname : "");
  w.member_null("unixname").member("pool", task.pool).member("pool_slots", task.pool_slots);
  member_text(w, "queue", task.queue);
  w.member("priority_weight", task.priority_weight);
  member_text(w, "operator", task.operator_name);
  member_text(w, "operator_name", task.operator_name);
}

void try_members(json::Writer& w, const Services& services, const TaskInstanceRow& row,
                 const TryView& view, const std::optional<Attempt>& attempt) {
  const TaskInstance& task = row.task_instance;
  VersionPtr version = version_or_null(services, view.version);
  w.member("task_id", task.task_id)
      .member("dag_id", row.run.dag_id)
      .member("dag_run_id", row.run.run_id);
  w.member("map_index", task.map_index);
  member_time(w, "start_date", view.start_date);
  member_time(w, "end_date", view.end_date);
  member_duration(w, view.start_date, view.end_date);
  member_text(w, "state", view.state == TaskState::none ? "" : to_string(view.state));
  w.member("try_number", view.try_number).member("max_tries", view.max_tries);
  w.member("task_display_name", task_name(version, task.task_id));
  w.member("dag_display_name", dag_name(version, row.run.dag_id));
  placement_members(w, task, attempt);
  member_time(w, "queued_when", view.queued_at);
  member_time(w, "scheduled_when", view.scheduled_at);
  if (attempt && attempt->pid > 0) {
    w.member("pid", attempt->pid);
  } else {
    w.member_null("pid");
  }
  w.member_null("executor").member("executor_config", "{}").key("dag_version");
  if (version) {
    write_version(w, *version);
  } else {
    w.null();
  }
}

}  // namespace

void write_task_instance(json::Writer& w, const Services& services, const TaskInstanceRow& row) {
  const TaskInstance& task = row.task_instance;
  TryView view{task.state,     task.try_number, task.max_tries, task.scheduled_at,
               task.queued_at, task.start_date, task.end_date,  row.version};
  w.begin_object().member("id", task_instance_uuid(task.key, task.try_number));
  try_members(w, services, row, view, row.attempt);
  member_time(w, "logical_date", row.run.logical_date);
  w.member("run_after", api_time(row.run.run_after));
  member_text(w, "note", task.note);
  bool by_number = task.map_label.empty() && task.map_index != kUnmapped;
  member_text(w, "rendered_map_index", by_number ? std::to_string(task.map_index) : task.map_label);
  w.key("rendered_fields").raw(row.rendered_fields.empty() ? "{}" : row.rendered_fields);
  w.member_null("trigger").member_null("triggerer_job");
  member_text(w, "state_reason", task.reason);
  w.end_object();
}

void write_try(json::Writer& w, const Services& services, const TaskInstanceRow& row,
               const TaskTry& one, const std::optional<Attempt>& attempt) {
  TryView view{one.state,     one.try_number, one.max_tries, one.scheduled_at,
               one.queued_at, one.start_date, one.end_date,  one.version};
  w.begin_object();
  try_members(w, services, row, view, attempt);
  member_text(w, "state_reason", one.reason);
  w.end_object();
}

std::string file_token(const Authenticator& auth, const std::string& relative_fileloc) {
  return base64url(auth.tag("file:" + relative_fileloc) + relative_fileloc);
}

Result<std::string> read_file_token(const Authenticator& auth, std::string_view token) {
  auto bytes = from_base64url(token);
  size_t tag_size = auth.tag("").size();
  if (!bytes || bytes->size() <= tag_size) return fail(Code::denied, "the file token is not valid");
  std::string path = bytes->substr(tag_size);
  if (!equal_constant_time(bytes->substr(0, tag_size), auth.tag("file:" + path))) {
    return fail(Code::denied, "the file token is not valid");
  }
  return path;
}

}  // namespace leoflow::api
