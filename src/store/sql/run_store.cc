// SPDX-License-Identifier: Apache-2.0
#include "store/sql/run_store.h"

#include "store/sql/bind_rows.h"
#include "store/sql/queries_runs.h"
#include "store/sql/rows.h"

namespace leoflow::sql {
namespace {

XComRow read_xcom_row(Row& row) {
  XComRow result;
  result.xcom = read_xcom(row);
  result.dag_id = row.text();
  result.run_id = row.text();
  result.version = row.id<DagVersionId>();
  result.logical_date = row.time_or_null();
  result.run_after = row.time();
  return result;
}

struct StateCount {
  std::string dag_id;
  RunState state = RunState::queued;
  int64_t count = 0;
};

StateCount read_state_count(Row& row) {
  StateCount result;
  result.dag_id = row.text();
  result.state = row.name(parse_run_state);
  result.count = row.integer();
  return result;
}

}  // namespace

Result<std::optional<DagRun>> SqlRunStore::get_run(const std::string& dag_id, const std::string& run_id) {
  return database_.read([&](Connection& connection) -> Result<std::optional<DagRun>> {
    Result<Query> query = connection.query(kSelectRunByName);
    if (!query) return fail(query);
    query->bind("$dag_id", dag_id).bind("$run_id", run_id);
    return read_one(*query, read_run);
  });
}

Result<std::optional<DagRun>> SqlRunStore::get_run(RunKey key) {
  return database_.read([&](Connection& connection) -> Result<std::optional<DagRun>> {
    Result<Query> query = connection.query(kSelectRunByKey);
    if (!query) return fail(query);
    query->bind("$run_key", key.value);
    return read_one(*query, read_run);
  });
}

Result<std::optional<TaskInstanceRow>> SqlRunStore::get_task_instance(const TaskInstanceName& name) {
  return database_.read([&](Connection& connection) -> Result<std::optional<TaskInstanceRow>> {
    Result<Query> query = connection.query(kSelectTaskInstanceByName);
    if (!query) return fail(query);
    query->bind("$dag_id", name.dag_id)
        .bind("$run_id", name.run_id)
        .bind("$task_id", name.task_id)
        .bind("$map_index", name.map_index);
    return read_one(*query, read_task_instance_row);
  });
}

Result<std::vector<TaskTry>> SqlRunStore::list_tries(TaskInstanceKey key) {
  return database_.read([&](Connection& connection) -> Result<std::vector<TaskTry>> {
    Result<Query> query = connection.query(kSelectTries);
    if (!query) return fail(query);
    query->bind("$task_instance_key", key);
    return read_all(*query, read_try);
  });
}

Result<std::vector<Attempt>> SqlRunStore::list_attempts(RunKey run) {
  return database_.read([&](Connection& connection) -> Result<std::vector<Attempt>> {
    Result<Query> query = connection.query(kSelectAttemptsOfRun);
    if (!query) return fail(query);
    query->bind("$run_key", run);
    return read_all(*query, read_attempt);
  });
}

Result<std::optional<Attempt>> SqlRunStore::get_attempt(AttemptId id) {
  return database_.read([&](Connection& connection) -> Result<std::optional<Attempt>> {
    Result<Query> query = connection.query(kSelectAttempt);
    if (!query) return fail(query);
    query->bind("$attempt_id", id);
    return read_one(*query, read_attempt);
  });
}

Result<std::optional<Attempt>> SqlRunStore::attempt_of_try(TaskInstanceKey key, int try_number) {
  return database_.read([&](Connection& connection) -> Result<std::optional<Attempt>> {
    Result<Query> query = connection.query(kSelectAttemptOfTry);
    if (!query) return fail(query);
    query->bind("$task_instance_key", key).bind("$try_number", try_number);
    return read_one(*query, read_attempt);
  });
}

Result<std::map<std::string, std::map<RunState, int64_t>>> SqlRunStore::run_counts(
    const std::vector<std::string>& dag_ids) {
  using Counts = std::map<std::string, std::map<RunState, int64_t>>;
  Where where;
  where.in("counted.dag_id", "$dag_ids", dag_ids);
  std::string sql = std::string(kSelectRunCounts.view()) + where.text();
  return database_.read([&](Connection& connection) -> Result<Counts> {
    Result<Query> query = connection.query(sql);
    if (!query) return fail(query);
    where.bind_to(*query);
    auto rows = read_all(*query, read_state_count);
    if (!rows) return fail(rows);
    Counts counts;
    for (const StateCount& row : *rows) counts[row.dag_id][row.state] = row.count;
    return counts;
  });
}

Result<std::optional<DagRun>> SqlRunStore::previous_successful_run(const std::string& dag_id,
                                                                   std::optional<Time> before) {
  return database_.read([&](Connection& connection) -> Result<std::optional<DagRun>> {
    Result<Query> query = connection.query(before ? kSelectPreviousSuccess.view() : kSelectLatestSuccess.view());
    if (!query) return fail(query);
    query->bind("$dag_id", dag_id);
    if (before) query->bind("$logical_date", *before);
    return read_one(*query, read_run);
  });
}

Result<PageOf<XComRow>> SqlXComStore::list(const XComQuery& query) {
  Where where;
  where.only("run.dag_id", "$dags_allowed", query.dags_allowed);
  where.equal("run.dag_id", "$dag_id", query.dag_id);
  where.equal("run.run_id", "$run_id", query.run_id);
  where.equal("xcom.task_id", "$task_id", query.task_id);
  where.equal("xcom.key", "$key", query.key);
  where.matches("xcom.key", "$key_pattern", query.key_pattern);
  where.matches("run.run_id", "$run_id_pattern", query.run_id_pattern);
  where.matches("xcom.task_id", "$task_id_pattern", query.task_id_pattern);
  if (!query.dag_name_pattern.empty()) {
    where.add(kRunDagNamedOpen);
    where.matches("dag.display_name", "$dag_name_pattern", query.dag_name_pattern);
    where.add(kRunDagNamedClose);
  }
  where.range("run.logical_date", "$logical_date", query.logical_date);
  where.range("run.run_after", "$run_after", query.run_after);
  if (query.map_index) where.add(kXComMapIndex, "$map_index", static_cast<int64_t>(*query.map_index));
  ListQuery list{kListXComs, kCountXComs, kXComOrder, kXComKey};
  return database_.read(
      [&](Connection& connection) { return read_page(connection, list, where, query.page, read_xcom_row); });
}

Result<std::optional<XCom>> SqlXComStore::get(RunKey run, const std::string& task_id, int map_index,
                                              const std::string& key) {
  return database_.read([&](Connection& connection) -> Result<std::optional<XCom>> {
    Result<Query> query = connection.query(kSelectXCom);
    if (!query) return fail(query);
    query->bind("$run_key", run).bind("$task_id", task_id).bind("$map_index", map_index).bind("$key", key);
    return read_one(*query, read_xcom);
  });
}

Status SqlXComStore::put(const XCom& xcom) {
  return database_.write([&](Connection& connection) -> Status {
    Result<Query> query = connection.query(kUpsertXCom);
    if (!query) return fail(query);
    bind_xcom(*query, xcom);
    Result<int64_t> changed = query->run();
    if (!changed) return fail(changed);
    if (*changed == 0) return fail(Code::not_found, "the run of this XCom does not exist");
    return {};
  });
}

Result<bool> SqlXComStore::remove(RunKey run, const std::string& task_id, int map_index, const std::string& key) {
  return database_.write([&](Connection& connection) -> Result<bool> {
    Result<Query> query = connection.query(kDeleteXCom);
    if (!query) return fail(query);
    query->bind("$run_key", run).bind("$task_id", task_id).bind("$map_index", map_index).bind("$key", key);
    Result<int64_t> changed = query->run();
    if (!changed) return fail(changed);
    return *changed > 0;
  });
}

}  // namespace leoflow::sql
