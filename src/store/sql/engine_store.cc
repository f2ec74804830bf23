// SPDX-License-Identifier: Apache-2.0
#include "store/sql/engine_store.h"

#include <algorithm>

#include "store/sql/batch_writer.h"
#include "store/sql/queries_engine.h"
#include "store/sql/rows.h"

namespace leoflow::sql {
namespace {

KeyWatermarks read_watermarks(Row& row) {
  KeyWatermarks marks;
  marks.run = row.integer();
  marks.task_instance = row.integer();
  marks.attempt = row.integer();
  marks.staging = row.integer();
  marks.backfill = row.integer();
  marks.asset_event = row.integer();
  return marks;
}

bool by_key(const TaskInstance& a, const TaskInstance& b) { return a.key < b.key; }

template <typename Value>
Result<std::vector<Value>> select_all(Connection& connection, std::string_view sql, Value (*read)(Row&)) {
  Result<Query> query = connection.query(sql);
  if (!query) return fail(query);
  return read_all(*query, read);
}

template <typename Value>
Result<std::vector<Value>> select_of_run(Connection& connection, std::string_view sql, RunKey run,
                                         Value (*read)(Row&)) {
  Result<Query> query = connection.query(sql);
  if (!query) return fail(query);
  query->bind("$run_key", run);
  return read_all(*query, read);
}

// Hands rows that are sorted by run to the records, which are sorted too.
template <typename Value>
void distribute(std::vector<RunRecord>& records, std::vector<Value>& rows, std::vector<Value> RunRecord::*member) {
  auto record = records.begin();
  for (Value& row : rows) {
    while (record != records.end() && record->run.key < row.run) ++record;
    if (record == records.end()) return;
    if (record->run.key == row.run) ((*record).*member).push_back(std::move(row));
  }
}

Result<std::optional<RunRecord>> complete(Connection& connection, Result<std::optional<DagRun>> run) {
  if (!run) return fail(run);
  if (!*run) return std::optional<RunRecord>();
  RunRecord record;
  record.run = std::move(**run);
  auto tasks = select_of_run(connection, kSelectTaskInstancesOfRun, record.run.key, read_task_instance);
  if (!tasks) return fail(tasks);
  record.task_instances = std::move(*tasks);
  std::ranges::sort(record.task_instances, by_key);
  auto attempts = select_of_run(connection, kSelectOpenAttemptsOfRun, record.run.key, read_attempt);
  if (!attempts) return fail(attempts);
  record.open_attempts = std::move(*attempts);
  return std::optional<RunRecord>(std::move(record));
}

}  // namespace

Status SqlEngineStore::commit(const Batch& batch) {
  if (batch.empty()) return {};
  return database_.write([&](Connection& connection) { return BatchWriter(connection, batch).write(); });
}

Result<KeyWatermarks> SqlEngineStore::watermarks() {
  return database_.read([](Connection& connection) -> Result<KeyWatermarks> {
    Result<Query> query = connection.query(kSelectWatermarks);
    if (!query) return fail(query);
    auto marks = read_one(*query, read_watermarks);
    if (!marks) return fail(marks);
    return marks->value_or(KeyWatermarks{});
  });
}

Result<std::vector<RunRecord>> SqlEngineStore::load_active() {
  return database_.read([](Connection& connection) -> Result<std::vector<RunRecord>> {
    auto runs = select_all(connection, kSelectActiveRuns, read_run);
    if (!runs) return fail(runs);
    auto tasks = select_all(connection, kSelectActiveTaskInstances, read_task_instance);
    if (!tasks) return fail(tasks);
    auto attempts = select_all(connection, kSelectActiveOpenAttempts, read_attempt);
    if (!attempts) return fail(attempts);
    std::vector<RunRecord> records(runs->size());
    for (size_t i = 0; i < runs->size(); ++i) records[i].run = std::move((*runs)[i]);
    distribute(records, *tasks, &RunRecord::task_instances);
    distribute(records, *attempts, &RunRecord::open_attempts);
    for (RunRecord& record : records) std::ranges::sort(record.task_instances, by_key);
    return records;
  });
}

Result<std::vector<Attempt>> SqlEngineStore::load_stray_attempts() {
  return database_.read([](Connection& connection) {
    return select_all(connection, kSelectStrayAttempts, read_attempt);
  });
}

Result<std::optional<RunRecord>> SqlEngineStore::load_run(const std::string& dag_id, const std::string& run_id) {
  return database_.read([&](Connection& connection) -> Result<std::optional<RunRecord>> {
    Result<Query> query = connection.query(kSelectRunByName);
    if (!query) return fail(query);
    query->bind("$dag_id", dag_id).bind("$run_id", run_id);
    return complete(connection, read_one(*query, read_run));
  });
}

Result<std::optional<RunRecord>> SqlEngineStore::load_run(RunKey key) {
  return database_.read([&](Connection& connection) -> Result<std::optional<RunRecord>> {
    Result<Query> query = connection.query(kSelectRunByKey);
    if (!query) return fail(query);
    query->bind("$run_key", key);
    return complete(connection, read_one(*query, read_run));
  });
}

Result<std::optional<DagRun>> SqlEngineStore::latest_automated_run(const std::string& dag_id) {
  return database_.read([&](Connection& connection) -> Result<std::optional<DagRun>> {
    Result<Query> query = connection.query(kSelectLatestAutomatedRun);
    if (!query) return fail(query);
    query->bind("$dag_id", dag_id);
    return read_one(*query, read_run);
  });
}

Result<std::optional<DagRun>> SqlEngineStore::previous_run(const std::string& dag_id, Time logical_date,
                                                           bool scheduled_only) {
  return database_.read([&](Connection& connection) -> Result<std::optional<DagRun>> {
    Result<Query> query = connection.query(scheduled_only ? kSelectPreviousScheduledRun.view()
                                                          : kSelectPreviousRun.view());
    if (!query) return fail(query);
    query->bind("$dag_id", dag_id).bind("$logical_date", logical_date);
    return read_one(*query, read_run);
  });
}

Result<std::vector<TaskInstance>> SqlEngineStore::task_instances_of(RunKey run, const std::string& task_id) {
  return database_.read([&](Connection& connection) -> Result<std::vector<TaskInstance>> {
    Result<Query> query = connection.query(kSelectTaskInstancesOfTask);
    if (!query) return fail(query);
    query->bind("$run_key", run).bind("$task_id", task_id);
    return read_all(*query, read_task_instance);
  });
}

Result<std::optional<StagingVolume>> SqlEngineStore::staging_of(RunKey run) {
  return database_.read([&](Connection& connection) -> Result<std::optional<StagingVolume>> {
    Result<Query> query = connection.query(kSelectVolumeOfRun);
    if (!query) return fail(query);
    query->bind("$run_key", run);
    return read_one(*query, read_volume);
  });
}

Result<std::vector<StagingVolume>> SqlEngineStore::staging_due(Time before) {
  return database_.read([&](Connection& connection) -> Result<std::vector<StagingVolume>> {
    Result<Query> query = connection.query(kSelectVolumesDue);
    if (!query) return fail(query);
    query->bind("$before", before);
    return read_all(*query, read_volume);
  });
}

}  // namespace leoflow::sql
