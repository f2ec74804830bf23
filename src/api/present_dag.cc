// SPDX-License-Identifier: Apache-2.0
#include "api/present.h"

#include <algorithm>

namespace leoflow::api {
namespace {

void tag_members(json::Writer& w, const DagSpec& spec) {
  w.key("tags").begin_array();
  for (const std::string& tag : spec.tags) {
    w.begin_object().member("name", tag).member("dag_id", spec.dag_id);
    w.member("dag_display_name", spec.display_name.empty() ? spec.dag_id : spec.display_name)
        .end_object();
  }
  w.end_array();
}

void member_optional(json::Writer& w, std::string_view name,
                     const std::optional<std::string>& text) {
  if (text) {
    w.member(name, *text);
  } else {
    w.member_null(name);
  }
}

void params_member(json::Writer& w, const std::map<std::string, ParamSpec>& params,
                   std::string_view source) {
  w.key("params").begin_object();
  for (const auto& [name, param] : params) {
    w.key(name).begin_object().key("value").value(param.value ? *param.value : json::value());
    w.key("schema").value(json::value(param.schema));
    member_optional(w, "description", param.description);
    member_text(w, "source", source);
    w.end_object();
  }
  w.end_object();
}

void time_delta(json::Writer& w, std::string_view name, const std::optional<Duration>& duration) {
  if (!duration) {
    w.member_null(name);
    return;
  }
  int64_t micros = duration->count();
  int64_t seconds = micros / 1'000'000;
  w.key(name).begin_object().member("__type", "TimeDelta").member("days", seconds / 86400);
  w.member("seconds", seconds % 86400).member("microseconds", micros % 1'000'000).end_object();
}

void asset_expression_member(json::Writer& w, const Services& services,
                             const ScheduleSpec& schedule) {
  if (!schedule.assets) {
    w.member_null("asset_expression");
    return;
  }
  write_asset_expression(w.key("asset_expression"), *schedule.assets, [&](const AssetKey& key) {
    auto asset = services.store.assets().find(key);
    return asset && *asset ? (*asset)->id : 0;
  });
}

}  // namespace

void dag_members(json::Writer& w, const Services& services, const Dag& dag,
                 const VersionInfo& version) {
  const DagSpec& spec = version.spec;
  auto limited = [](const TaskSpec& task) {
    return task.max_active_tis_per_dag || task.max_active_tis_per_dagrun;
  };
  w.member("dag_id", dag.dag_id)
      .member("dag_display_name", spec.display_name.empty() ? dag.dag_id : spec.display_name);
  w.member("is_paused", dag.is_paused).member("is_stale", dag.is_stale);
  w.member("last_parsed_time", api_time(dag.last_parsed_time));
  w.member("last_parse_duration", to_seconds(dag.last_parse_duration)).member_null("last_expired");
  member_text(w, "bundle_name", dag.bundle_name);
  member_text(w, "bundle_version", version.version.label);
  member_text(w, "relative_fileloc", dag.relative_fileloc);
  w.member("fileloc", dag.fileloc);
  member_optional(w, "description", spec.description);
  member_text(w, "timetable_summary", spec.schedule.summary);
  member_text(w, "timetable_description", spec.schedule.description);
  using Kind = ScheduleSpec::Kind;
  bool timed = spec.schedule.kind != Kind::none && spec.schedule.kind != Kind::assets;
  bool periodic = timed && spec.schedule.kind != Kind::once;
  w.member("timetable_partitioned", false).member("timetable_periodic", periodic);
  w.member("is_backfillable", timed);
  tag_members(w, spec);
  w.member("max_active_tasks", spec.max_active_tasks)
      .member("max_active_runs", spec.max_active_runs);
  w.member("max_consecutive_failed_dag_runs", spec.max_consecutive_failed_dag_runs);
  w.member("has_task_concurrency_limits", std::ranges::any_of(spec.tasks, limited));
  w.member("has_import_errors", dag.has_import_errors);
  member_time(w, "next_dagrun_logical_date", dag.next_logical_date);
  member_time(w, "next_dagrun_data_interval_start", dag.next_interval_start);
  member_time(w, "next_dagrun_data_interval_end", dag.next_interval_end);
  member_time(w, "next_dagrun_run_after", dag.next_run_after);
  w.member_null("allowed_run_types");
  member_texts(w, "owners", spec.owners);
  w.member("file_token", file_token(services.auth, dag.relative_fileloc));
}

void dag_details_members(json::Writer& w, const Services& services, const Dag& dag,
                         const VersionInfo& version, int64_t runs_active) {
  const DagSpec& spec = version.spec;
  w.member("catchup", spec.catchup);
  member_text(w, "dag_run_timeout", spec.dagrun_timeout ? iso_duration(*spec.dagrun_timeout) : "");
  asset_expression_member(w, services, spec.schedule);
  member_optional(w, "doc_md", spec.doc_md);
  member_time(w, "start_date", spec.start_date);
  member_time(w, "end_date", spec.end_date);
  if (spec.is_paused_upon_creation) {
    w.member("is_paused_upon_creation", *spec.is_paused_upon_creation);
  } else {
    w.member_null("is_paused_upon_creation");
  }
  params_member(w, spec.params, "");
  w.member("render_template_as_native_obj", spec.render_template_as_native_obj);
  w.member_null("template_search_path");
  member_text(w, "timezone", spec.timezone);
  w.member("last_parsed", api_time(dag.last_parsed_time));
  w.key("default_args").value(json::value(spec.default_args));
  w.member_null("owner_links").member("active_runs_count", runs_active);
  w.member_null("rerun_with_latest_version");
  w.member("concurrency", spec.max_active_tasks).key("latest_dag_version");
  write_version(w, version);
}

void write_task(json::Writer& w, const TaskSpec& task) {
  w.begin_object().member("task_id", task.task_id);
  w.member("task_display_name", task.display_name.empty() ? task.task_id : task.display_name);
  w.member("owner", task.owner);
  member_time(w, "start_date", task.start_date);
  member_time(w, "end_date", task.end_date);
  w.member("trigger_rule", to_string(task.trigger_rule))
      .member("depends_on_past", task.depends_on_past);
  w.member("wait_for_downstream", task.wait_for_downstream).member("retries", double(task.retries));
  w.member("queue", task.queue)
      .member("pool", task.pool)
      .member("pool_slots", double(task.pool_slots));
  time_delta(w, "execution_timeout", task.execution_timeout);
  time_delta(w, "retry_delay", task.retry_delay);
  w.member("retry_exponential_backoff", task.retry_exponential_backoff);
  w.member("priority_weight", double(task.priority_weight))
      .member("weight_rule", to_string(task.weight_rule));
  w.member("ui_color", task.ui_color).member("ui_fgcolor", task.ui_fgcolor);
  member_texts(w, "template_fields", task.template_fields);
  member_texts(w, "downstream_task_ids", task.downstream);
  member_optional(w, "doc_md", task.doc_md);
  w.member("operator_name", task.operator_name);
  params_member(w, task.params, "task");
  w.key("class_ref").begin_object();
  w.member("module_path", task.operator_module)
      .member("class_name", task.operator_name)
      .end_object();
  w.member("is_mapped", false).key("extra_links").begin_array().end_array().end_object();
}

}  // namespace leoflow::api
