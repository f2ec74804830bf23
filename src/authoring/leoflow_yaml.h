// SPDX-License-Identifier: Apache-2.0
// leoflow.yaml: the deploy configuration of the DAG or DAGs beside it (docs/leoflow-yaml.md lists
// every key).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "authoring/yaml_tree.h"
#include "base/json.h"
#include "model/dag_spec.h"

namespace leoflow {

constexpr std::string_view kLeoflowYaml = "leoflow.yaml";
constexpr std::string_view kDagSourceDefault = "dag.py";
constexpr size_t kYamlTasksMax = 5'000;
constexpr int64_t kRetryDelaySecondsMax = 30 * 24 * 3600;
constexpr int64_t kExecutionTimeoutSecondsMax = 30 * 24 * 3600;
constexpr int64_t kSizeMax = 1024;  // pool slots of one task

// What defaults: says for every task, and tasks.<id>: for one.
struct TaskSettings {
  std::optional<int> retries;
  std::optional<Duration> retry_delay;
  std::optional<Duration> execution_timeout;
  std::optional<int> size;  // pool slots
  std::map<std::string, std::string> env;
  std::optional<std::vector<std::string>> connections, variables;
  std::optional<ResourceSpec> resources;
  json::object execution;  // Kubernetes placement
  int line = 0;
};

struct LeoflowYaml {
  std::optional<std::string> dag_id;
  int dag_id_line = 0;
  std::optional<std::string> description, owner, python_version;
  std::optional<std::vector<std::string>> tags;
  std::vector<std::string> dependencies;  // requirement lines, with those `connectors` stands for
  std::vector<std::string> preload;       // module names
  std::optional<std::vector<std::string>> connections, variables;
  std::optional<StagingSpec> staging;
  StartAhead start_ahead = StartAhead::inherit;
  TaskSettings defaults;
  std::map<std::string, TaskSettings> tasks;
  std::string dag_source{kDagSourceDefault};  // relative to the folder
  std::vector<std::string> include_paths;     // below the folder; empty = everything
  std::vector<std::string> exclude_paths;     // globs, added to what is always left out
  json::object deploy;                        // the remaining keys
  std::vector<std::string> warnings;
};

// Reads and checks the text; `name` is how messages call the file. Errors are `invalid` and name
// key and line: "leoflow.yaml: unknown key 'dependancies' at line 7", hint "did you mean
// 'dependencies'?".
Result<LeoflowYaml> parse_leoflow_yaml(std::string_view text, std::string_view name = kLeoflowYaml);

// What parse_leoflow_yaml() accepts, as a JSON schema (draft 2020-12) with a description of every
// key: for editors and for the reference. Some texts are checked more closely than it says (sizes,
// paths, requirement lines).
json::object leoflow_yaml_schema();

// Applies it to one DAG. Precedence for retries, retry_delay and execution_timeout: tasks.<id>,
// then the code, then defaults (a value equal to Airflow's own default counts as not set in code).
// `invalid`: tasks: names a task that the DAG does not have.
Status apply_leoflow_yaml(const LeoflowYaml& yaml, std::string_view name, DagSpec& dag);

}  // namespace leoflow
