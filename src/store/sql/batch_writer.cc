// SPDX-License-Identifier: Apache-2.0
#include "store/sql/batch_writer.h"

#include "model/duration_bucket.h"
#include "store/sql/asset_rows.h"
#include "store/sql/backfill_store.h"
#include "store/sql/bind_rows.h"
#include "store/sql/figure_store.h"
#include "store/sql/queries_backfills.h"
#include "store/sql/queries_figures.h"
#include "store/sql/rows.h"

namespace leoflow::sql {
namespace {

enum class Expect { anything, one_row };

Error changed_meanwhile() {
  return Error(Code::conflict, "a row was changed by another writer", "the engine reloads and decides again");
}

// One statement for all rows of a kind: `bind(query, row)` fills it; rows for which `skip` holds are left out.
template <typename Value, typename Skip, typename Bind>
Status for_each_row(Connection& connection, std::string_view sql, const std::vector<Value>& rows, Expect expect,
                    Skip&& skip, Bind&& bind) {
  if (rows.empty()) return {};
  Result<Query> query = connection.query(sql);
  if (!query) return fail(query);
  for (const Value& row : rows) {
    if (skip(row)) continue;
    bind(*query, row);
    Result<int64_t> changed = query->run();
    // A key that is taken means a second writer as much as a stale stamp does.
    if (!changed && changed.error().code() == Code::exists) return fail(changed_meanwhile());
    if (!changed) return fail(changed);
    if (expect == Expect::one_row && *changed == 0) return fail(changed_meanwhile());
  }
  return {};
}

constexpr auto kKeepAll = [](const auto&) { return false; };

}  // namespace

BatchWriter::BatchWriter(Connection& connection, const Batch& batch)
    : connection_(connection), batch_(batch), deleted_(batch.runs_deleted.begin(), batch.runs_deleted.end()) {}

Status BatchWriter::write() {
  using Step = Status (BatchWriter::*)();
  constexpr Step kSteps[] = {
      &BatchWriter::delete_runs,
      &BatchWriter::delete_task_instances,
      &BatchWriter::insert_runs,
      &BatchWriter::update_runs,
      &BatchWriter::insert_task_instances,
      &BatchWriter::update_task_instances,
      &BatchWriter::insert_attempts,
      &BatchWriter::update_attempts,
      &BatchWriter::upsert_tries,
      &BatchWriter::clear_xcoms,
      &BatchWriter::upsert_xcoms,
      &BatchWriter::upsert_rendered,
      &BatchWriter::insert_staging,
      &BatchWriter::update_staging,
      &BatchWriter::plan_dags,
      &BatchWriter::insert_events,
      &BatchWriter::count_task_ends,
      &BatchWriter::write_backfills,
      &BatchWriter::write_assets,
  };
  for (Step step : kSteps) {
    if (Status done = (this->*step)(); !done) return done;
  }
  return {};
}

Status BatchWriter::delete_runs() {
  return for_each_row(connection_, kDeleteRun, batch_.runs_deleted, Expect::anything, kKeepAll,
                      [](Query& query, RunKey run) { query.bind("$run_key", run); });
}

Status BatchWriter::delete_task_instances() {
  for (std::string_view sql :
       {kClearXComs.view(), kDeleteAttempts.view(), kDeleteTaskInstance.view()}) {
    auto deleted = for_each_row(
        connection_, sql, batch_.task_instances_deleted, Expect::anything, kKeepAll,
        [](Query& query, TaskInstanceKey key) { query.bind("$task_instance_key", key); });
    if (!deleted) return deleted;
  }
  return {};
}

Status BatchWriter::insert_runs() {
  return for_each_row(connection_, kInsertRun, batch_.runs_inserted, Expect::one_row,
                      [this](const DagRun& run) { return deleted(run.key); }, bind_run_inserted);
}

Status BatchWriter::update_runs() {
  return for_each_row(connection_, kUpdateRun, batch_.runs_updated, Expect::one_row,
                      [this](const DagRun& run) { return deleted(run.key); }, bind_run_updated);
}

Status BatchWriter::insert_task_instances() {
  return for_each_row(connection_, kInsertTaskInstance, batch_.task_instances_inserted, Expect::one_row,
                      [this](const TaskInstance& task) { return deleted(task.run); }, bind_task_instance_inserted);
}

Status BatchWriter::update_task_instances() {
  return for_each_row(connection_, kUpdateTaskInstance, batch_.task_instances_updated, Expect::one_row,
                      [this](const TaskInstance& task) { return deleted(task.run); }, bind_task_instance_updated);
}

Status BatchWriter::insert_attempts() {
  return for_each_row(connection_, kInsertAttempt, batch_.attempts_inserted, Expect::one_row,
                      [this](const Attempt& attempt) { return deleted(attempt.run); }, bind_attempt_inserted);
}

Status BatchWriter::update_attempts() {
  return for_each_row(connection_, kUpdateAttempt, batch_.attempts_updated, Expect::one_row,
                      [this](const Attempt& attempt) { return deleted(attempt.run); }, bind_attempt_updated);
}

Status BatchWriter::upsert_tries() {
  return for_each_row(connection_, kUpsertTry, batch_.tries, Expect::anything, kKeepAll, bind_try);
}

Status BatchWriter::clear_xcoms() {
  return for_each_row(connection_, kClearXComs, batch_.xcoms_cleared, Expect::anything, kKeepAll,
                      [](Query& query, TaskInstanceKey key) { query.bind("$task_instance_key", key); });
}

Status BatchWriter::upsert_xcoms() {
  return for_each_row(connection_, kUpsertXCom, batch_.xcoms, Expect::anything, kKeepAll, bind_xcom);
}

Status BatchWriter::upsert_rendered() {
  return for_each_row(connection_, kUpsertRendered, batch_.rendered, Expect::anything, kKeepAll,
                      [](Query& query, const RenderedFields& rendered) {
                        query.bind("$task_instance_key", rendered.task_instance).bind("$fields", rendered.fields);
                      });
}

Status BatchWriter::insert_staging() {
  return for_each_row(connection_, kInsertVolume, batch_.staging_inserted, Expect::one_row,
                      [this](const StagingVolume& volume) { return deleted(volume.run); }, bind_volume_inserted);
}

// Volumes outlive their runs: also one of a run deleted here is brought up to date.
Status BatchWriter::update_staging() {
  return for_each_row(connection_, kUpdateVolume, batch_.staging_updated, Expect::one_row, kKeepAll,
                      bind_volume_updated);
}

Status BatchWriter::plan_dags() {
  return for_each_row(connection_, kPlanDag, batch_.dags_planned, Expect::anything, kKeepAll, bind_dag_plan);
}

Status BatchWriter::write_backfills() {
  auto inserted = for_each_row(connection_, kInsertBackfill, batch_.backfills_inserted,
                               Expect::one_row, kKeepAll, bind_backfill_inserted);
  if (!inserted) return inserted;
  auto updated = for_each_row(connection_, kUpdateBackfill, batch_.backfills_updated,
                              Expect::anything, kKeepAll, bind_backfill_updated);
  if (!updated) return updated;
  return for_each_row(connection_, kInsertBackfillRun, batch_.backfill_runs, Expect::one_row,
                      kKeepAll, [this](Query& query, const BackfillRun& made) {
                        std::optional<RunKey> run = made.run;
                        if (!made.run || deleted(made.run)) run.reset();
                        query.bind("$backfill_id", made.backfill)
                            .bind("$ordinal", made.ordinal)
                            .bind("$logical_date", made.logical_date)
                            .bind("$run_key", run)
                            .bind("$exception", made.exception);
                      });
}

Status BatchWriter::write_assets() {
  return sql::write_assets(connection_, batch_.assets, deleted_);
}

Status BatchWriter::insert_events() {
  return for_each_row(connection_, kInsertEvent, batch_.events, Expect::one_row, kKeepAll, bind_event);
}

namespace {

struct TaskClass {
  int64_t day = 0;
  std::string_view dag_id, task_id;
  int bucket = 0;
  auto operator<=>(const TaskClass&) const = default;
};
struct TaskCounts {
  int64_t tries = 0, failures = 0, retries = 0, took = 0;
};

}  // namespace

// One row for all ends of a task of like duration: a batch often holds many.
Status BatchWriter::count_task_ends() {
  if (batch_.task_ends.empty()) return {};
  std::map<TaskClass, TaskCounts> classes;
  for (const TaskEnd& end : batch_.task_ends) {
    TaskCounts& counts =
        classes[{day_of(end.at), end.dag_id, end.task_id, duration_bucket(end.took)}];
    ++counts.tries;
    if (end.kind == TaskEnd::Kind::failed) ++counts.failures;
    if (end.kind == TaskEnd::Kind::retried) ++counts.retries;
    counts.took += end.took.count();
  }
  Result<Query> query = connection_.query(kCountTaskEnd);
  if (!query) return fail(query);
  for (const auto& [name, counts] : classes) {
    query->bind("$day", name.day).bind("$dag_id", name.dag_id).bind("$task_id", name.task_id);
    query->bind("$bucket", name.bucket).bind("$tries", counts.tries);
    query->bind("$failures", counts.failures).bind("$retries", counts.retries);
    Result<int64_t> changed = query->bind("$took", counts.took).run();
    if (!changed) return fail(changed);
  }
  return {};
}

}  // namespace leoflow::sql
