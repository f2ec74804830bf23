// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "model/dag_spec.h"
#include "model/fields.h"
#include "model/size.h"

namespace leoflow {
namespace {

constexpr std::string_view kSchemaVersion = "1.0";
constexpr int kIntMin = std::numeric_limits<int>::min();

void sort_distinct(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

// Ids become parts of paths, names and labels.
void read_id(Fields& fields, std::string_view key, std::string& out) {
  fields.require(key);
  fields.read(key, out);
  if (!valid_key(out)) {
    fields.report(key, "not a valid id: '" + out.substr(0, 64) + "'",
                  "use letters, digits, dots, dashes and underscores, at most 250 bytes");
  }
}

// A quantity that must parse when given.
template <typename Parse>
void check_quantity(Fields& fields, std::string_view key, const std::string& text, Parse parse) {
  if (text.empty()) return;
  Result<uint64_t> amount = parse(text);
  if (!amount) fields.report(key, amount.error().message(), amount.error().hint());
}

void check_schedule(Fields& fields, const ScheduleSpec& schedule) {
  using Kind = ScheduleSpec::Kind;
  bool one_cron = schedule.kind == Kind::cron_trigger || schedule.kind == Kind::cron_interval;
  if (one_cron && schedule.crons.size() != 1)
    fields.report("crons", "must hold one expression for this kind");
  if (schedule.kind == Kind::multiple_cron_trigger && schedule.crons.empty()) {
    fields.report("crons", "must hold at least one expression for this kind");
  }
  bool by_delta = schedule.kind == Kind::delta_trigger || schedule.kind == Kind::delta_interval;
  if (by_delta && schedule.delta <= Duration(0))
    fields.report("delta", "must be more than 0 for this kind");
  if (schedule.kind == Kind::assets && !schedule.assets)
    fields.report("assets", "must be there for this kind");
}

// A list of assets, aliases and references.
void read_asset_uses(Fields& fields, std::string_view key, std::vector<AssetExpression>& out) {
  json::array uses;
  fields.read(key, uses);
  if (uses.size() > kAssetsPerDagMax) return fields.report(key, "names too many assets");
  for (const json::value& one : uses) {
    auto use = parse_asset_expression(one);
    if (!use) return fields.report(key, use.error().message());
    if (!use->parts.empty()) return fields.report(key, "must hold assets, not conditions");
    out.push_back(std::move(*use));
  }
}

void read_asset_condition(Fields& fields, std::optional<AssetExpression>& out) {
  const json::value* found = fields.take("assets");
  if (found == nullptr) return;
  auto condition = parse_asset_expression(*found);
  if (!condition) return fields.report("assets", condition.error().message());
  for_each_leaf(*condition, [&](const AssetExpression& leaf) {
    bool known =
        leaf.kind == AssetExpression::Kind::asset || leaf.kind == AssetExpression::Kind::alias;
    if (!known) fields.report("assets", "must name assets and aliases");
  });
  out = std::move(*condition);
}

void read_assets(Fields& parent, Problem& problem, DagSpec& spec) {
  json::array assets, aliases;
  parent.read("assets", assets);
  parent.read("asset_aliases", aliases);
  if (assets.size() + aliases.size() > kAssetsPerDagMax)
    return parent.report("assets", "names too many assets");
  for (const json::value& one : assets) {
    AssetSpec asset;
    Fields fields(one, "assets[" + std::to_string(spec.assets.size()) + "]", problem);
    fields.require("name");
    fields.require("uri");
    fields.read("name", asset.key.name);
    fields.read("uri", asset.key.uri);
    fields.read("group", asset.group);
    fields.read("extra", asset.extra);
    fields.refuse_others();
    spec.assets.push_back(std::move(asset));
  }
  for (const json::value& one : aliases) {
    AssetAliasSpec alias;
    std::string path = "asset_aliases[" + std::to_string(spec.asset_aliases.size()) + "]";
    Fields fields(one, std::move(path), problem);
    fields.require("name");
    fields.read("name", alias.name);
    fields.read("group", alias.group);
    fields.refuse_others();
    spec.asset_aliases.push_back(std::move(alias));
  }
}

void read_schedule(const json::value& from, const std::string& path, Problem& problem,
                   ScheduleSpec& out) {
  Fields fields(from, path, problem);
  fields.read("kind", out.kind, parse_schedule_kind);
  fields.read("crons", out.crons);
  fields.read("timezone", out.timezone);
  fields.read("delta", out.delta);
  fields.read("interval", out.interval);
  fields.read("run_immediately", out.run_immediately, parse_run_immediately);
  fields.read("immediately_window", out.immediately_window);
  fields.read("events", out.events);
  fields.read("restrict_to_events", out.restrict_to_events);
  read_asset_condition(fields, out.assets);
  std::optional<std::string> summary, description;
  fields.read("summary", summary);
  fields.read("description", description);
  out.summary = summary.value_or("");
  out.description = description.value_or("");
  std::sort(out.events.begin(), out.events.end());
  check_schedule(fields, out);
  fields.refuse_others();
}

ParamSpec read_param(const json::value& from, const std::string& path, Problem& problem) {
  ParamSpec param;
  Fields fields(from, path, problem);
  if (const json::value* value = fields.take("value")) param.value = *value;
  fields.read("schema", param.schema);
  fields.read("description", param.description);
  fields.refuse_others();
  return param;
}

void read_params(Fields& fields, Problem& problem, std::map<std::string, ParamSpec>& out) {
  json::object params;
  fields.read("params", params);
  for (const auto& [name, param] : params) {
    std::string key(name.data(), name.size());
    out[key] = read_param(param, fields.path_of("params") + "." + key, problem);
  }
}

struct ResourceAmounts {
  std::string cpu, memory, ephemeral_storage;
};

ResourceAmounts read_amounts(Fields& parent, std::string_view key, Problem& problem) {
  ResourceAmounts amounts;
  const json::value* found = parent.take(key);
  if (!found) return amounts;
  Fields fields(*found, parent.path_of(key), problem);
  fields.read("cpu", amounts.cpu);
  fields.read("memory", amounts.memory);
  fields.read("ephemeral_storage", amounts.ephemeral_storage);
  check_quantity(fields, "cpu", amounts.cpu, parse_milli_cpu);
  check_quantity(fields, "memory", amounts.memory, parse_bytes);
  check_quantity(fields, "ephemeral_storage", amounts.ephemeral_storage, parse_bytes);
  fields.refuse_others();
  return amounts;
}

void read_resources(Fields& parent, Problem& problem, std::optional<ResourceSpec>& out) {
  const json::value* found = parent.take("resources");
  if (!found || found->is_null()) return;
  Fields fields(*found, parent.path_of("resources"), problem);
  ResourceAmounts requests = read_amounts(fields, "requests", problem);
  ResourceAmounts limits = read_amounts(fields, "limits", problem);
  ResourceSpec resources;
  fields.read("claims", resources.claims);
  fields.refuse_others();
  resources.cpu_request = requests.cpu;
  resources.memory_request = requests.memory;
  resources.ephemeral_storage_request = requests.ephemeral_storage;
  resources.cpu_limit = limits.cpu;
  resources.memory_limit = limits.memory;
  resources.ephemeral_storage_limit = limits.ephemeral_storage;
  if (!limits.memory.empty()) resources.memory_limit_bytes = parse_bytes(limits.memory).value_or(0);
  out = std::move(resources);
}

void read_retries(Fields& fields, TaskSpec& task) {
  fields.read("retries", task.retries, 0, kRetriesMax);
  fields.read("retry_delay", task.retry_delay);
  fields.read("retry_exponential_backoff", task.retry_exponential_backoff);
  if (!(task.retry_exponential_backoff >= 0))
    fields.report("retry_exponential_backoff", "must not be negative");
  fields.read("max_retry_delay", task.retry_delay_max);
  fields.read("execution_timeout", task.execution_timeout);
}

void read_conditions(Fields& fields, TaskSpec& task) {
  fields.read("downstream", task.downstream);
  fields.read("trigger_rule", task.trigger_rule, parse_trigger_rule);
  fields.read("depends_on_past", task.depends_on_past);
  fields.read("wait_for_downstream", task.wait_for_downstream);
  fields.read("ignore_first_depends_on_past", task.ignore_first_depends_on_past);
  fields.read("wait_for_past_depends_before_skipping", task.wait_for_past_depends_before_skipping);
  fields.read("priority_weight", task.priority_weight, kIntMin);
  fields.read("weight_rule", task.weight_rule, parse_weight_rule);
  fields.read("pool", task.pool);
  fields.read("pool_slots", task.pool_slots, 1);
  fields.read("queue", task.queue);
  fields.read("max_active_tis_per_dag", task.max_active_tis_per_dag, 0);
  fields.read("max_active_tis_per_dagrun", task.max_active_tis_per_dagrun, 0);
  fields.read("start_date", task.start_date);
  fields.read("end_date", task.end_date);
}

void read_runtime(Fields& fields, Problem& problem, TaskSpec& task) {
  fields.read("inline_success", task.inline_success);
  fields.read("do_xcom_push", task.do_xcom_push);
  fields.read("multiple_outputs", task.multiple_outputs);
  fields.read("has_retry_callback", task.has_retry_callback);
  fields.read("template_fields", task.template_fields);
  fields.read("task_groups", task.task_groups);
  fields.read("xcom_inputs", task.xcom_inputs);
  sort_distinct(task.xcom_inputs);
  read_asset_uses(fields, "inlets", task.inlets);
  read_asset_uses(fields, "outlets", task.outlets);
  read_params(fields, problem, task.params);
  fields.read("ui_color", task.ui_color);
  fields.read("ui_fgcolor", task.ui_fgcolor);
  fields.read("env", task.env);
  fields.read("connections", task.connections);
  fields.read("variables", task.variables);
  read_resources(fields, problem, task.resources);
  fields.read("execution", task.execution);
}

TaskSpec read_task(const json::value& from, std::string path, Problem& problem) {
  TaskSpec task;
  Fields fields(from, std::move(path), problem);
  read_id(fields, "task_id", task.task_id);
  fields.read("task_display_name", task.display_name);
  fields.read("operator_name", task.operator_name);
  fields.read("operator_module", task.operator_module);
  fields.read("owner", task.owner);
  fields.read("doc_md", task.doc_md);
  read_conditions(fields, task);
  read_retries(fields, task);
  read_runtime(fields, problem, task);
  fields.refuse_others();
  return task;
}

void read_tasks(Fields& fields, Problem& problem, std::vector<TaskSpec>& out) {
  const json::value* found = fields.take("tasks");
  if (!found) return;
  const json::array* tasks = found->if_array();
  if (!tasks)
    return fields.report("tasks", "must be an array, not " + std::string(json::kind_name(*found)));
  if (tasks->size() > kTasksPerDagMax) {
    return fields.report("tasks", "at most " + std::to_string(kTasksPerDagMax) + " tasks, not " +
                                      std::to_string(tasks->size()));
  }
  out.reserve(tasks->size());
  for (const json::value& task : *tasks) {
    out.push_back(read_task(task, "tasks[" + std::to_string(out.size()) + "]", problem));
    if (problem) return;
  }
}

void read_staging(Fields& parent, Problem& problem, StagingSpec& out) {
  const json::value* found = parent.take("staging");
  if (!found) return;
  Fields fields(*found, "staging", problem);
  fields.read("enabled", out.enabled);
  fields.read("size", out.size);
  fields.read("storage_class", out.storage_class);
  Result<uint64_t> bytes = parse_bytes(out.size);
  if (!bytes) {
    fields.report("size", bytes.error().message(), bytes.error().hint());
  } else {
    out.size_bytes = *bytes;
  }
  fields.refuse_others();
}

// The path is joined to the bundle's folder, so it must stay below it.
void read_relative_fileloc(Fields& fields, std::string& out) {
  out = "dag.py";
  fields.read("relative_fileloc", out);
  std::string_view rest = out;
  if (rest.starts_with('/')) fields.report("relative_fileloc", "must be relative to the bundle");
  while (!rest.empty()) {
    size_t slash = std::min(rest.find('/'), rest.size());
    if (rest.substr(0, slash) == "..")
      fields.report("relative_fileloc", "must stay inside the bundle");
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
}

void read_identity(Fields& fields, DagSpec& spec) {
  std::string schema_version(kSchemaVersion);
  fields.read("schema_version", schema_version);
  if (schema_version != kSchemaVersion) {
    fields.report("schema_version", "'" + schema_version.substr(0, 64) +
                                        "' is not supported, only '" + std::string(kSchemaVersion) +
                                        "'");
  }
  read_id(fields, "dag_id", spec.dag_id);
  fields.read("dag_display_name", spec.display_name);
  fields.read("description", spec.description);
  fields.read("doc_md", spec.doc_md);
  fields.read("tags", spec.tags);
  fields.read("owners", spec.owners);
  sort_distinct(spec.tags);
  sort_distinct(spec.owners);
  read_relative_fileloc(fields, spec.relative_fileloc);
}

void read_run_rules(Fields& fields, Problem& problem, DagSpec& spec) {
  read_assets(fields, problem, spec);
  if (const json::value* schedule = fields.take("schedule")) {
    read_schedule(*schedule, "schedule", problem, spec.schedule);
  }
  fields.read("timezone", spec.timezone);
  fields.read("start_date", spec.start_date);
  fields.read("end_date", spec.end_date);
  fields.read("catchup", spec.catchup);
  fields.read("max_active_runs", spec.max_active_runs);
  fields.read("max_active_tasks", spec.max_active_tasks);
  fields.read("max_consecutive_failed_dag_runs", spec.max_consecutive_failed_dag_runs);
  fields.read("dagrun_timeout", spec.dagrun_timeout);
  fields.read("fail_fast", spec.fail_fast);
  fields.read("is_paused_upon_creation", spec.is_paused_upon_creation);
  fields.read("render_template_as_native_obj", spec.render_template_as_native_obj);
  fields.read("has_success_callback", spec.has_success_callback);
  fields.read("has_failure_callback", spec.has_failure_callback);
  read_params(fields, problem, spec.params);
  fields.read("default_args", spec.default_args);
}

void read_deployment(Fields& fields, Problem& problem, DagSpec& spec) {
  read_staging(fields, problem, spec.staging);
  fields.read("start_ahead", spec.start_ahead, parse_start_ahead);
  fields.read("connections", spec.connections);
  fields.read("variables", spec.variables);
  fields.read("warnings", spec.warnings);
  fields.read("python_version", spec.python_version);
  fields.read("dependencies", spec.dependencies);
  sort_distinct(spec.dependencies);
  fields.read("preload", spec.preload);
  fields.read("deploy", spec.deploy);
}

}  // namespace

Result<DagSpec> parse_dag_spec(std::string_view text) {
  if (text.size() > kDagJsonBytesMax) {
    return fail(Code::invalid, "dag.json of " + std::to_string(text.size()) +
                                   " bytes is longer than " + std::to_string(kDagJsonBytesMax));
  }
  Result<json::value> document = json::parse(text);
  if (!document) return fail(document);
  return parse_dag_spec(*document);
}

Result<DagSpec> parse_dag_spec(const json::value& document) {
  Problem problem;
  Fields fields(document, "", problem);
  DagSpec spec;
  if (!problem) read_identity(fields, spec);
  if (!problem) read_run_rules(fields, problem, spec);
  if (!problem) read_tasks(fields, problem, spec.tasks);
  if (!problem) read_deployment(fields, problem, spec);
  if (!problem) fields.refuse_others();
  if (problem) return fail(problem.error());
  if (Status finished = spec.finish(); !finished) return fail(finished);
  return spec;
}

}  // namespace leoflow
