// SPDX-License-Identifier: Apache-2.0
// The engine as the rest of the server sees it: requests that change runs, questions about reasons, and a feed of what
// was committed. Every request is answered after its commit, from the engine's strand; nothing here blocks the caller.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/asset.h"
#include "model/backfill.h"
#include "model/dag_spec.h"
#include "model/entities.h"

namespace leoflow {

struct TriggerRequest {
  std::string dag_id;
  std::string run_id;                     // empty = generated: manual__<run_after ISO>
  std::optional<Time> logical_date, interval_start, interval_end, run_after;
  json::object conf;
  std::string note;
  std::string triggered_by = "rest_api";
  std::string user;
  RunType type = RunType::manual;  // or asset_materialization
};

constexpr int kAssetRunsWaitingMax = 100;  // queued runs of a DAG, past which events gather

// An event that somebody tells of.
struct AssetEventRequest {
  AssetKey asset;  // that is stored
  std::string group = "asset";
  json::object extra;
};

// What DAGs have queued, as far as it is meant.
struct QueuedAssets {
  std::optional<std::vector<std::string>> dag_ids;  // nothing = of all
  std::optional<AssetKey> asset;
  std::optional<Time> before;  // queued no later
};

struct ClearRequest {
  std::string dag_id;
  std::string run_id;                     // empty: chosen by the date range
  // DAG and run id of further runs, cleared in the same step: all or none. Requires: run_id.
  std::vector<std::pair<std::string, std::string>> more_runs;
  std::vector<std::pair<std::string, std::optional<int>>> task_ids;  // empty = all
  std::optional<Time> start_date, end_date;
  bool dry_run = true;
  bool only_failed = true, only_running = false;
  bool only_new = false;  // moves the run to the current version for tasks it has no instance of;
                          // those it has stay as they are
  bool include_upstream = false, include_downstream = false, include_future = false, include_past = false;
  bool reset_dag_runs = true;
  bool run_on_latest_version = false;     // re-bind the run to the DAG's current version
  bool prevent_running_task = false;      // `conflict` when a selected task instance runs
  std::optional<std::string> note;        // put on each that is cleared
  std::string user;
};

// A task instance that a clear or mark touches (or would touch).
struct Touched {
  DagRun run;
  TaskInstance task_instance;
};

struct MarkTaskRequest {
  TaskInstanceName name;                  // map_index kUnmapped = all indexes of the task
  std::vector<std::string> more_tasks;    // of the same run, marked in the same step
  std::optional<TaskState> state;         // success, failed or skipped
  std::optional<std::string> note;
  bool include_upstream = false, include_downstream = false, include_future = false, include_past = false;
  bool dry_run = false;
  std::string user;
};

struct MarkRunRequest {
  std::string dag_id, run_id;
  std::optional<RunState> state;          // queued, success or failed
  std::optional<std::string> note;
  std::string user;
};

struct BackfillRequest {
  std::string dag_id;
  Time from_date{}, to_date{};  // both included
  json::object conf;
  Reprocess reprocess = Reprocess::none;
  int max_active_runs = kBackfillActiveRunsDefault;
  bool run_backwards = false;
  bool run_on_latest_version = false;
  std::string user;
};

// What a person does to an open backfill.
enum class BackfillMove { pause, unpause, cancel };

// One committed change, for server-sent events, log followers and waiters. Sequence numbers rise by one.
struct Change {
  uint64_t sequence = 0;
  enum class Kind { run, task_instance, dag, import_error, staging, asset } kind = Kind::run;
  Time at{};
  std::string dag_id, run_id, task_id;
  int map_index = kUnmapped;
  int try_number = 0;
  std::string state;                      // new state name
  bool deleted = false;
  // Of runs and task instances, so that a page that shows the row need not ask for it again.
  std::optional<Time> queued_at, start_date, end_date;
  int version_number = 0;                 // of the run's DAG version; 0 for other kinds
  std::string reason;                     // why it ended as it did; empty = none
};

struct EngineStats {
  int64_t runs_active = 0, task_instances_active = 0, attempts_open = 0;
  int64_t batches = 0, events = 0, moves = 0;
  Time started_at{};                      // when this life of the loop began
  Time heartbeat{};                       // last time the loop was seen alive
};

template <typename T>
using Reply = std::move_only_function<void(Result<T>)>;

// Any thread. Replies run on the engine's strand and must return at once.
class Engine {
 public:
  virtual ~Engine() = default;

  // Errors: not_found (unknown or stale DAG), invalid (params break their schema, bad run id), exists (run id or
  // logical date taken).
  virtual void trigger(TriggerRequest request, Reply<DagRun> reply) = 0;
  virtual void clear(ClearRequest request, Reply<std::vector<Touched>> reply) = 0;
  // `conflict` when the only task instance is in that state already.
  virtual void mark_task(MarkTaskRequest request, Reply<std::vector<Touched>> reply) = 0;
  virtual void mark_run(MarkRunRequest request, Reply<DagRun> reply) = 0;
  virtual void delete_run(std::string dag_id, std::string run_id, Reply<bool> reply) = 0;
  // Forgets a task instance of a finished run: its tries, attempts, XComs and logs go with it. When
  // the run starts again, the task has a fresh instance. Errors: not_found, conflict (its run is
  // not finished, or its last attempt still ends).
  virtual void delete_task(TaskInstanceName name, Reply<bool> reply) = 0;
  virtual void set_paused(std::string dag_id, bool paused, Reply<bool> reply) = 0;
  // Errors: not_found, invalid (no schedule, no date in the range, params break their schema,
  // depends_on_past with another order or without reprocessing), exhausted (kBackfillRunsMax),
  // exists (the DAG has an open backfill).
  virtual void backfill(BackfillRequest request, Reply<Backfill> reply) = 0;
  // Errors: not_found, conflict (completed already). Cancelling marks its queued runs failed;
  // running ones go on.
  virtual void move_backfill(std::string dag_id, int64_t id, BackfillMove move,
                             Reply<Backfill> reply) = 0;

  // Tells of an update of an asset, as a task with that outlet would.
  virtual void create_asset_event(AssetEventRequest request, Reply<AssetEvent> reply) = 0;
  // DAGs forget that assets were updated; how many were queued.
  virtual void forget_queued_assets(QueuedAssets which, Reply<int64_t> reply) = 0;

  // Something outside changed; the engine looks again. Call after the change is committed.
  virtual void dag_changed(std::string dag_id) = 0;      // registered, stale, deleted
  virtual void pools_changed() = 0;
  virtual void import_errors_changed() = 0;              // only told to listeners

  // One sentence per open task instance of a run that is not running: "waits for extract", "pool etl full: 3 of 3",
  // "retry at 12:03:10", "run limit 16 reached". By (task_id, map_index).
  struct Reason { std::string task_id; int map_index; std::string text; };
  virtual void reasons(std::string dag_id, std::string run_id, Reply<std::vector<Reason>> reply) = 0;

  // Calls listener after each commit, on the engine's strand, until the returned token is destroyed.
  using Listener = std::function<void(const std::vector<Change>&)>;
  virtual std::shared_ptr<void> subscribe(Listener listener) = 0;
  // Changes after a sequence number, oldest first; nullopt when they are no longer kept (reload everything).
  virtual std::optional<std::vector<Change>> changes_since(uint64_t sequence) const = 0;
  virtual EngineStats stats() const = 0;
};

// Blocks the calling thread (never the engine's) until the reply is there:
//   auto run = wait<DagRun>([&](auto reply) { engine.trigger(request, std::move(reply)); });
// `timeout` after timeout, `unavailable` if the engine stops first.
template <typename T, typename Call>
Result<T> wait_reply(Call call, Duration timeout = std::chrono::seconds(30));

}  // namespace leoflow

#include "engine/wait_reply.inl"
