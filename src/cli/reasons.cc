// SPDX-License-Identifier: Apache-2.0
#include "cli/reasons.h"

#include "cli/format.h"

namespace leoflow::cli {
namespace {

constexpr size_t kLinesMax = 5;  // of what_holds()

struct Group {
  std::string first;
  size_t count = 0;
};

}  // namespace

Result<Reasons> load_reasons(ApiClient& api, const std::string& dag_id, const std::string& run_id) {
  auto answer = api.get_object(own_path({"dags", dag_id, "dagRuns", run_id, "reasons"}));
  if (!answer) return fail(answer);
  Reasons reasons;
  const json::array* rows = json::array_or_null(*answer, "reasons");
  if (!rows) return reasons;
  for (const json::value& row : *rows) {
    if (row.is_object())
      reasons[task_label(row.get_object())] = json::string_or(row.get_object(), "reason");
  }
  return reasons;
}

Status add_reasons(ApiClient& api, RunView& view) {
  Reasons reasons;
  if (!run_is_over(json::string_or(view.run, "state"))) {
    auto loaded = load_reasons(api, json::string_or(view.run, "dag_id"),
                               json::string_or(view.run, "dag_run_id"));
    if (!loaded) return fail(loaded);
    reasons = std::move(*loaded);
  }
  for (json::value& row : view.tasks) {
    json::object& task = row.as_object();
    auto found = reasons.find(task_label(task));
    std::string text =
        found != reasons.end() ? found->second : json::string_or(task, "state_reason");
    task["reason"] = text.empty() ? json::value() : json::value(text);
  }
  return {};
}

std::vector<std::string> what_holds(const Reasons& reasons,
                                    const std::map<std::string, std::string>& states) {
  std::map<std::string, Group> held, waiting;  // by text
  for (const auto& [label, text] : reasons) {
    auto state = states.find(label);
    bool begun = state != states.end() && !state->second.empty();
    Group& group = (begun ? held : waiting)[text];
    if (group.count++ == 0) group.first = label;
  }
  std::vector<std::string> lines;
  for (const auto& [text, group] : held.empty() ? waiting : held) {
    if (lines.size() == kLinesMax) break;
    std::string more = group.count > 1 ? " and " + std::to_string(group.count - 1) + " more" : "";
    lines.push_back(printable(group.first) + more + " * " + printable(text));
  }
  return lines;
}

}  // namespace leoflow::cli
