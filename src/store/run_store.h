// SPDX-License-Identifier: Apache-2.0
// Reading runs, task instances, tries, attempts and XComs: the queries behind the REST API. Only the engine writes
// these tables (EngineStore), except XComs edited by hand.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/entities.h"
#include "store/page.h"

namespace leoflow {

struct RunQuery {
  std::string dag_id;                          // empty = all
  std::vector<std::string> dag_ids;            // any of these; empty = all
  TextPattern dag_id_pattern, run_id_pattern, user_pattern;
  std::vector<RunState> states;
  std::vector<RunType> types;
  std::vector<int> version_numbers;
  std::string bundle_version;
  std::string conf_contains;
  std::string consuming_asset;  // part of name or URI of an asset whose events it consumed
  Range<Time> run_after, logical_date, start_date, end_date, updated_at;
  Range<double> duration;                      // seconds
  Page page;                                   // id, run_after, logical_date, start_date, end_date, state, dag_id, ...
  DagsAllowed dags_allowed;
};

struct TaskInstanceQuery {
  std::string dag_id, run_id;                  // empty = all
  std::vector<std::string> dag_ids, run_ids, task_ids;  // any of these; empty = all
  std::string task_id;
  TextPattern dag_id_pattern, run_id_pattern, task_id_pattern;
  TextPattern pool_pattern, queue_pattern, operator_pattern;
  TextPattern rendered_index_pattern;  // of the map index as it is shown; unmapped have none
  std::vector<std::optional<TaskState>> states;  // nullopt = the null state
  std::vector<std::string> pools, queues, operators;
  std::vector<std::string> executors;          // of the current attempt
  std::vector<int> try_numbers, map_indexes, version_numbers;
  Range<Time> run_after, logical_date, start_date, end_date, updated_at;
  Range<double> duration;
  Page page;                                   // map_index, start_date, end_date, state, duration, id, ...
  DagsAllowed dags_allowed;
};

// A task instance with the columns of its run that answers carry.
struct TaskInstanceRow {
  TaskInstance task_instance;
  DagRun run;
  DagVersionId version;                        // of the current try
  std::string rendered_fields = "{}";
  std::optional<Attempt> attempt;              // current attempt: pid, hostname, executor
};

// Blocking; any thread.
class RunStore {
 public:
  virtual ~RunStore() = default;

  virtual Result<PageOf<DagRun>> list_runs(const RunQuery& query) = 0;
  virtual Result<std::optional<DagRun>> get_run(const std::string& dag_id, const std::string& run_id) = 0;
  virtual Result<std::optional<DagRun>> get_run(RunKey key) = 0;
  virtual Result<PageOf<TaskInstanceRow>> list_task_instances(const TaskInstanceQuery& query) = 0;
  virtual Result<std::optional<TaskInstanceRow>> get_task_instance(const TaskInstanceName& name) = 0;
  // Finished tries, by try number; the current try is not among them.
  virtual Result<std::vector<TaskTry>> list_tries(TaskInstanceKey key) = 0;
  virtual Result<std::vector<Attempt>> list_attempts(RunKey run) = 0;
  virtual Result<std::optional<Attempt>> get_attempt(AttemptId id) = 0;
  // The last attempt of one try, whose log is the try's log.
  virtual Result<std::optional<Attempt>> attempt_of_try(TaskInstanceKey key, int try_number) = 0;
  // Number of runs by state for each DAG (all DAGs when the list is empty).
  virtual Result<std::map<std::string, std::map<RunState, int64_t>>> run_counts(
      const std::vector<std::string>& dag_ids) = 0;
  // Latest successful run of a DAG before a logical date (prev_*_success of the task context).
  virtual Result<std::optional<DagRun>> previous_successful_run(const std::string& dag_id,
                                                                std::optional<Time> before) = 0;
};

struct XComQuery {
  std::string dag_id, run_id, task_id;         // empty = all
  std::string key;
  TextPattern key_pattern, run_id_pattern, task_id_pattern, dag_name_pattern;
  Range<Time> logical_date, run_after;         // of the run
  std::optional<int> map_index;
  Page page;
  DagsAllowed dags_allowed;
};

// An XCom with the names answers carry.
struct XComRow {
  XCom xcom;
  std::string dag_id, run_id;
  DagVersionId version;  // of the run
  std::optional<Time> logical_date;
  Time run_after{};
};

// Blocking; any thread.
class XComStore {
 public:
  virtual ~XComStore() = default;

  virtual Result<PageOf<XComRow>> list(const XComQuery& query) = 0;
  virtual Result<std::optional<XCom>> get(RunKey run, const std::string& task_id, int map_index,
                                          const std::string& key) = 0;
  virtual Status put(const XCom& xcom) = 0;
  virtual Result<bool> remove(RunKey run, const std::string& task_id, int map_index, const std::string& key) = 0;
};

}  // namespace leoflow
