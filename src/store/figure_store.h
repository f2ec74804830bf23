// SPDX-License-Identifier: Apache-2.0
// Figures over many runs: counts, runs per hour, how long tasks take, who holds a pool. They come
// from counters that change in the transaction that changes the runs, or from what is open now, so
// that their cost does not grow with the history.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/entities.h"
#include "store/page.h"

namespace leoflow {

// How far back the counters go; older ones are deleted by retention.
constexpr Duration kRunHoursKept = std::chrono::days(15);
constexpr Duration kTaskDaysKept = std::chrono::days(62);

using RunCounts = std::map<RunState, int64_t>;

// The runs whose last change (end, else start, else queueing) fell into one hour.
struct RunHour {
  Time hour{};
  RunCounts runs;
};

// A run that is under way, with how far it is.
struct RunProgress {
  DagRun run;
  std::map<TaskState, int64_t> tasks;
};

// A task instance that failed for good.
struct TaskFailure {
  std::string dag_id, run_id, task_id;
  int map_index = kUnmapped;
  int try_number = 0;
  std::optional<Time> start_date, end_date;
  std::string reason;
  std::string map_label;  // of a mapped one; empty = none
};

// The ended tries of one task in a range of whole UTC days. Durations are told to about 10 %.
struct TaskFigure {
  std::string dag_id, task_id;
  int64_t tries = 0, failures = 0, retries = 0;  // failures end a task instance, retries do not
  Duration mean{0}, p50{0}, p95{0};
  std::optional<Duration> p50_before;  // in the range of the same length before it
};

struct TaskFigures {
  Time since{};                      // start of the first day looked at
  std::vector<TaskFigure> slowest;   // by p95
  std::vector<TaskFigure> flakiest;  // by (failures + retries) / tries; always failing is last
};

struct FigureQuery {
  Time since{}, until{};
  int rows_max = 10;
  DagsAllowed dags_allowed;
};

// Task instances of one task that hold slots of a pool or wait for them.
struct PoolUse {
  std::string pool, dag_id,
      task_id;  // dag_id and task_id empty: of DAGs that the asker may not see
  TaskState state = TaskState::running;
  int64_t task_instances = 0, slots = 0;
  std::optional<Time> since;  // the oldest of them
};

// How many DAGs there are: all, not paused, and those whose last run failed.
struct DagCounts {
  int64_t total = 0, active = 0, failing = 0;
};

// Blocking; any thread.
class FigureStore {
 public:
  virtual ~FigureStore() = default;
  virtual Result<RunCounts> run_counts(const DagsAllowed& dags) = 0;
  virtual Result<DagCounts> dag_counts(const DagsAllowed& dags) = 0;
  // Every hour from since to until that has runs, oldest first.
  virtual Result<std::vector<RunHour>> run_hours(const FigureQuery& query) = 0;
  // Open runs, those that started last first, then the queued ones.
  virtual Result<std::vector<RunProgress>> open_runs(const FigureQuery& query) = 0;
  // Newest first, not older than since.
  virtual Result<std::vector<TaskFailure>> failures(const FigureQuery& query) = 0;
  virtual Result<TaskFigures> task_figures(const FigureQuery& query) = 0;
  // By pool; what runs before what waits.
  virtual Result<std::vector<PoolUse>> pool_use() = 0;
  // Attempts that have not ended, by agent; those that no agent has are under "".
  virtual Result<std::map<std::string, int64_t>> open_attempts() = 0;
};

}  // namespace leoflow
