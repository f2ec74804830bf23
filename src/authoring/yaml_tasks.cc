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
  reader.list(node, [&](const YamlNode& item) {
    if (item.kind != YamlNode::Kind::map)
      reader.refuse(item.line, reader.path() + " must be a map,");
    maps.push_back(reader.any(item));
  });
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
      node, {
                {"node_selector",
                 [&](const YamlNode& n) { out["node_selector"] = to_json(reader.string_map(n)); }},
                {"tolerations", maps("tolerations")},
                {"service_account", text("service_account")},
                {"image_pull_policy",
                 [&](const YamlNode& n) {
                   out["image_pull_policy"] = reader.choice(n, {"Always", "IfNotPresent", "Never"});
                 }},
                {"priority_class_name", text("priority_class_name")},
                {"termination_grace_period_seconds",
                 [&](const YamlNode& n) {
                   out["termination_grace_period_seconds"] = reader.integer(n, 0, 3600);
                 }},
                {"runtime_class_name", text("runtime_class_name")},
                {"topology_spread_constraints", maps("topology_spread_constraints")},
                {"affinity",
                 [&](const YamlNode& n) {
                   if (n.kind != YamlNode::Kind::map)
                     reader.refuse(n.line, reader.path() + " must be a map,");
                   out["affinity"] = reader.any(n);
                 }},
                {"resource_claims", maps("resource_claims")},
                {"labels", marks("labels")},
                {"annotations", marks("annotations")},
            });
  return out;
}

struct Amounts {
  std::string cpu, memory, ephemeral_storage;
};

Amounts read_amounts(YamlReader& reader, const YamlNode& node) {
  Amounts amounts;
  reader.map(node,
             {
                 {"cpu", [&](const YamlNode& n) { amounts.cpu = read_cpu(reader, n); }},
                 {"memory", [&](const YamlNode& n) { amounts.memory = read_bytes(reader, n); }},
                 {"ephemeral_storage",
                  [&](const YamlNode& n) { amounts.ephemeral_storage = read_bytes(reader, n); }},
             });
  return amounts;
}

ResourceSpec read_resources(YamlReader& reader, const YamlNode& node) {
  Amounts requests, limits;
  ResourceSpec spec;
  reader.map(node, {
                       {"requests", [&](const YamlNode& n) { requests = read_amounts(reader, n); }},
                       {"limits", [&](const YamlNode& n) { limits = read_amounts(reader, n); }},
                       {"claims", [&](const YamlNode& n) { spec.claims = read_maps(reader, n); }},
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
          {"cpu",
           [&](const YamlNode& n) { spec.cpu_request = spec.cpu_limit = read_cpu(reader, n); }},
          {"memory",
           [&](const YamlNode& n) {
             spec.memory_request = spec.memory_limit = read_bytes(reader, n);
           }},
      });
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
      {"retries",
       [&](const YamlNode& n) {
         into.retries = static_cast<int>(reader.integer(n, 0, kRetriesMax));
       }},
      {"retry_delay_seconds",
       [&reader, &into, seconds](const YamlNode& n) {
         into.retry_delay = seconds(reader.integer(n, 0, kRetryDelaySecondsMax));
       }},
      {"execution_timeout_seconds",
       [&reader, &into, seconds](const YamlNode& n) {
         into.execution_timeout = seconds(reader.integer(n, 1, kExecutionTimeoutSecondsMax));
       }},
      {"size",
       [&](const YamlNode& n) { into.size = static_cast<int>(reader.integer(n, 1, kSizeMax)); }},
  };
}

TaskSettings read_task(YamlReader& reader, const YamlEntry& entry) {
  TaskSettings task;
  task.line = entry.line;
  YamlReader::Keys keys = shared_keys(reader, task);
  keys.push_back({"env", [&](const YamlNode& n) { read_env(reader, n, task); }});
  keys.push_back({"connections", [&](const YamlNode& n) { task.connections = reader.strings(n); }});
  keys.push_back({"variables", [&](const YamlNode& n) { task.variables = reader.strings(n); }});
  keys.push_back(
      {"resources", [&](const YamlNode& n) { task.resources = read_resources(reader, n); }});
  keys.push_back(
      {"execution", [&](const YamlNode& n) { task.execution = read_execution(reader, n); }});
  reader.map(entry.value, keys);
  return task;
}

}  // namespace

void read_defaults(YamlReader& reader, const YamlNode& node, LeoflowYaml& into) {
  YamlReader::Keys keys = shared_keys(reader, into.defaults);
  keys.push_back({"resources", [&](const YamlNode& n) {
                    into.defaults.resources = read_default_resources(reader, n);
                  }});
  keys.push_back({"node_selector", [&](const YamlNode& n) {
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
