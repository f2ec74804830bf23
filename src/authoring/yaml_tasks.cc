// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "authoring/yaml_sections.h"

namespace leoflow::yaml {
namespace {

constexpr std::string_view kReserved = "LEOFLOW_";
constexpr std::string_view kReservedLabel = "leoflow.io/";

bool valid_variable_name(std::string_view name) {
  auto good = [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); };
  return !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) &&
         std::ranges::all_of(name, good);
}

void read_env(YamlReader& reader, const YamlNode& node, TaskSettings& into) {
  into.env = reader.string_map(node);
  for (const auto& [name, value] : into.env) {
    if (!valid_variable_name(name)) {
      reader.refuse(node.line,
                    reader.path() + ": '" + name + "' is not a name of an environment variable");
    } else if (name.starts_with(kReserved)) {
      reader.refuse(node.line, reader.path() + ": '" + name + "' is reserved",
                    "names must not begin with LEOFLOW_");
    }
  }
}

// Labels or annotations of a pod; ours cannot be set.
json::object read_marks(YamlReader& reader, const YamlNode& node) {
  const auto marks = reader.string_map(node);
  for (const auto& [name, value] : marks) {
    if (name.starts_with(kReservedLabel)) {
      reader.refuse(node.line, reader.path() + ": '" + name + "' is reserved",
                    "names must not begin with leoflow.io/");
    }
  }
  return to_json(marks);
}

json::array read_maps(YamlReader& reader, const YamlNode& node) {
  json::array maps;
  reader.list(node, [&](const YamlNode& item) { maps.push_back(reader.any_map(item)); });
  return maps;
}

json::object read_execution(YamlReader& reader, const YamlNode& node) {
  json::object out;
  auto text = [&](const char* key) {
    return [&, key](const YamlNode& n) { out[key] = reader.string(n); };
  };
  auto maps = [&](const char* key) {
    return [&, key](const YamlNode& n) { out[key] = read_maps(reader, n); };
  };
  auto marks = [&](const char* key) {
    return [&, key](const YamlNode& n) { out[key] = read_marks(reader, n); };
  };
  reader.map(
      node,
      {
          {"node_selector", "Labels that a node must have.",
           [&](const YamlNode& n) { out["node_selector"] = to_json(reader.string_map(n)); }},
          {"tolerations", "Taints of nodes that the pod bears.", maps("tolerations")},
          {"service_account", "Service account of the pod.", text("service_account")},
          {"image_pull_policy", "When the image is pulled.",
           [&](const YamlNode& n) {
             out["image_pull_policy"] = reader.choice(n, {"Always", "IfNotPresent", "Never"});
           }},
          {"priority_class_name", "Priority class of the pod.", text("priority_class_name")},
          {"termination_grace_period_seconds",
           "Time between the polite and the hard end of the pod.",
           [&](const YamlNode& n) {
             out["termination_grace_period_seconds"] = reader.integer(n, 0, 3600);
           }},
          {"runtime_class_name", "Container runtime of the pod.", text("runtime_class_name")},
          {"topology_spread_constraints", "How pods are spread over zones and nodes.",
           maps("topology_spread_constraints")},
          {"affinity", "Rules of affinity, as Kubernetes takes them.",
           [&](const YamlNode& n) { out["affinity"] = reader.any_map(n); }},
          {"resource_claims", "Claims of dynamic resources.", maps("resource_claims")},
          {"labels", "Labels of the pod; names must not begin with leoflow.io/.", marks("labels")},
          {"annotations", "Annotations of the pod; names must not begin with leoflow.io/.",
           marks("annotations")},
      });
  return out;
}

struct Amounts {
  std::string cpu, memory, ephemeral_storage;
};

Amounts read_amounts(YamlReader& reader, const YamlNode& node) {
  Amounts amounts;
  reader.map(
      node,
      {
          {"cpu", "Number of CPUs.", [&](const YamlNode& n) { amounts.cpu = read_cpu(reader, n); }},
          {"memory", "Size of memory.",
           [&](const YamlNode& n) { amounts.memory = read_bytes(reader, n); }},
          {"ephemeral_storage", "Size of the container's own disk.",
           [&](const YamlNode& n) { amounts.ephemeral_storage = read_bytes(reader, n); }},
      });
  return amounts;
}

ResourceSpec read_resources(YamlReader& reader, const YamlNode& node) {
  Amounts requests, limits;
  ResourceSpec spec;
  reader.map(
      node, {
                {"requests", "What is set aside for the task.",
                 [&](const YamlNode& n) { requests = read_amounts(reader, n); }},
                {"limits", "What the task may use; the memory limit is enforced on every executor.",
                 [&](const YamlNode& n) { limits = read_amounts(reader, n); }},
                {"claims", "Resource claims of the container. Kubernetes only.",
                 [&](const YamlNode& n) { spec.claims = read_maps(reader, n); }},
            });
  spec.cpu_request = requests.cpu;
  spec.memory_request = requests.memory;
  spec.ephemeral_storage_request = requests.ephemeral_storage;
  spec.cpu_limit = limits.cpu;
  spec.memory_limit = limits.memory;
  spec.ephemeral_storage_limit = limits.ephemeral_storage;
  if (!limits.memory.empty()) spec.memory_limit_bytes = bytes_of(limits.memory);
  if (!limits.memory.empty() && !requests.memory.empty() &&
      bytes_of(requests.memory) > bytes_of(limits.memory)) {
    reader.refuse(node.line, reader.path() + ": the memory request is larger than the limit");
  }
  return spec;
}

// defaults.resources: one number each, request and limit alike.
ResourceSpec read_default_resources(YamlReader& reader, const YamlNode& node) {
  ResourceSpec spec;
  reader.map(
      node,
      {
          {"cpu", "Number of CPUs, request and limit alike.",
           [&](const YamlNode& n) { spec.cpu_request = spec.cpu_limit = read_cpu(reader, n); }},
          {"memory", "Size of memory, request and limit alike; enforced on every executor.",
           [&](const YamlNode& n) {
             spec.memory_request = spec.memory_limit = read_bytes(reader, n);
           }},
      });
  reader.describe("required", json::array{"cpu", "memory"});
  if (spec.cpu_limit.empty() || spec.memory_limit.empty()) {
    reader.refuse(node.line, reader.path() + " needs both 'cpu' and 'memory'");
  }
  spec.memory_limit_bytes = bytes_of(spec.memory_limit);
  return spec;
}

// The keys that defaults: and tasks.<id>: share.
YamlReader::Keys shared_keys(YamlReader& reader, TaskSettings& into) {
  auto seconds = [&](int64_t number) { return std::chrono::seconds(number); };
  return {
      {"retries", "Tries after the first one.",
       [&](const YamlNode& n) {
         into.retries = static_cast<int>(reader.integer(n, 0, kRetriesMax));
       }},
      {"retry_delay_seconds", "Time between the end of a failed try and the next one.",
       [&reader, &into, seconds](const YamlNode& n) {
         into.retry_delay = seconds(reader.integer(n, 0, kRetryDelaySecondsMax));
       }},
      {"execution_timeout_seconds", "How long a try may take.",
       [&reader, &into, seconds](const YamlNode& n) {
         into.execution_timeout = seconds(reader.integer(n, 1, kExecutionTimeoutSecondsMax));
       }},
      {"size", "Slots of its pool that a task takes.",
       [&](const YamlNode& n) { into.size = static_cast<int>(reader.integer(n, 1, kSizeMax)); }},
  };
}

TaskSettings read_task(YamlReader& reader, const YamlEntry& entry) {
  TaskSettings task;
  task.line = entry.line;
  YamlReader::Keys keys = shared_keys(reader, task);
  keys.push_back({"env", "Environment variables; names must not begin with LEOFLOW_.",
                  [&](const YamlNode& n) { read_env(reader, n, task); }});
  keys.push_back({"connections", "Connections that this task may see.",
                  [&](const YamlNode& n) { task.connections = reader.strings(n); }});
  keys.push_back({"variables", "Variables that this task may see.",
                  [&](const YamlNode& n) { task.variables = reader.strings(n); }});
  keys.push_back({"resources", "What this task needs and may use; merged over defaults.resources.",
                  [&](const YamlNode& n) { task.resources = read_resources(reader, n); }});
  keys.push_back({"execution", "Where this task runs. Kubernetes only.",
                  [&](const YamlNode& n) { task.execution = read_execution(reader, n); }});
  reader.map(entry.value, keys);
  return task;
}

}  // namespace

void read_defaults(YamlReader& reader, const YamlNode& node, LeoflowYaml& into) {
  YamlReader::Keys keys = shared_keys(reader, into.defaults);
  keys.push_back({"resources", "What a task needs and may use.", [&](const YamlNode& n) {
                    into.defaults.resources = read_default_resources(reader, n);
                  }});
  keys.push_back(
      {"node_selector", "Labels that a node must have. Kubernetes only.", [&](const YamlNode& n) {
         into.defaults.execution["node_selector"] = to_json(reader.string_map(n));
       }});
  reader.map(node, keys);
}

void read_tasks(YamlReader& reader, const YamlNode& node, LeoflowYaml& into) {
  if (node.entries.size() > kYamlTasksMax) {
    return reader.refuse(node.line,
                         "tasks names more than " + std::to_string(kYamlTasksMax) + " tasks");
  }
  reader.each(node,
              [&](const YamlEntry& entry) { into.tasks[entry.key] = read_task(reader, entry); });
}

}  // namespace leoflow::yaml
