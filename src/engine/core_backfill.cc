// SPDX-License-Identifier: Apache-2.0
// Backfills: the dates of a range are decided one after the other, a bounded way ahead of the runs
// that are under way (Airflow 3's semantics: docs/scheduling.md, "Backfills").
#include <algorithm>

#include "base/log.h"
#include "engine/core.h"
#include "model/json_schema.h"
#include "schedule/backfill_dates.h"

namespace leoflow {
namespace {

// Runs that exist before they may start: enough to be seen, few enough that a long range of a large
// DAG costs no memory.
constexpr size_t kRunsAheadMax = 100;
constexpr size_t kTaskInstancesAheadMax = 10'000;
constexpr auto kStoreRetry = std::chrono::seconds(1);

size_t runs_ahead(const DagSpec& spec) {
  return std::clamp<size_t>(kTaskInstancesAheadMax / std::max<size_t>(1, spec.tasks.size()), 1,
                            kRunsAheadMax);
}

}  // namespace

Result<Backfill> Core::start_backfill(const BackfillRequest& request, Time now) {
  auto found = dag(request.dag_id);
  if (!found) return fail(found);
  DagState& dag = **found;
  const DagSpec& spec = *dag.current->spec;
  if (dag.row.is_stale) {
    return fail(Code::not_found,
                "DAG '" + request.dag_id + "' is no longer defined by " + dag.row.fileloc);
  }
  if (request.max_active_runs < 1 || request.max_active_runs > kBackfillActiveRunsMax) {
    return fail(Code::invalid, "max_active_runs is 1 to " + std::to_string(kBackfillActiveRunsMax));
  }
  if (auto ok = check_backfill(spec, request.run_backwards, request.reprocess); !ok)
    return fail(ok);
  if (auto ok = check_params(spec.params, request.conf); !ok) return fail(ok);
  if (dag.backfill) {
    return fail(Code::exists,
                "backfill " + std::to_string(dag.backfill->row.id) + " of DAG '" + request.dag_id +
                    "' is not completed yet",
                "a DAG has one at a time: wait for it or cancel it");
  }
  auto dates = backfill_dates(*dag.timetable, request.from_date, request.to_date, now);
  if (!dates) return fail(dates);
  BackfillState& state = dag.backfill.emplace();
  state.row = {.id = ++keys_.backfill,
               .dag_id = request.dag_id,
               .from_date = request.from_date,
               .to_date = request.to_date,
               .conf = json::dump(request.conf),
               .reprocess = request.reprocess,
               .max_active_runs = request.max_active_runs,
               .run_backwards = request.run_backwards,
               .run_on_latest_version = request.run_on_latest_version,
               .dates = int(dates->size()),
               .user = request.user,
               .created_at = now,
               .updated_at = now};
  state.dates.assign(dates->begin(), dates->end());
  if (request.run_backwards) std::ranges::reverse(state.dates);
  step_.batch.backfills_inserted.push_back(state.row);
  step_.effects.changes.push_back({.kind = Change::Kind::dag, .dag_id = request.dag_id});
  Backfill started = state.row;
  look(dag, now);
  return started;
}

Result<Backfill> Core::move_backfill(const event::MoveBackfill& order, Time now) {
  auto found = dag(order.dag_id);
  if (!found) return fail(found);
  DagState& dag = **found;
  if (!dag.backfill || dag.backfill->row.id != order.id) {
    auto stored = store_.backfills().get(order.id);
    if (!stored) return fail(stored);
    std::string name = "backfill " + std::to_string(order.id);
    if (!*stored || (*stored)->dag_id != order.dag_id)
      return fail(Code::not_found, "there is no " + name);
    return fail(Code::conflict, name + " is completed already");
  }
  BackfillState& state = *dag.backfill;
  state.row.is_paused = order.move != BackfillMove::unpause;
  if (order.move == BackfillMove::cancel) {
    state.row.completed_at = now;
    state.dates.clear();
    for (auto [ordinal, key] : std::set(state.queued)) {
      auto marked = mark_run(
          {.dag_id = order.dag_id, .run_id = runs_.at(key)->row.run_id, .state = RunState::failed},
          now);
      if (!marked) return fail(marked);
    }
  }
  touch_backfill(dag, now);
  Backfill moved = state.row;
  if (order.move == BackfillMove::cancel) leave_backfill(dag);
  look_again(order.dag_id, now);
  return moved;
}

void Core::touch_backfill(DagState& dag, Time now) {
  Backfill& row = dag.backfill->row;
  row.updated_at = now;
  dirty_backfills_[row.id] = row;
  step_.effects.changes.push_back({.kind = Change::Kind::dag, .dag_id = dag.row.dag_id});
}

// Every open backfill with the dates that are left. What was decided is decided, also when the
// schedule has changed.
Status Core::load_backfills(Time now) {
  int64_t offset = 0;
  for (bool more = true; more;) {
    auto rows = store_.backfills().list(
        {.only_open = true, .page = {.limit = kPageLimitMax, .offset = offset}});
    if (!rows) return fail(rows);
    for (const Backfill& row : rows->rows) {
      auto owner = dag(row.dag_id);
      if (!owner) {
        log::error("backfill not resumed",
                   {{"backfill", row.id}, {"error", owner.error().message()}});
        continue;
      }
      auto decided = store_.backfills().runs_of(row.id);
      if (!decided) return fail(decided);
      DagState& dag = **owner;
      BackfillState& state = dag.backfill.emplace();
      state.row = row;
      std::set<Time> done;
      for (const BackfillRun& made : *decided) {
        done.insert(made.logical_date);
        state.decided = std::max(state.decided, made.ordinal);
        if (made.run) state.ordinals[made.run] = made.ordinal;
      }
      auto dates = backfill_dates(*dag.timetable, row.from_date, row.to_date, row.created_at);
      if (dates) state.dates.assign(dates->begin(), dates->end());
      std::erase_if(state.dates,
                    [&](const PlannedRun& date) { return done.contains(*date.logical_date); });
      if (row.run_backwards) std::ranges::reverse(state.dates);
      look_again(row.dag_id, now);
    }
    offset += int64_t(rows->rows.size());
    more = !rows->rows.empty() && offset < rows->total;
  }
  return {};
}

void Core::advance_backfill(DagState& dag, Time now) {
  if (!dag.backfill) return;
  BackfillState& state = *dag.backfill;
  bool goes_on = !state.row.is_paused && !dag.row.is_stale;
  size_t ahead = runs_ahead(*dag.current->spec);
  for (int made = 0; goes_on && !state.dates.empty() && state.queued.size() < ahead; ++made) {
    if (made == options_.scheduled_runs_per_step_max) {
      look_again(dag.row.dag_id, now);
      break;
    }
    if (!decide_date(dag, state.dates.front(), now)) return;
    state.dates.pop_front();
  }
  goes_on = goes_on && !dag.row.is_paused;
  while (goes_on && state.running < state.row.max_active_runs && !state.queued.empty()) {
    RunKey key = state.queued.begin()->second;
    state.queued.erase(state.queued.begin());
    start_run(dag, *runs_.at(key), now);
  }
  if (!state.dates.empty() || !state.queued.empty() || state.running > 0) return;
  state.row.completed_at = now;
  touch_backfill(dag, now);
  leave_backfill(dag);
}

bool Core::decide_date(DagState& dag, const PlannedRun& date, Time now) {
  BackfillState& state = *dag.backfill;
  const std::string& dag_id = dag.row.dag_id;
  DagRun row{.dag_id = dag_id,
             .run_id = "backfill__" + format_iso(date.run_after),
             .version = dag.row.current_version,
             .type = RunType::backfill,
             .logical_date = date.logical_date,
             .interval_start = date.interval.start,
             .interval_end = date.interval.end,
             .run_after = date.run_after,
             .queued_at = now,
             .triggered_by = "backfill",
             .triggering_user = state.row.user,
             .conf = state.row.conf};
  auto existing = run_at(dag_id, *date.logical_date);
  Result<std::optional<DagRun>> same_name;
  if (existing && !*existing) same_name = store_.runs().get_run(dag_id, row.run_id);
  if (!existing || !same_name) {
    const Error& error = existing ? same_name.error() : existing.error();
    log::error("backfill waits for the store",
               {{"backfill", state.row.id}, {"error", error.message()}});
    timers_.insert({now + kStoreRetry, TimerKey::Kind::schedule, 0, dag_id});
    return false;
  }
  BackfillRun made{
      .backfill = state.row.id, .ordinal = ++state.decided, .logical_date = *date.logical_date};
  if (!*existing && !*same_name) {
    ActiveRun& run = insert_run(dag, std::move(row), now);
    join_backfill(dag, run, made.ordinal);
    made.run = run.row.key;
  } else if (*existing && !is_finished((*existing)->state)) {
    made.exception = "in flight";
  } else if (!*existing || !runs_again(state.row.reprocess, (*existing)->state)) {
    made.exception = "already exists";
  } else if (auto again = run_again(dag, **existing, now)) {
    join_backfill(dag, *runs_.at(*again), made.ordinal);
    made.run = *again;
  } else {
    log::warning("a run was not cleared",
                 {{"run", (*existing)->run_id}, {"error", again.error().message()}});
    made.exception = "not cleared";
  }
  step_.batch.backfill_runs.push_back(std::move(made));
  return true;
}

// Clears a finished run, which makes it one of the backfill.
Result<RunKey> Core::run_again(DagState& dag, const DagRun& existing, Time now) {
  auto cleared = clear({.dag_id = existing.dag_id,
                        .run_id = existing.run_id,
                        .dry_run = false,
                        .only_failed = false,
                        .run_on_latest_version = dag.backfill->row.run_on_latest_version},
                       now);
  if (!cleared) return fail(cleared);
  auto run = find_or_load(existing.dag_id, existing.run_id, now);
  if (!run) return fail(run);
  if (is_finished((*run)->row.state)) reopen(**run, now);  // without tasks
  (*run)->row.type = RunType::backfill;
  (*run)->row.triggered_by = "backfill";
  touch(**run);
  return (*run)->row.key;
}

void Core::join_backfill(DagState& dag, ActiveRun& run, int ordinal) {
  dequeue(dag, run);
  run.backfill = dag.backfill->row.id;
  run.ordinal = ordinal;
  dag.backfill->ordinals[run.row.key] = ordinal;
  enqueue(dag, run);
}

void Core::leave_backfill(DagState& dag) {
  for (RunKey key : dag.active) runs_.at(key)->backfill = 0;
  for (auto [ordinal, key] : dag.backfill->queued)
    dag.queued.insert({runs_.at(key)->row.run_after, key});
  dag.running += dag.backfill->running;
  dag.backfill.reset();
}

}  // namespace leoflow
