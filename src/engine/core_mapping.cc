// SPDX-License-Identifier: Apache-2.0
// Dynamic task mapping: when a mapped task gets its instances, and how many (Airflow 3's semantics:
// docs/scheduling.md, "Mapped tasks"). Before that it is one instance without a map index; then
// this one has index 0 and the others join.
#include <algorithm>
#include <unordered_map>

#include "base/check.h"
#include "base/log.h"
#include "engine/core.h"

namespace leoflow {
namespace {

constexpr size_t kInstancesPerRunMax = 100'000;

std::string too_many(int64_t length, size_t there) {
  if (length > kMappedInstancesMax)
    return "mapped over more than " + std::to_string(kMappedInstancesMax) + " elements";
  return "mapped over " + std::to_string(length) + " elements, which would make more than " +
         std::to_string(kInstancesPerRunMax) + " task instances of the " + std::to_string(there) +
         " its run has";
}

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text;
}

}  // namespace

UpstreamCounts count_upstream(const ActiveRun& run, SlotIndex at) {
  UpstreamCounts counts;
  each_upstream(run, at, [&](SlotIndex up) {
    ++counts.total;
    count_state(counts, run.slots[up].row.state, 1);
  });
  return counts;
}

// A slot for each task of the version, none with a row.
void Core::start_slots(ActiveRun& run) {
  const RunPlan& plan = run.version->plan;
  run.slots.resize(plan.size());
  run.mapped.clear();
  run.expansions.assign(plan.mappings().size(), {});
  for (TaskIndex task = 0; task < plan.size(); ++task) {
    run.slots[task].task = task;
    run.slots[task].row = fresh_row(run.row.key, run.version->spec->tasks[task]);
  }
  for (const Mapping& mapping : plan.mappings()) {
    for (TaskIndex task : mapping.tasks) run.mapped[task];
  }
}

// One more instance of a mapped task, without a row.
SlotIndex Core::append_slot(ActiveRun& run, TaskIndex task) {
  auto at = SlotIndex(run.slots.size());
  Instances& instances = run.mapped.at(task);
  TaskSlot& slot = run.slots.emplace_back();
  slot.task = task;
  slot.row = fresh_row(run.row.key, run.version->spec->tasks[task]);
  slot.row.map_index = int(instances.more.size()) + 1;
  instances.more.push_back(at);
  return at;
}

// The empty slot that a stored instance belongs to, made if it is not there. Nothing: the run's
// version has no such task, or does not map it.
std::optional<SlotIndex> Core::slot_for(ActiveRun& run, const TaskInstance& row) {
  auto index = run.version->spec->index_of(row.task_id);
  if (!index) return std::nullopt;
  auto task = TaskIndex(*index);
  bool mapped = row.map_index >= 0;
  if (mapped && (!run.is_mapped(task) || row.map_index >= kMappedInstancesMax)) return std::nullopt;
  if (mapped && run.slots[task].absent()) run.slots[task].row.map_index = 0;
  while (mapped && run.count(task) <= size_t(row.map_index)) append_slot(run, task);
  SlotIndex at = run.slot(task, mapped ? size_t(row.map_index) : 0);
  return run.slots[at].absent() ? std::optional(at) : std::nullopt;
}

// Mapped tasks whose length is in dag.py have their instances from the start.
void Core::expand_literals(ActiveRun& run, Time now) {
  const std::vector<Mapping>& mappings = run.version->plan.mappings();
  for (MappingIndex i = 0; i < mappings.size(); ++i) {
    if (!mappings[i].from.empty()) continue;
    auto length = length_of(run, i);
    CHECK(length && *length);
    size_t more = size_t(**length) * mappings[i].tasks.size();
    if (**length > kMappedInstancesMax || run.slots.size() + more > kInstancesPerRunMax) continue;
    make_instances(run, i, **length, now);
    run.expansions[i] = {.current = true, .length = **length};
  }
}

// What a finished source returned may be another thing when it has run again.
void Core::look_at_sources_again(ActiveRun& run, TaskIndex source) {
  if (run.expansions.empty()) return;
  for (MappingIndex mapping : run.version->plan.fed_by(source))
    run.expansions[mapping].current = false;
}

// Sources that failed or were skipped as a whole end what is mapped over them, whatever its trigger
// rule (MappedTaskUpstreamDep).
std::optional<TaskState> Core::ended_with_sources(const ActiveRun& run,
                                                  MappingIndex mapping) const {
  std::optional<TaskState> ended;
  for (TaskIndex source : run.version->plan.mappings()[mapping].from) {
    const TaskInstance& row = run.slots[source].row;
    if (row.map_index != kUnmapped) continue;
    if (row.state == TaskState::failed || row.state == TaskState::upstream_failed)
      return TaskState::upstream_failed;
    if (row.state == TaskState::skipped) ended = TaskState::skipped;
  }
  return ended;
}

bool Core::sources_finished(const ActiveRun& run, MappingIndex mapping) const {
  bool finished = true;
  for (TaskIndex source : run.version->plan.mappings()[mapping].from)
    each_instance(run, source, [&](SlotIndex at) {
      finished = finished && is_finished(run.slots[at].row.state);
    });
  return finished;
}

// Nothing: a source returned nothing that has a length.
Result<std::optional<int64_t>> Core::length_of(const ActiveRun& run, MappingIndex mapping) const {
  Status read;
  auto length =
      mapped_length(run.version->plan.mappings()[mapping].sources, [&](const std::string& id) {
        auto found = length_returned(run, TaskIndex(*run.version->spec->index_of(id)));
        if (found) return *found;
        read = fail(found);
        return std::optional<int64_t>();
      });
  if (!read) return fail(read);
  return length;
}

// Of a task that is mapped itself: how many of its instances returned something.
Result<std::optional<int64_t>> Core::length_returned(const ActiveRun& run, TaskIndex task) const {
  bool mapped = run.is_mapped(task);
  bool ask = false;
  each_instance(run, task, [&](SlotIndex at) { ask = ask || !run.slots[at].returned; });
  std::unordered_map<int, Returned> stored;  // by map index
  if (ask) {
    auto found = store_.engine().returned(run.row.key, run.slots[task].row.task_id);
    if (!found) return fail(found);
    for (const Returned& one : *found) stored.emplace(one.map_index, one);
  }
  int64_t count = 0;
  std::optional<int64_t> length;
  each_instance(run, task, [&](SlotIndex at) {
    const TaskSlot& slot = run.slots[at];
    if (slot.row.state == TaskState::removed) return;
    auto known = slot.returned;
    auto of_it = stored.find(slot.row.map_index);
    if (!known && of_it != stored.end()) known = of_it->second;
    if (!known) return;
    ++count;
    length = known->length;
  });
  return mapped ? std::optional(count) : length;
}

Core::Expanded Core::expand(ActiveRun& run, MappingIndex mapping, SlotIndex at, Verdict verdict,
                            Time now) {
  Expansion& expansion = run.expansions[mapping];
  TaskInstance& row = run.slots[at].row;
  bool whole = row.map_index == kUnmapped;
  if (!expansion.current) {
    if (whole) {
      if (auto ended = ended_with_sources(run, mapping)) return {.state = ended};
    }
    if (verdict != Verdict::run) return {};
    if (!sources_finished(run, mapping)) return {.waits = true};
    auto length = length_of(run, mapping);
    if (!length) {
      log::error("mapped task not expanded",
                 {{"task", row.task_id}, {"error", length.error().message()}});
      return {.waits = true};
    }
    if (!*length && whole) {
      row.reason = join(tasks_of(run.version->plan.mappings()[mapping].sources)) +
                   " returned nothing to map over";
      return {.state = TaskState::upstream_failed};
    }
    // Where nothing tells it any more, those that are there stay.
    int64_t wanted = length->value_or(int64_t(run.count(run.slots[at].task)));
    size_t more = size_t(wanted) * run.version->plan.mappings()[mapping].tasks.size();
    if (wanted > kMappedInstancesMax || (whole && run.slots.size() + more > kInstancesPerRunMax)) {
      row.reason = too_many(wanted, run.slots.size());
      return {.state = TaskState::failed};
    }
    expansion = {.current = true, .length = wanted};
    if (wanted > 0) return {.waits = true, .made = make_instances(run, mapping, wanted, now)};
  }
  if (whole &&
      expansion.length > 0)  // ended as a whole before the others had instances, and was cleared
    return {.waits = true, .made = make_instances(run, mapping, expansion.length, now)};
  if (whole && verdict == Verdict::run) {
    row.reason = "it is mapped over no elements";
    return {.state = TaskState::skipped};
  }
  if (whole) return {};
  if (row.map_index >= expansion.length) return {.state = TaskState::removed};
  return {};
}

// Brings the tasks of a mapping to `length` instances each; those that ended as a whole stay.
// Returns the instances that have to be looked at.
std::vector<SlotIndex> Core::make_instances(ActiveRun& run, MappingIndex mapping, int64_t length,
                                            Time now) {
  const RunPlan& plan = run.version->plan;
  std::set<TaskIndex> counted;
  std::vector<SlotIndex> open;
  for (TaskIndex task : plan.mappings()[mapping].tasks) {
    TaskInstance& first = run.slots[task].row;
    if (first.map_index == kUnmapped && (first.state != TaskState::none || length == 0)) continue;
    if (first.map_index == kUnmapped) {
      first.map_index = 0;
      if (run.slots[task].stored) tell_renumbered(run, first);
      touch(run, task);
    }
    while (run.count(task) < size_t(length)) {
      SlotIndex at = append_slot(run, task);
      add_slot(run, at);
      ++run.unfinished, ++run.none;
    }
    each_instance(run, task, [&](SlotIndex at) {
      const TaskInstance& row = run.slots[at].row;
      if (row.state == TaskState::removed && row.map_index < length)
        set_state(run, at, TaskState::none, now);
      if (row.state == TaskState::none) open.push_back(at);
    });
    counted.insert(task);
    counted.insert(plan.downstream(task).begin(), plan.downstream(task).end());
  }
  for (TaskIndex task : counted)
    each_instance(run, task,
                  [&](SlotIndex at) { run.slots[at].upstream = count_upstream(run, at); });
  return open;
}

// Whoever shows the instance that had no map index forgets it.
void Core::tell_renumbered(const ActiveRun& run, const TaskInstance& row) {
  step_.effects.changes.push_back({.kind = Change::Kind::task_instance,
                                   .dag_id = run.row.dag_id,
                                   .run_id = run.row.run_id,
                                   .task_id = row.task_id,
                                   .deleted = true,
                                   .version_number = run.version->number});
}

}  // namespace leoflow
