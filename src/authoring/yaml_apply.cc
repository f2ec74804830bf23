// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "authoring/leoflow_yaml.h"
#include "authoring/nearest.h"

namespace leoflow {
namespace {

constexpr std::string_view kOwnerDefault = "airflow";

Status unknown_task(std::string_view name, const std::string& task_id, int line,
                    const DagSpec& dag) {
  std::vector<std::string_view> known;
  for (const TaskSpec& task : dag.tasks) known.push_back(task.task_id);
  return fail(Code::invalid,
              std::string(name) + ": tasks names '" + task_id + "', which is not a task of DAG '" +
                  dag.dag_id + "', at line " + std::to_string(line),
              did_you_mean(task_id, known));
}

template <typename T>
void prefer(T& value, const T& over) {
  if (!over.empty()) value = over;
}

// The fields that `over` gives, on top of base.
ResourceSpec merged(ResourceSpec base, const ResourceSpec& over) {
  prefer(base.cpu_request, over.cpu_request);
  prefer(base.memory_request, over.memory_request);
  prefer(base.cpu_limit, over.cpu_limit);
  prefer(base.memory_limit, over.memory_limit);
  prefer(base.ephemeral_storage_request, over.ephemeral_storage_request);
  prefer(base.ephemeral_storage_limit, over.ephemeral_storage_limit);
  prefer(base.claims, over.claims);
  if (over.memory_limit_bytes) base.memory_limit_bytes = over.memory_limit_bytes;
  return base;
}

void apply_defaults(const TaskSettings& defaults, TaskSpec& task) {
  const TaskSpec unset;
  if (defaults.retries && task.retries == unset.retries) task.retries = *defaults.retries;
  if (defaults.retry_delay && task.retry_delay == unset.retry_delay)
    task.retry_delay = *defaults.retry_delay;
  if (defaults.execution_timeout && !task.execution_timeout)
    task.execution_timeout = defaults.execution_timeout;
  if (defaults.size && task.pool_slots == unset.pool_slots) task.pool_slots = *defaults.size;
  if (defaults.resources)
    task.resources = merged(*defaults.resources, task.resources.value_or(ResourceSpec{}));
  for (const auto& member : defaults.execution) {
    if (!task.execution.contains(member.key())) task.execution[member.key()] = member.value();
  }
}

void apply_task(const TaskSettings& settings, TaskSpec& task) {
  if (settings.retries) task.retries = *settings.retries;
  if (settings.retry_delay) task.retry_delay = *settings.retry_delay;
  if (settings.execution_timeout) task.execution_timeout = settings.execution_timeout;
  if (settings.size) task.pool_slots = *settings.size;
  for (const auto& [name, value] : settings.env) task.env[name] = value;
  if (settings.connections) task.connections = settings.connections;
  if (settings.variables) task.variables = settings.variables;
  if (settings.resources)
    task.resources = merged(task.resources.value_or(ResourceSpec{}), *settings.resources);
  for (const auto& member : settings.execution) task.execution[member.key()] = member.value();
}

void apply_owner(const std::string& owner, DagSpec& dag) {
  const bool by_default =
      dag.owners.empty() || (dag.owners.size() == 1 && dag.owners[0] == kOwnerDefault);
  if (!by_default) return;
  dag.owners = {owner};
  for (TaskSpec& task : dag.tasks) {
    if (task.owner == kOwnerDefault) task.owner = owner;
  }
}

}  // namespace

Status apply_leoflow_yaml(const LeoflowYaml& yaml, std::string_view name, DagSpec& dag) {
  for (TaskSpec& task : dag.tasks) apply_defaults(yaml.defaults, task);
  for (const auto& [task_id, settings] : yaml.tasks) {
    const auto found = dag.index_of(task_id);
    if (!found) return unknown_task(name, task_id, settings.line, dag);
    apply_task(settings, dag.tasks[*found]);
  }
  if (yaml.description) dag.description = yaml.description;
  if (yaml.owner) apply_owner(*yaml.owner, dag);
  if (yaml.tags) {
    const std::set<std::string> tags(yaml.tags->begin(), yaml.tags->end());
    dag.tags.assign(tags.begin(), tags.end());
  }
  if (yaml.staging) dag.staging = *yaml.staging;
  dag.start_ahead = yaml.start_ahead;
  if (yaml.connections) dag.connections = yaml.connections;
  if (yaml.variables) dag.variables = yaml.variables;
  dag.preload = yaml.preload;
  dag.deploy = yaml.deploy;
  dag.warnings.insert(dag.warnings.end(), yaml.warnings.begin(), yaml.warnings.end());
  return {};
}

}  // namespace leoflow
