// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "model/dag_spec.h"

namespace leoflow {
namespace {

using json::Writer;

// Whole numbers without a point, as people write them.
void write_number(Writer& out, double number) {
  constexpr double whole_max = 9'007'199'254'740'992.0;
  bool whole = number == double(int64_t(std::min(std::max(number, -whole_max), whole_max)));
  if (whole) {
    out.number(int64_t(number));
  } else {
    out.number(number);
  }
}

void write(Writer& out, Duration duration) { write_number(out, to_seconds(duration)); }
void write(Writer& out, Time time) { out.string(format_time(time)); }
void write(Writer& out, int number) { out.number(int64_t(number)); }
void write(Writer& out, bool truth) { out.boolean(truth); }
void write(Writer& out, const std::string& text) { out.string(text); }
void write(Writer& out, const json::object& object) { out.value(object); }

template <typename T>
void write(Writer& out, const std::vector<T>& items) {
  out.begin_array();
  for (const T& item : items) write(out, item);
  out.end_array();
}

template <typename T>
void write(Writer& out, const std::optional<T>& value) {
  if (value) {
    write(out, *value);
  } else {
    out.null();
  }
}

void write(Writer& out, const std::map<std::string, std::string>& members) {
  out.begin_object();
  for (const auto& [name, text] : members) out.member(name, text);
  out.end_object();
}

template <typename T>
void member(Writer& out, std::string_view name, const T& value) {
  out.key(name);
  write(out, value);
}

void member_or_null(Writer& out, std::string_view name, const std::string& text) {
  if (text.empty()) {
    out.member_null(name);
  } else {
    out.member(name, text);
  }
}

void write_asset_uses(Writer& out, std::string_view key, const std::vector<AssetExpression>& uses) {
  if (uses.empty()) return;
  out.key(key).begin_array();
  for (const AssetExpression& use : uses) write_asset_expression(out, use);
  out.end_array();
}

void write_assets(Writer& out, const DagSpec& spec) {
  if (!spec.assets.empty()) {
    out.key("assets").begin_array();
    for (const AssetSpec& asset : spec.assets) {
      out.begin_object().member("name", asset.key.name).member("uri", asset.key.uri);
      out.member("group", asset.group).key("extra").value(asset.extra);
      out.end_object();
    }
    out.end_array();
  }
  if (spec.asset_aliases.empty()) return;
  out.key("asset_aliases").begin_array();
  for (const AssetAliasSpec& alias : spec.asset_aliases) {
    out.begin_object().member("name", alias.name).member("group", alias.group).end_object();
  }
  out.end_array();
}

void write_schedule(Writer& out, const ScheduleSpec& schedule) {
  out.key("schedule").begin_object();
  out.member("kind", to_string(schedule.kind));
  member(out, "crons", schedule.crons);
  out.member("timezone", schedule.timezone);
  member(out, "delta", schedule.delta);
  member(out, "interval", schedule.interval);
  out.member("run_immediately", to_string(schedule.run_immediately));
  member(out, "immediately_window", schedule.immediately_window);
  member(out, "events", schedule.events);
  out.member("restrict_to_events", schedule.restrict_to_events);
  if (schedule.assets) write_asset_expression(out.key("assets"), *schedule.assets);
  member_or_null(out, "summary", schedule.summary);
  member_or_null(out, "description", schedule.description);
  out.end_object();
}

void write_params(Writer& out, const std::map<std::string, ParamSpec>& params) {
  out.key("params").begin_object();
  for (const auto& [name, param] : params) {
    out.key(name).begin_object();
    if (param.value) out.key("value").value(*param.value);
    out.key("schema").value(param.schema);
    member(out, "description", param.description);
    out.end_object();
  }
  out.end_object();
}

void write_amounts(Writer& out, std::string_view key, const std::string& cpu,
                   const std::string& memory, const std::string& ephemeral_storage) {
  out.key(key).begin_object();
  if (!cpu.empty()) out.member("cpu", cpu);
  if (!memory.empty()) out.member("memory", memory);
  if (!ephemeral_storage.empty()) out.member("ephemeral_storage", ephemeral_storage);
  out.end_object();
}

void write(Writer& out, const ResourceSpec& resources) {
  out.begin_object();
  write_amounts(out, "requests", resources.cpu_request, resources.memory_request,
                resources.ephemeral_storage_request);
  write_amounts(out, "limits", resources.cpu_limit, resources.memory_limit,
                resources.ephemeral_storage_limit);
  out.key("claims").value(json::value(resources.claims));
  out.end_object();
}

void write_conditions(Writer& out, const TaskSpec& task) {
  member(out, "downstream", task.downstream);
  out.member("trigger_rule", to_string(task.trigger_rule));
  out.member("retries", task.retries);
  member(out, "retry_delay", task.retry_delay);
  write_number(out.key("retry_exponential_backoff"), task.retry_exponential_backoff);
  member(out, "max_retry_delay", task.retry_delay_max);
  member(out, "execution_timeout", task.execution_timeout);
  out.member("depends_on_past", task.depends_on_past);
  out.member("wait_for_downstream", task.wait_for_downstream);
  out.member("ignore_first_depends_on_past", task.ignore_first_depends_on_past);
  out.member("wait_for_past_depends_before_skipping", task.wait_for_past_depends_before_skipping);
  out.member("priority_weight", task.priority_weight);
  out.member("weight_rule", to_string(task.weight_rule));
  out.member("pool", task.pool);
  out.member("pool_slots", task.pool_slots);
  out.member("queue", task.queue);
  member(out, "max_active_tis_per_dag", task.max_active_tis_per_dag);
  member(out, "max_active_tis_per_dagrun", task.max_active_tis_per_dagrun);
  member(out, "start_date", task.start_date);
  member(out, "end_date", task.end_date);
}

void write_runtime(Writer& out, const TaskSpec& task) {
  out.member("inline_success", task.inline_success);
  out.member("do_xcom_push", task.do_xcom_push);
  out.member("multiple_outputs", task.multiple_outputs);
  out.member("has_retry_callback", task.has_retry_callback);
  member(out, "template_fields", task.template_fields);
  if (!task.task_groups.empty()) member(out, "task_groups", task.task_groups);
  member(out, "xcom_inputs", task.xcom_inputs);
  write_asset_uses(out, "inlets", task.inlets);
  write_asset_uses(out, "outlets", task.outlets);
  write_params(out, task.params);
  out.member("ui_color", task.ui_color);
  out.member("ui_fgcolor", task.ui_fgcolor);
  member(out, "env", task.env);
  member(out, "connections", task.connections);
  member(out, "variables", task.variables);
  out.key("resources");
  if (task.resources) {
    write(out, *task.resources);
  } else {
    out.null();
  }
  member(out, "execution", task.execution);
}

void write_task(Writer& out, const TaskSpec& task) {
  out.begin_object();
  out.member("task_id", task.task_id);
  out.member("task_display_name", task.display_name);
  out.member("operator_name", task.operator_name);
  out.member("operator_module", task.operator_module);
  out.member("owner", task.owner);
  member(out, "doc_md", task.doc_md);
  write_conditions(out, task);
  write_runtime(out, task);
  if (!task.expand.empty()) write_map_sources(out.key("expand"), task.expand);
  out.end_object();
}

void write_mapped_groups(Writer& out, const DagSpec& spec) {
  if (spec.mapped_groups.empty()) return;
  out.key("mapped_groups").begin_object();
  for (const auto& [group, sources] : spec.mapped_groups)
    write_map_sources(out.key(group), sources);
  out.end_object();
}

void write_identity(Writer& out, const DagSpec& spec) {
  out.member("schema_version", "1.0");
  out.member("dag_id", spec.dag_id);
  out.member("dag_display_name", spec.display_name);
  member(out, "description", spec.description);
  member(out, "doc_md", spec.doc_md);
  member(out, "tags", spec.tags);
  member(out, "owners", spec.owners);
  out.member("relative_fileloc", spec.relative_fileloc);
}

void write_run_rules(Writer& out, const DagSpec& spec) {
  write_assets(out, spec);
  write_schedule(out, spec.schedule);
  out.member("timezone", spec.timezone);
  member(out, "start_date", spec.start_date);
  member(out, "end_date", spec.end_date);
  out.member("catchup", spec.catchup);
  out.member("max_active_runs", spec.max_active_runs);
  out.member("max_active_tasks", spec.max_active_tasks);
  out.member("max_consecutive_failed_dag_runs", spec.max_consecutive_failed_dag_runs);
  member(out, "dagrun_timeout", spec.dagrun_timeout);
  out.member("fail_fast", spec.fail_fast);
  member(out, "is_paused_upon_creation", spec.is_paused_upon_creation);
  out.member("render_template_as_native_obj", spec.render_template_as_native_obj);
  out.member("has_success_callback", spec.has_success_callback);
  out.member("has_failure_callback", spec.has_failure_callback);
  write_params(out, spec.params);
  member(out, "default_args", spec.default_args);
}

void write_deployment(Writer& out, const DagSpec& spec) {
  out.key("staging").begin_object();
  out.member("enabled", spec.staging.enabled);
  out.member("size", spec.staging.size);
  out.member("storage_class", spec.staging.storage_class);
  out.end_object();
  // Only where it says something: the text of what was compiled before the key existed stays.
  if (spec.start_ahead != StartAhead::inherit)
    out.member("start_ahead", to_string(spec.start_ahead));
  member(out, "connections", spec.connections);
  member(out, "variables", spec.variables);
  member(out, "warnings", spec.warnings);
  out.member("python_version", spec.python_version);
  member(out, "dependencies", spec.dependencies);
  member(out, "preload", spec.preload);
  member(out, "deploy", spec.deploy);
}

}  // namespace

std::string dump_dag_spec(const DagSpec& spec) {
  Writer out;
  out.begin_object();
  write_identity(out, spec);
  write_run_rules(out, spec);
  out.key("tasks").begin_array();
  for (const TaskSpec& task : spec.tasks) write_task(out, task);
  out.end_array();
  write_mapped_groups(out, spec);
  write_deployment(out, spec);
  out.end_object();
  return out.take();
}

}  // namespace leoflow
