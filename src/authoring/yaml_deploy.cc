// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "authoring/nearest.h"
#include "authoring/yaml_sections.h"

namespace leoflow::yaml {
namespace {

constexpr std::array<std::string_view, 5> kPlaceholders{"dag", "run_id", "logical_date", "task",
                                                        "tasks"};

// Refuses {{name}} with an unknown name: it would otherwise show up in the alert as it stands.
void check_placeholders(YamlReader& reader, const YamlNode& node, std::string_view text) {
  for (size_t open = text.find("{{"); open != std::string_view::npos;
       open = text.find("{{", open + 2)) {
    const size_t close = text.find("}}", open);
    if (close == std::string_view::npos)
      return reader.refuse(node.line, reader.path() + ": '{{' without '}}'");
    std::string_view name = text.substr(open + 2, close - open - 2);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (std::ranges::find(kPlaceholders, name) != kPlaceholders.end()) continue;
    reader.refuse(
        node.line, reader.path() + ": unknown placeholder '{{" + std::string(name) + "}}'",
        did_you_mean(name, kPlaceholders, "known: dag, run_id, logical_date, task, tasks"));
  }
}

json::object read_alert(YamlReader& reader, const YamlNode& node) {
  json::object alert;
  reader.map(
      node,
      {
          {"type", "Kind of the receiver.",
           [&](const YamlNode& n) { alert["type"] = reader.choice(n, {"slack", "webhook"}); }},
          {"conn", "Id of the connection that holds its address.",
           [&](const YamlNode& n) { alert["conn"] = reader.string(n); }},
          {"message",
           "Text; {{dag}}, {{run_id}}, {{logical_date}}, {{task}} and {{tasks}} are filled in.",
           [&](const YamlNode& n) {
             const std::string text = reader.string(n);
             check_placeholders(reader, n, text);
             alert["message"] = text;
           }},
      });
  reader.describe("required", json::array{"type", "conn"});
  for (std::string_view needed : {"type", "conn"}) {
    if (!alert.contains(needed)) {
      reader.refuse(node.line, reader.path() + " lacks '" + std::string(needed) + "'");
    }
  }
  return alert;
}

std::string read_platform(YamlReader& reader, const YamlNode& node) {
  const std::string text = read_line(reader, node);
  const auto slash = text.find('/');
  const bool shaped = slash != std::string::npos && slash > 0 && slash + 1 < text.size() &&
                      text.find_first_of(" \t,") == std::string::npos;
  if (!shaped)
    reader.refuse(node.line, reader.path() + ": '" + text + "' is not a platform",
                  "such as linux/amd64");
  reader.describe("examples", json::array{"linux/amd64"});
  return text;
}

YamlReader::Keys dbt_keys(YamlReader& reader, json::object& dbt) {
  return {
      {"project", "Folder of the dbt project.",
       [&](const YamlNode& n) { dbt["project"] = read_inner_path(reader, n); }},
      {"granularity", "What becomes a task: each node, each level or each folder.",
       [&](const YamlNode& n) {
         dbt["granularity"] = reader.choice(n, {"node", "level", "folder"});
       }},
      {"manifest", "Compiled manifest, relative to the folder.",
       [&](const YamlNode& n) { dbt["manifest"] = read_inner_path(reader, n); }},
      {"connection", "Connection that dbt uses.",
       [&](const YamlNode& n) { dbt["connection"] = reader.string(n); }},
      {"schema", "Schema that dbt writes to.",
       [&](const YamlNode& n) { dbt["schema"] = reader.string(n); }},
  };
}

void require_project(YamlReader& reader, const YamlNode& node, const json::object& dbt) {
  reader.describe("required", json::array{"project"});
  if (!dbt.contains("project")) reader.refuse(node.line, reader.path() + " lacks 'project'");
}

}  // namespace

json::object read_build(YamlReader& reader, const YamlNode& node) {
  json::object build;
  reader.map(node,
             {
                 {"dockerfile", "Container file of your own.",
                  [&](const YamlNode& n) { build["dockerfile"] = read_inner_path(reader, n); }},
                 {"context", "Folder that the build sees.",
                  [&](const YamlNode& n) { build["context"] = read_inner_path(reader, n); }},
                 {"platforms", "Platforms to build for.",
                  [&](const YamlNode& n) {
                    json::array platforms;
                    reader.list(n, [&](const YamlNode& item) {
                      platforms.emplace_back(read_platform(reader, item));
                    });
                    build["platforms"] = std::move(platforms);
                  }},
                 {"labels", "Labels of the image.",
                  [&](const YamlNode& n) {
                    json::object labels;
                    reader.each(n, [&](const YamlEntry& entry) {
                      labels[entry.key] = read_line(reader, entry.value);
                    });
                    build["labels"] = std::move(labels);
                  }},
             });
  return build;
}

json::object read_registry(YamlReader& reader, const YamlNode& node) {
  json::object registry;
  reader.map(
      node, {
                {"url", "Address of the registry; with http:// before it where plain HTTP will do.",
                 [&](const YamlNode& n) { registry["url"] = read_line(reader, n); }},
                {"auth_method", "Where its credentials come from.",
                 [&](const YamlNode& n) {
                   registry["auth_method"] = reader.choice(n, {"docker_config", "env", "iam"});
                 }},
                {"image_name", "Name of the image in the registry.",
                 [&](const YamlNode& n) { registry["image_name"] = read_line(reader, n); }},
                {"tag_strategy", "What the image's tag is made from.",
                 [&](const YamlNode& n) {
                   registry["tag_strategy"] =
                       reader.choice(n, {"version", "git_sha", "git_tag", "custom"});
                 }},
            });
  return registry;
}

json::object read_alerts(YamlReader& reader, const YamlNode& node) {
  json::object alerts;
  reader.map(node, {
                       {"on_failure", "Receivers of a message when a run fails.",
                        [&](const YamlNode& n) {
                          json::array list;
                          reader.list(n, [&](const YamlNode& item) {
                            list.push_back(read_alert(reader, item));
                          });
                          alerts["on_failure"] = std::move(list);
                        }},
                   });
  return alerts;
}

json::object read_dbt(YamlReader& reader, const YamlNode& node) {
  json::object dbt;
  YamlReader::Keys keys = dbt_keys(reader, dbt);
  keys.push_back({"schedule", "Kept for dbt; the DAG's schedule is code.",
                  [&](const YamlNode& n) { dbt["schedule"] = reader.string(n); }});
  reader.map(node, keys);
  require_project(reader, node, dbt);
  return dbt;
}

json::object read_dbt_groups(YamlReader& reader, const YamlNode& node) {
  json::object groups;
  reader.each(node, [&](const YamlEntry& entry) {
    json::object group;
    reader.map(entry.value, dbt_keys(reader, group));
    require_project(reader, entry.value, group);
    groups[entry.key] = std::move(group);
  });
  return groups;
}

}  // namespace leoflow::yaml
