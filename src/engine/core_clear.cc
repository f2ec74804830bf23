// SPDX-License-Identifier: Apache-2.0
// What people change by hand: clear, mark, delete (Airflow 3's semantics: docs/scheduling.md, "Clear and mark").
#include <algorithm>

#include "engine/core.h"

namespace leoflow {
namespace {

// With a run that starts again come fresh instances of what was deleted.
void add_absent(const ActiveRun& run, std::vector<TaskIndex>& tasks) {
  for (TaskIndex i = 0; i < run.slots.size(); ++i) {
    if (run.slots[i].absent()) tasks.push_back(i);
  }
  std::ranges::sort(tasks);
  tasks.erase(std::ranges::unique(tasks).begin(), tasks.end());
}

bool is_of(const XCom& xcom, RunKey run, const TaskInstanceName& name) {
  return xcom.run == run && xcom.task_id == name.task_id && xcom.map_index == name.map_index;
}

}  // namespace

// The named run, and with past / future the other runs of the DAG before / after its logical date.
Result<std::vector<ActiveRun*>> Core::select_runs(const std::string& dag_id, const std::string& run_id, bool past,
                                                  bool future, std::optional<Time> from, std::optional<Time> to,
                                                  Time now) {
  if (auto known = dag(dag_id); !known) return fail(known);
  std::vector<ActiveRun*> runs;
  if (!run_id.empty()) {
    auto run = find_or_load(dag_id, run_id, now);
    if (!run) return fail(run);
    runs.push_back(*run);
    if (!past && !future) return runs;
    if (!(*run)->row.logical_date) {
      return fail(Code::invalid, "run '" + run_id + "' has no logical date, so it has no past or future runs");
    }
    if (!past) from = (*run)->row.logical_date;
    if (!future) to = (*run)->row.logical_date;
  }
  RunQuery query{.dag_id = dag_id, .page = {.limit = kPageLimitMax, .order = {{"logical_date", false}}}};
  query.logical_date.gte = from;
  query.logical_date.lte = to;
  auto rows = store_.runs().list_runs(query);
  if (!rows) return fail(rows);
  if (rows->total > kPageLimitMax) {
    return fail(Code::exhausted, "more than " + std::to_string(kPageLimitMax) + " runs are selected",
                "narrow the range of dates");
  }
  for (const DagRun& row : rows->rows) {
    if (row.run_id == run_id) continue;
    auto run = find_or_load(dag_id, row.run_id, now);
    if (!run) return fail(run);
    runs.push_back(*run);
  }
  return runs;
}

Result<std::vector<TaskIndex>> Core::select_tasks(const ActiveRun& run, const ClearRequest& request) const {
  std::vector<TaskIndex> tasks;
  const RunPlan& plan = run.version->plan;
  if (request.task_ids.empty()) {
    for (TaskIndex i = 0; i < plan.size(); ++i) tasks.push_back(i);
  }
  for (const auto& [task_id, map_index] : request.task_ids) {
    auto index = run.version->spec->index_of(task_id);
    if (!index) {
      return fail(Code::not_found, "DAG '" + run.row.dag_id + "' has no task '" + task_id + "'");
    }
    if (map_index && run.slots[*index].row.map_index != *map_index) continue;
    tasks.push_back(TaskIndex(*index));
  }
  std::vector<TaskIndex> named = tasks;
  auto add = [&](bool down) {
    auto more = plan.reach(named, down);
    tasks.insert(tasks.end(), more.begin(), more.end());
  };
  if (request.include_downstream) add(true);
  if (request.include_upstream) add(false);
  std::ranges::sort(tasks);
  tasks.erase(std::ranges::unique(tasks).begin(), tasks.end());
  std::erase_if(tasks, [&](TaskIndex task) {
    TaskState state = run.slots[task].row.state;
    if (request.only_running) return state != TaskState::running;
    return request.only_failed && state != TaskState::failed && state != TaskState::upstream_failed;
  });
  return tasks;
}

Result<std::vector<ActiveRun*>> Core::select_cleared(const ClearRequest& request, Time now) {
  auto runs = select_runs(request.dag_id, request.run_id, false, false, request.start_date,
                          request.end_date, now);
  if (!runs) return runs;
  for (const auto& [dag_id, run_id] : request.more_runs) {
    auto more = select_runs(dag_id, run_id, false, false, {}, {}, now);
    if (!more) return more;
    if (std::ranges::find(*runs, more->front()) == runs->end()) runs->push_back(more->front());
  }
  return runs;
}

// What may fail comes before the first change: a step that was refused has changed nothing.
Result<std::vector<Touched>> Core::clear(const ClearRequest& request, Time now) {
  if (!request.run_id.empty() && (request.include_past || request.include_future) && !request.start_date &&
      !request.end_date) {
    return fail(Code::invalid, "a single run cannot be cleared with its past or future",
                "name a range of dates instead of a run");
  }
  auto runs = select_cleared(request, now);
  if (!runs) return fail(runs);
  if (request.only_new) return clear_new_tasks(*runs, request, now);
  std::vector<Touched> touched;
  std::vector<std::pair<ActiveRun*, std::vector<TaskIndex>>> chosen;
  for (ActiveRun* run : *runs) {
    auto tasks = select_tasks(*run, request);
    if (!tasks) return fail(tasks);
    if (tasks->empty()) continue;
    if (is_finished(run->row.state) && request.reset_dag_runs) add_absent(*run, *tasks);
    for (TaskIndex task : *tasks) {
      const TaskInstance& row = run->slots[task].row;
      if (request.prevent_running_task && row.state == TaskState::running) {
        return fail(Code::conflict, "task '" + row.task_id + "' of run '" + run->row.run_id + "' is running");
      }
      touched.push_back({run->row, row});
    }
    chosen.emplace_back(run, std::move(*tasks));
  }
  if (request.dry_run) return touched;
  auto current_of = [&](const ActiveRun& run) { return dags_.at(run.row.dag_id).current; };
  for (auto& [run, tasks] : chosen) {
    if (!request.run_on_latest_version || run->version->id == current_of(*run)->id) continue;
    if (auto may = check_rebind(*run); !may) return fail(may);
  }
  size_t at = 0;
  for (auto& [run, tasks] : chosen) {
    std::vector<std::string> names;
    for (TaskIndex task : tasks) names.push_back(run->slots[task].row.task_id);
    if (request.run_on_latest_version) rebind(*run, current_of(*run));
    for (const std::string& name : names) {
      auto task = run->version->spec->index_of(name);
      if (task) {
        clear_slot(*run, TaskIndex(*task), now);
        if (request.note) run->slots[*task].row.note = *request.note;
        touched[at] = {run->row, run->slots[*task].row};
      }
      ++at;
    }
    if (is_finished(run->row.state) && request.reset_dag_runs) reopen(*run, now);
    if (run->row.state == RunState::running) {
      std::vector<TaskIndex> all;
      for (TaskIndex i = TaskIndex(run->slots.size()); i-- > 0;) all.push_back(i);
      evaluate_from(*run, std::move(all), now);
    }
  }
  return touched;
}

// The tasks of a version that the run has no instance of.
std::vector<TaskIndex> Core::new_tasks(const ActiveRun& run, const PlannedVersion& version) const {
  std::vector<TaskIndex> added;
  for (TaskIndex i = 0; i < version.spec->tasks.size(); ++i) {
    auto own = run.version->spec->index_of(version.spec->tasks[i].task_id);
    if (!own || run.slots[*own].absent()) added.push_back(i);
  }
  return added;
}

// Instances for tasks of the DAG's current version that the runs have none of.
Result<std::vector<Touched>> Core::clear_new_tasks(const std::vector<ActiveRun*>& runs,
                                                   const ClearRequest& request, Time now) {
  auto current_of = [&](const ActiveRun& run) { return dags_.at(run.row.dag_id).current; };
  for (const ActiveRun* run : runs) {
    auto current = current_of(*run);
    if (request.dry_run || run->version->id == current->id || new_tasks(*run, *current).empty())
      continue;
    if (auto may = check_rebind(*run); !may) return fail(may);
  }
  std::vector<Touched> touched;
  for (ActiveRun* run : runs) {
    auto current = current_of(*run);
    std::vector<TaskIndex> added = new_tasks(*run, *current);
    if (!request.dry_run && !added.empty()) {
      rebind(*run, current);
      restore_slots(*run);
      for (TaskIndex task : added) {
        if (request.note) run->slots[task].row.note = *request.note;
        touch(*run, task);
      }
      if (is_finished(run->row.state)) reopen(*run, now);
      if (run->row.state == RunState::running) evaluate_from(*run, added, now);
    }
    for (TaskIndex task : added) {
      const TaskSpec& spec = current->spec->tasks[task];
      touched.push_back(
          {run->row, request.dry_run ? fresh_row(run->row.key, spec) : run->slots[task].row});
    }
  }
  return touched;
}

void Core::clear_slot(ActiveRun& run, TaskIndex task, Time now) {
  TaskSlot& slot = run.slots[task];
  if (slot.absent()) add_slot(run, task);
  TaskInstance& row = slot.row;
  const TaskSpec& spec = run.version->spec->tasks[task];
  auto attempt = attempts_.find(row.attempt);
  bool open = attempt != attempts_.end() && !is_finished(attempt->second.row.state);
  if (open) {
    // The old place must be gone before a new one may start: the instance restarts when its attempt has ended.
    cancel_open(slot, CancelReason::cleared);
    set_state(run, task, TaskState::restarting, now);
  } else {
    unready(run, task);
    if (row.state == TaskState::scheduled) {
      --row.try_number;
    } else if (row.state == TaskState::up_for_retry) {
      archive_try(run, slot, TaskState::failed);
    } else if (is_finished(row.state)) {
      archive_try(run, slot, row.state);
    }
    set_state(run, task, TaskState::none, now);
    row.attempt = {};
  }
  row.start_date = row.end_date = row.next_at = row.scheduled_at = row.queued_at = std::nullopt;
  row.reason.clear();
  row.infra_losses = 0;
  row.max_tries = row.try_number + spec.retries;
  slot.cleared = true;
  touch(run, task);
}

// A finished run goes back to the queue and starts when its DAG has room.
void Core::reopen(ActiveRun& run, Time now) {
  DagState& dag = dags_.at(run.row.dag_id);
  RunKey key = run.row.key;
  std::erase(finished_, key);
  restore_slots(run);
  set_run_state(run, RunState::queued);
  run.reopened = true;
  run.row.start_date = run.row.end_date = run.row.last_scheduling_decision = std::nullopt;
  run.row.end_reason.clear();
  run.row.queued_at = now;
  ++run.row.clear_number;
  dag.active.insert(key);
  enqueue(dag, run);
  look_again(dag.row.dag_id, now);
}

Status Core::check_rebind(const ActiveRun& run) const {
  for (const TaskSlot& slot : run.slots) {
    if (!occupies(slot.row.state)) continue;
    return fail(Code::conflict,
                "run '" + run.row.run_id + "' cannot change its version while task '" +
                    slot.row.task_id + "' runs",
                "wait for it or cancel the run first");
  }
  return {};
}

// Moves a run to another version of its DAG: known tasks keep their rows, new ones and those whose
// rows were deleted get fresh ones, vanished ones are marked removed. Requires: check_rebind.
void Core::rebind(ActiveRun& run, std::shared_ptr<const PlannedVersion> version) {
  if (run.version->id == version->id) return;
  for (TaskIndex i = 0; i < run.slots.size(); ++i) unready(run, i);
  unexpect_all(run);
  std::vector<TaskSlot> old = std::exchange(run.slots, {});
  std::vector<TaskInstance> gone = std::exchange(run.removed, {});
  run.version = std::move(version);
  run.row.version = run.version->id;
  touch(run);
  const DagSpec& spec = *run.version->spec;
  run.slots.resize(spec.tasks.size());
  std::vector<bool> filled(spec.tasks.size());
  for (TaskSlot& slot : old) {
    if (slot.absent()) continue;
    slots_.erase(slot.row.key);
    auto task = spec.index_of(slot.row.task_id);
    if (!task) {
      slot.row.state = TaskState::removed;
      ++slot.row.version_stamp;
      step_.batch.task_instances_updated.push_back(slot.row);
      run.removed.push_back(std::move(slot.row));
      continue;
    }
    slots_[slot.row.key] = {run.row.key, TaskIndex(*task)};
    const TaskSpec& task_spec = spec.tasks[*task];
    slot.row.operator_name = task_spec.operator_name;
    slot.row.pool = task_spec.pool, slot.row.pool_slots = task_spec.pool_slots;
    slot.row.queue = task_spec.queue, slot.row.priority_weight = task_spec.effective_weight;
    slot.dirty = false;
    run.slots[*task] = std::move(slot);
    filled[*task] = true;
    touch(run, TaskIndex(*task));
  }
  for (TaskInstance& row : gone) {
    auto task = spec.index_of(row.task_id);
    if (!task || filled[*task]) {
      run.removed.push_back(std::move(row));
      continue;
    }
    TaskSlot& slot = run.slots[*task];
    slot.committed = row.state, slot.stored = true;
    row.state = TaskState::none;
    slots_[row.key] = {run.row.key, TaskIndex(*task)};
    slot.row = std::move(row);
    filled[*task] = true;
    touch(run, TaskIndex(*task));
  }
  for (TaskIndex i = 0; i < run.slots.size(); ++i) {
    if (!filled[i]) add_slot(run, i);
  }
  recount(run);
}

Result<std::vector<Touched>> Core::mark_task(const MarkTaskRequest& request, Time now) {
  const TaskInstanceName& name = request.name;
  auto runs = select_runs(name.dag_id, name.run_id, request.include_past, request.include_future, {}, {}, now);
  if (!runs) return fail(runs);
  std::vector<Touched> touched;
  for (ActiveRun* run : *runs) {
    ClearRequest selection{.task_ids = {{name.task_id, std::nullopt}}, .only_failed = false,
                           .include_upstream = request.include_upstream,
                           .include_downstream = request.include_downstream};
    for (const std::string& id : request.more_tasks)
      selection.task_ids.emplace_back(id, std::nullopt);
    auto tasks = select_tasks(*run, selection);
    if (!tasks) return fail(tasks);
    std::erase_if(*tasks, [&](TaskIndex task) { return run->slots[task].absent(); });
    bool single = runs->size() == 1 && tasks->size() == 1;
    if (single && request.state && run->slots[tasks->front()].row.state == *request.state) {
      return fail(Code::conflict, "task '" + name.task_id + "' of run '" + name.run_id + "' is " +
                                      std::string(to_string(*request.state)) + " already");
    }
    for (TaskIndex task : *tasks) {
      TaskSlot& slot = run->slots[task];
      if (!request.dry_run && request.note) {
        slot.row.note = *request.note;
        touch(*run, task);
      }
      if (!request.dry_run && request.state && slot.row.state != *request.state) mark_slot(*run, task, *request.state, now);
      touched.push_back({run->row, slot.row});
    }
    if (request.dry_run || !request.state) continue;
    bool resume = false;
    for (TaskIndex task : run->version->plan.reach(*tasks, true)) {
      TaskState state = run->slots[task].row.state;
      bool blocked = state == TaskState::failed || state == TaskState::upstream_failed;
      if (*request.state == TaskState::skipped || !blocked) continue;
      clear_slot(*run, task, now);
      resume = true;
    }
    if (resume && is_finished(run->row.state)) reopen(*run, now);
    if (run->row.state == RunState::running) {
      auto next = run->version->plan.reach(*tasks, true);
      evaluate_from(*run, {next.rbegin(), next.rend()}, now);
    }
    if (run->version->plan.looks_at_past()) recheck_past(run->row.dag_id, now);
  }
  return touched;
}

void Core::mark_slot(ActiveRun& run, TaskIndex task, TaskState state, Time now) {
  TaskSlot& slot = run.slots[task];
  unready(run, task);
  cancel_open(slot, CancelReason::marked);
  if (!slot.row.start_date) slot.row.start_date = now;
  slot.row.end_date = now;
  slot.row.next_at = std::nullopt;
  slot.row.reason = "marked " + std::string(to_string(state)) + " by hand";
  set_state(run, task, state, now);
}

Result<DagRun> Core::mark_run(const MarkRunRequest& request, Time now) {
  if (auto known = dag(request.dag_id); !known) return fail(known);
  auto found = find_or_load(request.dag_id, request.run_id, now);
  if (!found) return fail(found);
  ActiveRun& run = **found;
  if (request.note) {
    run.row.note = *request.note;
    touch(run);
  }
  if (!request.state || *request.state == run.row.state) return run.row;
  if (*request.state == RunState::queued) {
    if (is_finished(run.row.state)) reopen(run, now);
    return run.row;
  }
  if (*request.state == RunState::running) {
    return fail(Code::invalid, "a run cannot be marked running", "mark it queued, success or failed");
  }
  for (TaskIndex i = 0; i < run.slots.size(); ++i) {
    TaskState state = run.slots[i].row.state;
    if (is_finished(state) || run.slots[i].absent()) continue;
    bool success = *request.state == RunState::success;
    bool was_running = state == TaskState::running;
    mark_slot(run, i, success ? TaskState::success : was_running ? TaskState::failed : TaskState::skipped, now);
  }
  if (!is_finished(run.row.state)) {
    finish_run(run, *request.state, "marked", now);
    return run.row;
  }
  set_run_state(run, *request.state);
  run.row.end_reason = "marked";
  if (*request.state == RunState::success) free_staging(run, "run_succeeded", now);
  return run.row;
}

Result<bool> Core::delete_run(const std::string& dag_id, const std::string& run_id, Time now) {
  if (auto known = dag(dag_id); !known) return fail(known);
  auto found = find_or_load(dag_id, run_id, now);
  if (!found) return fail(found);
  DagRun row = (*found)->row;
  bool stored = (*found)->stored;
  drop_run(row.key);
  std::erase(finished_, row.key);
  if (stored) step_.batch.runs_deleted.push_back(row.key);
  step_.effects.changes.push_back({.kind = Change::Kind::run, .dag_id = dag_id, .run_id = run_id, .deleted = true});
  step_.effects.runs_deleted.push_back(std::move(row));
  look_again(dag_id, now);
  return true;
}

Result<bool> Core::delete_task(const TaskInstanceName& name, Time now) {
  if (auto known = dag(name.dag_id); !known) return fail(known);
  auto found = find_or_load(name.dag_id, name.run_id, now);
  if (!found) return fail(found);
  ActiveRun& run = **found;
  auto named = [&](const TaskInstance& row) {
    return row.key.value != 0 && row.task_id == name.task_id && row.map_index == name.map_index;
  };
  auto slot = std::ranges::find_if(run.slots, named, &TaskSlot::row);
  auto removed = std::ranges::find_if(run.removed, named);
  bool in_version = slot != run.slots.end();
  if (!in_version && removed == run.removed.end()) {
    return fail(Code::not_found,
                "run '" + name.run_id + "' has no instance of task '" + name.task_id + "'");
  }
  if (!is_finished(run.row.state)) {
    return fail(Code::conflict,
                "run '" + name.run_id + "' is " + std::string(to_string(run.row.state)) +
                    ": its task instances cannot be deleted",
                "wait for its end, or mark it failed first");
  }
  TaskInstanceKey key = in_version ? slot->row.key : removed->key;
  for (auto& [id, attempt] : attempts_) {
    if (attempt.row.task_instance != key) continue;
    if (!is_finished(attempt.row.state)) {
      return fail(Code::conflict, "the last attempt of task '" + name.task_id + "' is still ending",
                  "try again soon");
    }
    dirty_attempts_.erase(id);
  }
  if (auto told = forget_files(run, name, key); !told) return fail(told);
  Batch& batch = step_.batch;
  batch.task_instances_deleted.push_back(key);
  std::erase_if(batch.task_instances_updated,
                [&](const TaskInstance& row) { return row.key == key; });
  std::erase_if(batch.xcoms, [&](const XCom& xcom) { return is_of(xcom, run.row.key, name); });
  slots_.erase(key);
  if (in_version) {
    TaskIndex task = TaskIndex(slot - run.slots.begin());
    set_state(run, task, TaskState::none, now);
    slot->row = fresh_row(run.row.key, run.version->spec->tasks[task]);
    slot->committed = TaskState::none;
    slot->stored = slot->dirty = slot->cleared = false;
  } else {
    run.removed.erase(removed);
  }
  step_.effects.changes.push_back({.kind = Change::Kind::task_instance,
                                   .dag_id = name.dag_id,
                                   .run_id = name.run_id,
                                   .task_id = name.task_id,
                                   .map_index = name.map_index,
                                   .deleted = true,
                                   .version_number = run.version->number});
  return true;
}

// The files of a task instance go after the commit; which they are only its rows tell.
Status Core::forget_files(const ActiveRun& run, const TaskInstanceName& name, TaskInstanceKey key) {
  auto attempts = store_.runs().list_attempts(run.row.key);
  if (!attempts) return fail(attempts);
  TaskDeleted gone{.run = run.row, .name = name};
  for (Attempt& attempt : *attempts) {
    if (attempt.task_instance == key) gone.attempts.push_back(std::move(attempt));
  }
  auto add = [&](const XCom& xcom) {
    if (!xcom.spill_path.empty()) gone.xcom_files.push_back(xcom.spill_path);
  };
  for (const XCom& xcom : step_.batch.xcoms) {  // not committed yet, and not to be
    if (is_of(xcom, run.row.key, name)) add(xcom);
  }
  XComQuery query{.dag_id = name.dag_id,
                  .run_id = name.run_id,
                  .task_id = name.task_id,
                  .map_index = name.map_index,
                  .page = {.limit = kPageLimitMax}};
  for (int64_t total = 1; query.page.offset < total; query.page.offset += kPageLimitMax) {
    auto xcoms = store_.xcoms().list(query);
    if (!xcoms) return fail(xcoms);
    total = xcoms->total;
    for (const XComRow& row : xcoms->rows) add(row.xcom);
  }
  step_.effects.tasks_deleted.push_back(std::move(gone));
  return {};
}

// A deleted instance has a fresh one before its run starts again.
void Core::restore_slots(ActiveRun& run) {
  for (TaskIndex i = 0; i < run.slots.size(); ++i) {
    if (run.slots[i].absent()) add_slot(run, i);
  }
}

}  // namespace leoflow
