// SPDX-License-Identifier: Apache-2.0
#include "api/run_wait.h"

#include <algorithm>

#include "api/lookup.h"
#include "base/log.h"

namespace leoflow::api {
namespace {

constexpr std::string_view kResultKey = "return_value";

bool ended(RunState state) { return state == RunState::success || state == RunState::failed; }

}  // namespace

void RunWait::start(std::function<void()> wake) {
  subscription_ =
      services_.engine.subscribe([dag_id = wanted_.dag_id, run_id = wanted_.run_id,
                                  wake = std::move(wake)](const std::vector<Change>& changes) {
        bool ours = std::ranges::any_of(changes, [&](const Change& change) {
          return change.kind == Change::Kind::run && change.dag_id == dag_id &&
                 change.run_id == run_id;
        });
        if (ours) wake();
      });
}

Status RunWait::write_result(json::Writer& w, const DagRun& run, const std::string& task_id) const {
  XComQuery query{.dag_id = run.dag_id, .run_id = run.run_id, .task_id = task_id};
  query.key = kResultKey;
  query.page = {.limit = kPageLimitMax, .order = {{.column = "map_index"}}};
  auto found = services_.store.xcoms().list(query);
  if (!found) return fail(found);
  bool mapped = std::ranges::any_of(
      found->rows, [](const XComRow& row) { return row.xcom.map_index != kUnmapped; });
  if (found->rows.empty()) w.null();
  if (mapped) w.begin_array();
  for (const XComRow& row : found->rows) {
    auto xcom = services_.store.xcoms().get(run.key, task_id, row.xcom.map_index, row.xcom.key);
    if (!xcom) return fail(xcom);
    auto text = *xcom ? xcom_text(**xcom) : Result<std::string>("null");
    w.raw(text ? *text : "null");
  }
  if (mapped) w.end_array();
  return {};
}

Status RunWait::write_line(const DagRun& run, std::string& out) {
  json::Writer w;
  w.begin_object().member("state", to_string(run.state));
  if (ended(run.state) && !wanted_.tasks.empty()) {
    w.key("results").begin_object();
    for (const std::string& task_id : wanted_.tasks) {
      w.key(task_id);
      if (auto status = write_result(w, run, task_id); !status) return fail(status);
    }
    w.end_object();
  }
  w.end_object();
  out += w.take() + "\n";
  told_ = run.state;
  told_at_ = services_.clock.now();
  return {};
}

StreamSource::Next RunWait::pull(std::string& out) {
  auto run = services_.store.runs().get_run(wanted_.dag_id, wanted_.run_id);
  if (!run) return Next::wait;  // the store is busy: asked again soon
  if (!*run) return Next::end;
  bool due = services_.clock.now() - told_at_ >= wanted_.interval;
  if (told_ == (*run)->state && !due) return Next::wait;
  if (auto status = write_line(**run, out); !status) {
    log::warning("cannot tell the results of a run: " + status.error().message(),
                 {{"dag_id", wanted_.dag_id}, {"run_id", wanted_.run_id}});
    return Next::end;
  }
  return ended((*run)->state) ? Next::end : Next::wait;
}

}  // namespace leoflow::api
