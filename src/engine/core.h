// SPDX-License-Identifier: Apache-2.0
// The engine without I/O of its own: events and time in, a Batch to commit and Effects to perform out. The Runner
// drives it on the engine's strand; the simulation drives it on one thread with a simulated clock.
//
// A step is: handle() any number of events, advance(), take_step(), then either committed() after the batch is in the
// store, or load() to throw memory away and start again from the store. Memory never runs ahead of a failed commit.
#pragma once

#include <queue>

#include "engine/asset_index.h"
#include "engine/core_options.h"
#include "engine/event.h"
#include "engine/state.h"
#include "store/store.h"

namespace leoflow {

struct Step {
  Batch batch;
  Effects effects;
  bool empty() const { return batch.empty() && effects.empty(); }
};

// What an instance of a task starts with; without a key.
TaskInstance fresh_row(RunKey run, const TaskSpec& spec);

class Core {
 public:
  // The store must outlive the core; reads happen inside handle() and load(), writes never.
  Core(Store& store, CoreOptions options);

  // Forgets everything and reads the open part of the store. Attempts that were never handed over are placed by the
  // next step; handed-over ones wait until their agent says what it holds.
  Status load(Time now);

  void handle(Event event, Time now);
  // Fires timers due at `now` and creates scheduled runs that are due.
  void advance(Time now);
  // Decides what can be placed now and returns everything since the last committed() or load().
  Step take_step(Time now);
  // The batch of the last take_step is in the store.
  void committed();

  // The earliest timer; nothing when only events can change something.
  std::optional<Time> next_timer() const;
  EngineStats stats() const;

 private:
  friend class CoreInspector;   // invariant checks of the simulation

  // -- core.cc: dispatch of events
  void on(event::AttemptClaimed e, Time now);
  void on(event::AttemptRunning e, Time now);
  void on(event::OutcomeReported e, Time now);
  void on(event::XComPushed e, Time now);
  void on(event::AgentConnected e, Time now);
  void on(event::AgentLost e, Time now);
  void on(event::DispatchFailed e, Time now);
  void on(event::AttemptWaits e, Time now);
  void on(event::AttemptHeld e, Time now);
  void on(event::Trigger e, Time now);
  void on(event::Clear e, Time now);
  void on(event::MarkTask e, Time now);
  void on(event::MarkRun e, Time now);
  void on(event::DeleteRun e, Time now);
  void on(event::DeleteTask e, Time now);
  void on(event::SetPaused e, Time now);
  void on(event::StartBackfill e, Time now);
  void on(event::MoveBackfill e, Time now);
  void on(event::AskReasons e, Time now);
  void on(event::CreateAssetEvent e, Time now);
  void on(event::ForgetQueuedAssets e, Time now);
  void on(event::DagChanged e, Time now);
  void on(event::PoolsChanged e, Time now);
  void on(event::ImportErrorsChanged e, Time now);
  void take_plans(Batch& batch);
  template <typename T>
  void answer(Reply<T> reply, Result<T> result);

  // -- core_load.cc
  Status load_pools();
  Result<DagState*> dag(const std::string& dag_id);         // cached, else read
  Result<std::shared_ptr<const PlannedVersion>> version(DagVersionId id);
  Result<ActiveRun*> activate(RunRecord record, Time now);  // a run of the store enters memory
  Result<ActiveRun*> find_or_load(const std::string& dag_id, const std::string& run_id, Time now);
  ActiveRun* find_run(const std::string& dag_id, const std::string& run_id);
  void recount(ActiveRun& run);
  void forget(RunKey key);
  void drop_run(RunKey key);

  // -- core_runs.cc: life of runs
  Result<DagRun> create_run(TriggerRequest request, Time now);
  ActiveRun& insert_run(DagState& dag, DagRun row, Time now);
  void add_slot(ActiveRun& run, SlotIndex at);
  void restore_slots(ActiveRun& run);  // rows for tasks whose instances were deleted
  Result<std::optional<DagRun>> run_at(const std::string& dag_id, Time logical_date);
  void enqueue(DagState& dag, ActiveRun& run);
  void dequeue(DagState& dag, const ActiveRun& run);
  int& running_beside(DagState& dag, const ActiveRun& run);  // how many run under the same limit
  void look(DagState& dag, Time now);                        // at what is due, and at who may start
  void start_runs(DagState& dag, Time now);
  void start_run(DagState& dag, ActiveRun& run, Time now);
  void finish_run(ActiveRun& run, RunState state, std::string reason, Time now);
  void check_run(ActiveRun& run, Time now);                 // finished? stuck?
  void run_timed_out(ActiveRun& run, Time now);
  void plan_next(DagState& dag, Time now);
  void plan_after(DagState& dag, const std::optional<DataInterval>& last, Time now);
  void create_scheduled(DagState& dag, Time now);
  void pause_after_failures(DagState& dag, const DagRun& last);
  void request_callback(ActiveRun& run, Time now);
  void add_callback(const DagRun& run, int try_number, Time now);
  void replace_callback(const OpenAttempt& lost, Time now);
  void look_again(const std::string& dag_id, Time now);     // at the DAG's queued and due runs, in advance()
  void set_run_state(ActiveRun& run, RunState state);
  void touch(ActiveRun& run) { run.dirty = true, dirty_runs_.insert(run.row.key); }
  void free_staging(ActiveRun& run, const std::string& reason, Time now);
  void sweep_staging(Time now);

  // -- core_backfill.cc: dates that are made up for
  Result<Backfill> start_backfill(const BackfillRequest& request, Time now);
  Result<Backfill> move_backfill(const event::MoveBackfill& order, Time now);
  Status load_backfills(Time now);
  void advance_backfill(DagState& dag, Time now);
  bool decide_date(DagState& dag, const PlannedRun& date, Time now);  // false: look again later
  Result<RunKey> run_again(DagState& dag, const DagRun& existing, Time now);
  void join_backfill(DagState& dag, ActiveRun& run, int ordinal);
  void leave_backfill(DagState& dag);  // its runs are ordinary ones from now on
  void touch_backfill(DagState& dag, Time now);

  // -- core_assets.cc: events of assets, and the runs they start
  Status load_assets();
  void index_assets(const DagState& dag);
  void forget_assets(const std::string& dag_id);
  void emit_assets(const ActiveRun& run, SlotIndex at, const Outcome& outcome, Time now);
  AssetEvent emit_asset(AssetEmission emission, AssetEvent event, Time now);  // event: its source
  AssetEvent post_asset_event(const AssetEventRequest& request, Time now);
  int64_t forget_queued(const QueuedAssets& which);
  bool create_asset_run(DagState& dag, Time now);  // whether it made one
  Result<std::string> free_run_id(const DagRun& row);

  // -- core_past.cc: what waits for an earlier run
  Result<std::optional<DagRun>> run_before(const DagState& dag, Time logical_date,
                                           bool scheduled_only);
  std::optional<RunKey> waits_behind(const ActiveRun& run, TaskIndex task);
  std::optional<RunKey> look_behind(const ActiveRun& run, const TaskSpec& spec);
  void wait_for_past(ActiveRun& run, SlotIndex at, RunKey behind);
  void wait_no_more(ActiveRun& run, TaskSlot& slot);
  void past_changed(const ActiveRun& run, Time now);
  void past_changed(const std::string& dag_id, Time now);
  void recheck_past(const std::string& dag_id, RunKey changed, Time now);

  // -- core_tasks.cc: life of task instances
  // True if it is finished now; what else has to be looked at goes to `open`.
  bool evaluate(ActiveRun& run, SlotIndex at, std::vector<SlotIndex>& open, Time now);
  void evaluate_from(ActiveRun& run, std::vector<SlotIndex> open, Time now);
  void finish_without_try(ActiveRun& run, SlotIndex at, TaskState state, Time now);
  void set_state(ActiveRun& run, SlotIndex at, TaskState state, Time now);
  void make_ready(ActiveRun& run, SlotIndex at, Time now);
  void unready(ActiveRun& run, SlotIndex at);
  void begin_try(ActiveRun& run, SlotIndex at, Time now);
  void archive_try(ActiveRun& run, TaskSlot& slot, TaskState state);
  Time time_within(const OpenAttempt& attempt, Time told, Time now) const;
  void settle(OpenAttempt& attempt, Outcome outcome, Time now);
  void settle_task(ActiveRun& run, SlotIndex at, OpenAttempt& attempt, Outcome outcome, Time now);
  void fail_try(ActiveRun& run, SlotIndex at, const Outcome& outcome, Time now);
  void lose(OpenAttempt& attempt, const std::string& reason, Time now);
  void close(OpenAttempt& attempt, AttemptState state, std::string outcome, std::string reason, Time at);
  void cancel_open(TaskSlot& slot, CancelReason reason);
  void store_xcom(const OpenAttempt& attempt, XCom xcom, Time now);
  void count_end(const ActiveRun& run, const TaskInstance& row, TaskEnd::Kind kind);
  void fail_fast(ActiveRun& run, Time now);
  void touch(ActiveRun& run, SlotIndex at);
  std::pair<ActiveRun*, SlotIndex> slot_of(const OpenAttempt& attempt);

  // -- core_mapping.cc: instances of mapped tasks
  // What mapping says of an instance before its trigger rule does.
  struct Expanded {
    std::optional<TaskState> state;  // it ends like this, with no try
    bool waits = false;              // for its sources, or to be looked at again among `made`
    std::vector<SlotIndex> made;     // to be evaluated
  };
  Expanded expand(ActiveRun& run, MappingIndex mapping, SlotIndex at, Verdict verdict, Time now);
  std::optional<TaskState> ended_with_sources(const ActiveRun& run, MappingIndex mapping) const;
  bool sources_finished(const ActiveRun& run, MappingIndex mapping) const;
  Result<std::optional<int64_t>> length_of(const ActiveRun& run, MappingIndex mapping) const;
  Result<std::optional<int64_t>> length_returned(const ActiveRun& run, TaskIndex task) const;
  std::vector<SlotIndex> make_instances(ActiveRun& run, MappingIndex mapping, int64_t length,
                                        Time now);
  void tell_renumbered(const ActiveRun& run, const TaskInstance& row);
  void expand_literals(ActiveRun& run, Time now);
  void look_at_sources_again(ActiveRun& run, TaskIndex source);
  std::optional<SlotIndex> slot_for(ActiveRun& run, const TaskInstance& row);
  SlotIndex append_slot(ActiveRun& run, TaskIndex task);
  void start_slots(ActiveRun& run);

  // -- core_dispatch.cc
  void dispatch(Time now);
  void place(ActiveRun& run, SlotIndex at, Time now);
  WorkItem work_item(const OpenAttempt& attempt) const;
  bool within_task_limits(const ActiveRun& run, const TaskSlot& slot, const TaskSpec& spec) const;
  void hold(const TaskSlot& slot, int sign);                // pool and parallelism accounting

  // -- core_ahead.cc: what may be placed next
  StartAhead ahead_of(const DagSpec& spec) const;
  std::vector<bool> tasks_ahead(const DagSpec& spec, const RunPlan& plan) const;
  void note_ahead(ActiveRun& run, SlotIndex at);
  void note_duration(const ActiveRun& run, const TaskInstance& row);
  std::optional<Duration> usual_duration(const ActiveRun& run, SlotIndex at) const;
  Duration comes_in(const ActiveRun& run, SlotIndex at) const;
  bool is_under_way(const ActiveRun& run, SlotIndex at) const;
  bool count_under_way(ActiveRun& run, SlotIndex at);  // true: it changed
  bool may_come(const ActiveRun& run, SlotIndex at) const;
  void expect(ActiveRun& run, SlotIndex at, Time now);
  void unexpect(ActiveRun& run, SlotIndex at, bool drop);
  void unexpect_all(ActiveRun& run);
  void recount_ahead(ActiveRun& run);
  void look_ahead(Time now);
  void ahead_too_long(TaskInstanceKey key, Time now);

  // -- core_clear.cc
  Result<std::vector<Touched>> clear(const ClearRequest& request, Time now);
  Result<std::vector<ActiveRun*>> select_runs(const std::string& dag_id, const std::string& run_id, bool past,
                                              bool future, std::optional<Time> from, std::optional<Time> to, Time now);
  Result<std::vector<SlotIndex>> select_slots(const ActiveRun& run,
                                              const ClearRequest& request) const;
  std::vector<SlotIndex> reach(const ActiveRun& run, const std::vector<SlotIndex>& from,
                               bool down) const;
  std::optional<SlotIndex> find_slot(const ActiveRun& run, const std::string& task_id,
                                     int map_index) const;
  void clear_slot(ActiveRun& run, SlotIndex at, Time now);
  Result<std::vector<ActiveRun*>> select_cleared(const ClearRequest& request, Time now);
  Result<std::vector<Touched>> clear_new_tasks(const std::vector<ActiveRun*>& runs,
                                               const ClearRequest& request, Time now);
  std::vector<TaskIndex> new_tasks(const ActiveRun& run, const PlannedVersion& version) const;
  void reopen(ActiveRun& run, Time now);
  Status check_rebind(const ActiveRun& run) const;
  void rebind(ActiveRun& run, std::shared_ptr<const PlannedVersion> version);
  void take_settings(ActiveRun& run, SlotIndex at);
  Result<std::vector<Touched>> mark_task(const MarkTaskRequest& request, Time now);
  void mark_slot(ActiveRun& run, SlotIndex at, TaskState state, Time now);
  Result<DagRun> mark_run(const MarkRunRequest& request, Time now);
  Result<bool> delete_run(const std::string& dag_id, const std::string& run_id, Time now);
  Result<bool> delete_task(const TaskInstanceName& name, Time now);
  Status forget_files(const ActiveRun& run, const TaskInstanceName& name, TaskInstanceKey key);

  // -- core_reasons.cc
  std::vector<Engine::Reason> reasons_of(const ActiveRun& run) const;
  std::string reason_of(const ActiveRun& run, SlotIndex at) const;
  std::vector<std::string> waits_for(const ActiveRun& run, SlotIndex at) const;

  Store& store_;
  CoreOptions options_;

  std::unordered_map<std::string, DagState> dags_;
  std::unordered_map<DagVersionId, std::shared_ptr<const PlannedVersion>> versions_;
  std::unordered_map<RunKey, std::unique_ptr<ActiveRun>> runs_;
  std::unordered_map<TaskInstanceKey, std::pair<RunKey, SlotIndex>> slots_;
  std::unordered_map<AttemptId, OpenAttempt> attempts_;
  struct PoolState {
    int slots = 0;            // -1 = unlimited
    int64_t used = 0;
    bool exists = false;      // task instances of a pool nobody made wait
    int64_t open() const { return !exists ? 0 : slots < 0 ? INT64_MAX : slots - used; }
  };
  std::map<std::string, PoolState> pools_;
  std::set<RunKey> with_ready_;                       // runs that have ready task instances
  int placed_ = 0;                                    // task instances queued or running
  int expected_ = 0;                                  // task instances told of ahead
  KeyWatermarks keys_;

  AssetIndex assets_;
  std::unordered_map<std::string, std::map<AssetKey, Time>> queued_assets_;  // by DAG

  std::set<TimerKey> timers_;
  // What waits_behind() said since evaluate_from() or recheck_past() began.
  std::map<std::pair<RunKey, TaskIndex>, std::optional<RunKey>> past_seen_;

  // Collected since the last commit.
  std::set<RunKey> dirty_runs_;
  std::vector<std::pair<RunKey, SlotIndex>> dirty_slots_;
  std::set<AttemptId> dirty_attempts_;
  std::set<std::string> dirty_dags_;
  std::map<int64_t, Backfill> dirty_backfills_;
  std::vector<RunKey> finished_;                      // leave memory once committed
  std::vector<AttemptId> closed_;
  Step step_;
  std::vector<AttemptId> to_place_;                   // open attempts to hand over (again)
  std::vector<AttemptId> to_recall_;                  // those that agents had taken before load()
  std::vector<std::pair<RunKey, SlotIndex>> ahead_changed_;  // to be looked at by look_ahead()
  bool step_taken_ = false;
  EngineStats stats_;
};

}  // namespace leoflow
