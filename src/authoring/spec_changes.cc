// SPDX-License-Identifier: Apache-2.0
#include "authoring/spec_changes.h"

#include <map>
#include <set>

#include "base/json.h"

namespace leoflow {
namespace {

// Told in their own way, or of no interest to anybody who deploys.
constexpr std::string_view kOtherMembers[] = {"tasks", "params", "dependencies", "warnings",
                                              "schema_version"};

// Canonical: what a version's document leaves out is at its default.
json::object document_of(const DagSpec& spec) {
  auto parsed = json::parse(dump_dag_spec(spec));
  return parsed && parsed->is_object() ? std::move(parsed->get_object()) : json::object();
}

using Named = std::map<std::string, json::value>;

Named tasks_of(const json::object& document) {
  Named tasks;
  const json::array* list = json::array_or_null(document, "tasks");
  for (size_t i = 0; list && i < list->size(); ++i) {
    const json::value& task = (*list)[i];
    if (task.is_object()) tasks[json::string_or(task.get_object(), "task_id")] = task;
  }
  return tasks;
}

Named params_of(const json::object& document) {
  Named params;
  if (const json::object* object = json::object_or_null(document, "params")) {
    for (const auto& member : *object) params[member.key()] = member.value();
  }
  return params;
}

Named dependencies_of(const DagSpec& spec) {
  Named lines;
  for (const std::string& line : spec.dependencies) lines[line] = nullptr;
  return lines;
}

Named settings_of(json::object document) {
  for (std::string_view key : kOtherMembers) document.erase(key);
  Named settings;
  for (const auto& member : document) settings[member.key()] = member.value();
  return settings;
}

// Names of the members in which two objects differ: "retries, trigger_rule".
std::string differing(const json::value& before, const json::value& after) {
  if (!before.is_object() || !after.is_object()) return {};
  std::set<std::string> names;
  auto compare = [&](const json::object& one, const json::object& other) {
    for (const auto& member : one) {
      const json::value* same = other.if_contains(member.key());
      if (!same || *same != member.value()) names.emplace(member.key());
    }
  };
  compare(before.get_object(), after.get_object());
  compare(after.get_object(), before.get_object());
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// What people read of a schedule, else the JSON text.
std::string shown(const json::value& value) {
  if (value.is_object()) {
    std::string summary = json::string_or(value.get_object(), "summary");
    if (!summary.empty()) return summary;
  }
  return value.is_string() ? std::string(value.get_string()) : json::dump(value);
}

void compare(const std::string& what, const Named& before, const Named& after,
             std::vector<SpecChange>& changes) {
  std::set<std::string> names;
  for (const auto& [name, value] : before) names.insert(name);
  for (const auto& [name, value] : after) names.insert(name);
  const bool setting = what == "setting";
  for (const std::string& name : names) {
    const auto was = before.find(name), is = after.find(name);
    const bool had = was != before.end(), has = is != after.end();
    if (had && has && was->second == is->second) continue;
    SpecChange change{.what = what, .name = name};
    change.change = !had ? "added" : has ? "changed" : "removed";
    if (setting && had) change.from = shown(was->second);
    if (setting && has) change.to = shown(is->second);
    if (!setting && had && has) change.to = differing(was->second, is->second);
    if (changes.size() < kSpecChangesMax) changes.push_back(std::move(change));
  }
}

}  // namespace

std::vector<SpecChange> spec_changes(const DagSpec& before, const DagSpec& after) {
  const json::object old_document = document_of(before), new_document = document_of(after);
  std::vector<SpecChange> changes;
  compare("task", tasks_of(old_document), tasks_of(new_document), changes);
  compare("param", params_of(old_document), params_of(new_document), changes);
  compare("dependency", dependencies_of(before), dependencies_of(after), changes);
  compare("setting", settings_of(old_document), settings_of(new_document), changes);
  return changes;
}

}  // namespace leoflow
