// SPDX-License-Identifier: Apache-2.0
// What people change by hand: clear, mark, delete (Airflow 3's semantics: docs/scheduling.md, "Clear and mark").
#include <algorithm>

#include "engine/core.h"

namespace leoflow {
namespace {

// With a run that starts again come fresh instances of what was deleted.
void add_absent(const ActiveRun& run, std::vector<SlotIndex>& slots) {
  for (SlotIndex i = 0; i < run.slots.size(); ++i) {
    if (run.slots[i].absent()) slots.push_back(i);
  }
  std::ranges::sort(slots);
  slots.erase(std::ranges::unique(slots).begin(), slots.end());
}

// Tasks, with the map index of an instance.
using Instance = std::pair<std::string, int>;

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

Result<std::vector<SlotIndex>> Core::select_slots(const ActiveRun& run,
                                                  const ClearRequest& request) const {
  std::vector<SlotIndex> slots;
  if (request.task_ids.empty()) {
    for (SlotIndex i = 0; i < run.slots.size(); ++i) slots.push_back(i);
  }
  for (const auto& [task_id, map_index] : request.task_ids) {
    auto index = run.version->spec->index_of(task_id);
    if (!index) {
      return fail(Code::not_found, "DAG '" + run.row.dag_id + "' has no task '" + task_id + "'");
    }
    each_instance(run, TaskIndex(*index), [&](SlotIndex at) {
      if (!map_index || run.slots[at].row.map_index == *map_index) slots.push_back(at);
    });
  }
  std::vector<SlotIndex> named = slots;
  auto add = [&](bool down) {
    auto more = reach(run, named, down);
    slots.insert(slots.end(), more.begin(), more.end());
  };
  if (request.include_downstream) add(true);
  if (request.include_upstream) add(false);
  std::ranges::sort(slots);
  slots.erase(std::ranges::unique(slots).begin(), slots.end());
  std::erase_if(slots, [&](SlotIndex at) {
    TaskState state = run.slots[at].row.state;
    if (request.only_running) return state != TaskState::running;
    return request.only_failed && state != TaskState::failed && state != TaskState::upstream_failed;
  });
  return slots;
}

// All instances reachable downstream (or upstream) of the given ones, these excluded, ascending.
// Within a mapped group those with the same map index.
std::vector<SlotIndex> Core::reach(const ActiveRun& run, const std::vector<SlotIndex>& from,
                                   bool down) const {
  std::vector<bool> seen(run.slots.size());
  for (SlotIndex at : from) seen[at] = true;
  std::vector<SlotIndex> stack = from, found;
  auto take = [&](SlotIndex next) {
    if (seen[next]) return;
    seen[next] = true;
    stack.push_back(next);
    found.push_back(next);
  };
  while (!stack.empty()) {
    SlotIndex at = stack.back();
    stack.pop_back();
    if (down) {
      each_downstream(run, at, take);
    } else {
      each_upstream(run, at, take);
    }
  }
  std::ranges::sort(found);
  return found;
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
  std::vector<std::pair<ActiveRun*, std::vector<SlotIndex>>> chosen;
  for (ActiveRun* run : *runs) {
    auto slots = select_slots(*run, request);
    if (!slots) return fail(slots);
    if (slots->empty()) continue;
    if (is_finished(run->row.state) && request.reset_dag_runs) add_absent(*run, *slots);
    for (SlotIndex at : *slots) {
      const TaskInstance& row = run->slots[at].row;
      if (request.prevent_running_task && row.state == TaskState::running) {
        return fail(Code::conflict, "task '" + row.task_id + "' of run '" + run->row.run_id + "' is running");
      }
      touched.push_back({run->row, row});
    }
    chosen.emplace_back(run, std::move(*slots));
  }
  if (request.dry_run) return touched;
  auto current_of = [&](const ActiveRun& run) { return dags_.at(run.row.dag_id).current; };
  for (auto& [run, slots] : chosen) {
    if (!request.run_on_latest_version || run->version->id == current_of(*run)->id) continue;
    if (auto may = check_rebind(*run); !may) return fail(may);
  }
  size_t at = 0;
  for (auto& [run, slots] : chosen) {
    std::vector<Instance> named;  // places change with the version
    for (SlotIndex slot : slots)
      named.emplace_back(run->slots[slot].row.task_id, run->slots[slot].row.map_index);
    if (request.run_on_latest_version) rebind(*run, current_of(*run));
    for (const Instance& one : named) {
      if (auto found = find_slot(*run, one.first, one.second)) {
        clear_slot(*run, *found, now);
        if (request.note) run->slots[*found].row.note = *request.note;
        touched[at] = {run->row, run->slots[*found].row};
      }
      ++at;
    }
    if (is_finished(run->row.state) && request.reset_dag_runs) reopen(*run, now);
    if (run->row.state == RunState::running) {
      std::vector<SlotIndex> all;
      for (SlotIndex i = SlotIndex(run->slots.size()); i-- > 0;) all.push_back(i);
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

// The place of an instance in a run; nothing if the run has none of it.
std::optional<SlotIndex> Core::find_slot(const ActiveRun& run, const std::string& task_id,
                                         int map_index) const {
  auto task = run.version->spec->index_of(task_id);
  if (!task) return std::nullopt;
  std::optional<SlotIndex> found;
  each_instance(run, TaskIndex(*task), [&](SlotIndex at) {
    if (run.slots[at].row.map_index == map_index) found = at;
  });
  return found;
}

void Core::clear_slot(ActiveRun& run, SlotIndex at, Time now) {
  TaskSlot& slot = run.slots[at];
  if (slot.absent()) add_slot(run, at);
  TaskInstance& row = slot.row;
  const TaskSpec& spec = run.spec_of(at);
  auto attempt = attempts_.find(row.attempt);
  bool open = attempt != attempts_.end() && !is_finished(attempt->second.row.state);
  if (open) {
    // The old place must be gone before a new one may start: the instance restarts when its attempt has ended.
    cancel_open(slot, CancelReason::cleared);
    set_state(run, at, TaskState::restarting, now);
  } else {
    unready(run, at);
    if (row.state == TaskState::scheduled) {
      --row.try_number;
    } else if (row.state == TaskState::up_for_retry) {
      archive_try(run, slot, TaskState::failed);
    } else if (is_finished(row.state)) {
      archive_try(run, slot, row.state);
    }
    set_state(run, at, TaskState::none, now);
    row.attempt = {};
  }
  row.start_date = row.end_date = row.next_at = row.scheduled_at = row.queued_at = std::nullopt;
  row.reason.clear();
  row.infra_losses = 0;
  row.max_tries = row.try_number + spec.retries;
  slot.cleared = true;
  touch(run, at);
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
  for (SlotIndex i = 0; i < run.slots.size(); ++i) unready(run, i);
  unexpect_all(run);
  std::vector<TaskSlot> old = std::exchange(run.slots, {});
  std::vector<TaskInstance> gone = std::exchange(run.removed, {});
  run.version = std::move(version);
  run.row.version = run.version->id;
  touch(run);
  start_slots(run);
  for (TaskSlot& slot : old) {
    if (slot.absent()) continue;
    slots_.erase(slot.row.key);
    if (auto at = slot_for(run, slot.row)) {
      slot.task = run.slots[*at].task;
      slot.dirty = false;
      run.slots[*at] = std::move(slot);
      take_settings(run, *at);
      continue;
    }
    slot.row.state = TaskState::removed;
    ++slot.row.version_stamp;
    step_.batch.task_instances_updated.push_back(slot.row);
    run.removed.push_back(std::move(slot.row));
  }
  for (TaskInstance& row : gone) {
    auto at = slot_for(run, row);
    if (!at) {
      run.removed.push_back(std::move(row));
      continue;
    }
    TaskSlot& slot = run.slots[*at];
    slot.committed = row.state, slot.stored = true;
    row.state = TaskState::none;
    slot.row = std::move(row);
    take_settings(run, *at);
  }
  restore_slots(run);
  recount(run);
}

// What an instance has of its task in the run's version.
void Core::take_settings(ActiveRun& run, SlotIndex at) {
  TaskInstance& row = run.slots[at].row;
  const TaskSpec& spec = run.spec_of(at);
  row.operator_name = spec.operator_name;
  row.pool = spec.pool, row.pool_slots = spec.pool_slots;
  row.queue = spec.queue, row.priority_weight = spec.effective_weight;
  slots_[row.key] = {run.row.key, at};
  touch(run, at);
}

Result<std::vector<Touched>> Core::mark_task(const MarkTaskRequest& request, Time now) {
  const TaskInstanceName& name = request.name;
  auto runs = select_runs(name.dag_id, name.run_id, request.include_past, request.include_future, {}, {}, now);
  if (!runs) return fail(runs);
  std::vector<Touched> touched;
  std::optional<int> map_index;
  if (name.map_index != kUnmapped) map_index = name.map_index;
  for (ActiveRun* run : *runs) {
    ClearRequest selection{.task_ids = {{name.task_id, map_index}},
                           .only_failed = false,
                           .include_upstream = request.include_upstream,
                           .include_downstream = request.include_downstream};
    selection.task_ids.insert(selection.task_ids.end(), request.more_tasks.begin(),
                              request.more_tasks.end());
    auto slots = select_slots(*run, selection);
    if (!slots) return fail(slots);
    std::erase_if(*slots, [&](SlotIndex at) { return run->slots[at].absent(); });
    bool single = runs->size() == 1 && slots->size() == 1;
    if (single && request.state && run->slots[slots->front()].row.state == *request.state) {
      return fail(Code::conflict, "task '" + name.task_id + "' of run '" + name.run_id + "' is " +
                                      std::string(to_string(*request.state)) + " already");
    }
    for (SlotIndex at : *slots) {
      TaskSlot& slot = run->slots[at];
      if (!request.dry_run && request.note) {
        slot.row.note = *request.note;
        touch(*run, at);
      }
      if (!request.dry_run && request.state && slot.row.state != *request.state)
        mark_slot(*run, at, *request.state, now);
      touched.push_back({run->row, slot.row});
    }
    if (request.dry_run || !request.state) continue;
    bool resume = false;
    for (SlotIndex at : reach(*run, *slots, true)) {
      TaskState state = run->slots[at].row.state;
      bool blocked = state == TaskState::failed || state == TaskState::upstream_failed;
      if (*request.state == TaskState::skipped || !blocked) continue;
      clear_slot(*run, at, now);
      resume = true;
    }
    if (resume && is_finished(run->row.state)) reopen(*run, now);
    if (run->row.state == RunState::running) {
      auto next = reach(*run, *slots, true);
      evaluate_from(*run, {next.rbegin(), next.rend()}, now);
    }
    past_changed(*run, now);
  }
  return touched;
}

void Core::mark_slot(ActiveRun& run, SlotIndex at, TaskState state, Time now) {
  TaskSlot& slot = run.slots[at];
  unready(run, at);
  cancel_open(slot, CancelReason::marked);
  if (!slot.row.start_date) slot.row.start_date = now;
  slot.row.end_date = now;
  slot.row.next_at = std::nullopt;
  slot.row.reason = "marked " + std::string(to_string(state)) + " by hand";
  set_state(run, at, state, now);
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
  for (SlotIndex i = 0; i < run.slots.size(); ++i) {
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
  past_changed(dag_id, now);
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
    auto at = SlotIndex(slot - run.slots.begin());
    set_state(run, at, TaskState::none, now);
    slot->row = fresh_row(run.row.key, run.spec_of(at));
    slot->row.map_index = name.map_index;
    slot->returned.reset();
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
  for (SlotIndex i = 0; i < run.slots.size(); ++i) {
    if (run.slots[i].absent()) add_slot(run, i);
  }
}

}  // namespace leoflow
