// SPDX-License-Identifier: Apache-2.0
// What the engine needs of a database: load what is open, commit a batch of moves atomically.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/backfill.h"
#include "model/entities.h"
#include "store/asset_batch.h"

namespace leoflow {

// Rendered template fields of a task instance's current try (JSON object text).
struct RenderedFields {
  TaskInstanceKey task_instance;
  std::string fields;
};

// A try that ran to its end, for the figures of tasks (figure_store.h). Lost and cancelled ones are
// not the task's doing and do not count.
struct TaskEnd {
  // retried: failed, and another try follows
  enum class Kind { succeeded, failed, retried } kind = Kind::succeeded;
  std::string dag_id, task_id;
  Time at{};
  Duration took{0};
};

// Everything one engine step changes, written in one transaction or not at all. Updated rows carry the new content
// with version_stamp already raised by one: the write applies only where the stored stamp is one less, and any row
// that does not match makes the whole commit fail with `conflict` (a second writer; the engine reloads).
struct Batch {
  std::vector<DagRun> runs_inserted, runs_updated;
  std::vector<TaskInstance> task_instances_inserted, task_instances_updated;
  std::vector<TaskTry> tries;                            // history rows, upserted by (task_instance, try_number, attempt)
  std::vector<Attempt> attempts_inserted, attempts_updated;
  std::vector<XCom> xcoms;                               // upserts
  std::vector<TaskInstanceKey> xcoms_cleared;            // all XComs of these task instances go first
  std::vector<RenderedFields> rendered;
  std::vector<StagingVolume> staging_inserted, staging_updated;
  std::vector<Dag> dags_planned;                         // next_* fields and is_paused are written, nothing else
  std::vector<EventLog> events;
  std::vector<TaskEnd> task_ends;                        // added to the figures of their tasks
  std::vector<RunKey> runs_deleted;                      // with everything that hangs on them
  // With their tries, attempts, XComs and rendered fields; before anything else is written.
  std::vector<TaskInstanceKey> task_instances_deleted;
  std::vector<Backfill> backfills_inserted;
  std::vector<Backfill> backfills_updated;  // is_paused, updated_at and completed_at, nothing else
  std::vector<BackfillRun> backfill_runs;   // inserted
  AssetBatch assets;

  bool empty() const;
  // Rows written, for metrics and the batch bound.
  size_t rows() const;
};

// A run with all that hangs on it.
struct RunRecord {
  DagRun run;
  std::vector<TaskInstance> task_instances;
  std::vector<Attempt> open_attempts;                    // not settled and not lost
};

// Highest keys in use; the engine hands out the following ones.
struct KeyWatermarks {
  int64_t run = 0, task_instance = 0, attempt = 0, staging = 0, backfill = 0;
  int64_t asset_event = 0;
};

// Blocking; any thread (implementations serialise writers). Errors are `unavailable` (locked, disk full:
// `exhausted`), `conflict` or `internal`; after `outcome_unknown` the caller must reload before it decides anything.
class EngineStore {
 public:
  virtual ~EngineStore() = default;

  virtual Status commit(const Batch& batch) = 0;
  virtual Result<KeyWatermarks> watermarks() = 0;
  // Every run that is queued or running, with its task instances and open attempts, by run key.
  virtual Result<std::vector<RunRecord>> load_active() = 0;
  // Open attempts of runs that are not active (a DAG callback that still runs).
  virtual Result<std::vector<Attempt>> load_stray_attempts() = 0;
  virtual Result<std::optional<RunRecord>> load_run(const std::string& dag_id, const std::string& run_id) = 0;
  virtual Result<std::optional<RunRecord>> load_run(RunKey key) = 0;
  // Latest run made by the timetable (scheduled or backfill), by logical date.
  virtual Result<std::optional<DagRun>> latest_automated_run(const std::string& dag_id) = 0;
  // The run before a logical date: any type, or only scheduled ones. Ties never occur (unique per DAG).
  virtual Result<std::optional<DagRun>> previous_run(const std::string& dag_id, Time logical_date,
                                                     bool scheduled_only) = 0;
  // Task instances of one task in one run (several when mapped).
  virtual Result<std::vector<TaskInstance>> task_instances_of(RunKey run, const std::string& task_id) = 0;
  // The volume of a run, if it ever had one; the active one wins over deleted ones.
  virtual Result<std::optional<StagingVolume>> staging_of(RunKey run) = 0;
  // Runs whose active volume is due: finished and not successful, ended before `before`; and volumes without a run.
  virtual Result<std::vector<StagingVolume>> staging_due(Time before) = 0;
};

}  // namespace leoflow
