// SPDX-License-Identifier: Apache-2.0
#include "api/scoped_store.h"

#include <algorithm>

namespace leoflow::api {
namespace {

// The same query, limited to the DAGs that give a role.
template <typename Query>
Result<Query> limited(const Query& query, Scope& scope, Role at_least = Role::viewer) {
  auto dags = scope.dags(at_least);
  if (!dags) return fail(dags);
  Query result = query;
  result.dags_allowed = std::move(*dags);
  return result;
}

// A row, unless it is of a DAG that is not there for the caller.
template <typename Row>
Result<std::optional<Row>> visible(Result<std::optional<Row>> row, Scope& scope,
                                   const std::string& (*dag_of)(const Row&)) {
  if (!row || !*row) return row;
  auto role = scope.role_on(dag_of(**row));
  if (!role) return fail(role);
  if (*role == Role::none) return std::optional<Row>();
  return row;
}

const std::string& dag_of_run(const DagRun& run) { return run.dag_id; }
const std::string& dag_of_backfill(const Backfill& backfill) { return backfill.dag_id; }
const std::string& dag_of_version(const DagVersion& version) { return version.dag_id; }
const std::string& dag_of_dag(const Dag& dag) { return dag.dag_id; }
const std::string& dag_of_row(const TaskInstanceRow& row) { return row.run.dag_id; }

// The ones of a list that are there for the caller.
Result<std::vector<std::string>> readable(std::vector<std::string> dag_ids, Scope& scope) {
  std::vector<std::string> result;
  for (std::string& dag_id : dag_ids) {
    auto role = scope.role_on(dag_id);
    if (!role) return fail(role);
    if (*role != Role::none) result.push_back(std::move(dag_id));
  }
  return result;
}

}  // namespace

Result<Registered> ScopedDagStore::register_version(const DagVersion& version, const Dag& dag,
                                                    const RegisterOptions& options) {
  if (auto status = scope_.check(version.dag_id, Role::op); !status) return fail(status);
  return inner_.register_version(version, dag, options);
}

Result<Registered> ScopedDagStore::activate_version(const std::string& dag_id, int version_number) {
  if (auto status = scope_.check(dag_id, Role::op); !status) return fail(status);
  return inner_.activate_version(dag_id, version_number);
}

Result<PageOf<Dag>> ScopedDagStore::list_dags(const DagQuery& query) {
  auto mine = limited(query, scope_, listed_);
  if (!mine) return fail(mine);
  return inner_.list_dags(*mine);
}

Result<std::optional<Dag>> ScopedDagStore::get_dag(const std::string& dag_id) {
  return visible(inner_.get_dag(dag_id), scope_, dag_of_dag);
}

Result<std::vector<DagTags>> ScopedDagStore::list_tags() {
  auto all = inner_.list_tags();
  if (!all) return all;
  std::erase_if(*all, [&](const DagTags& dag) {
    return scope_.rights().on_dag(dag.dag_id, dag.tags) == Role::none;
  });
  return all;
}

Result<std::vector<std::string>> ScopedDagStore::tags_of(const std::string& dag_id) {
  auto tags = inner_.tags_of(dag_id);
  if (tags && scope_.rights().on_dag(dag_id, *tags) == Role::none) tags->clear();
  return tags;
}

Result<std::vector<std::string>> ScopedDagStore::dags_of_file(const std::string& filename) {
  auto all = inner_.dags_of_file(filename);
  if (!all) return all;
  return readable(std::move(*all), scope_);
}

Status ScopedDagStore::set_paused(const std::string& dag_id, bool paused) {
  if (auto status = scope_.check(dag_id, Role::user); !status) return status;
  return inner_.set_paused(dag_id, paused);
}

Status ScopedDagStore::set_stale(const std::string& dag_id, bool stale) {
  if (auto status = scope_.check(dag_id, Role::user); !status) return status;
  return inner_.set_stale(dag_id, stale);
}

Status ScopedDagStore::delete_dag(const std::string& dag_id) {
  if (auto status = scope_.check(dag_id, Role::user); !status) return status;
  return inner_.delete_dag(dag_id);
}

Result<std::optional<DagVersion>> ScopedDagStore::get_version(DagVersionId id) {
  return visible(inner_.get_version(id), scope_, dag_of_version);
}

Result<std::optional<DagVersion>> ScopedDagStore::get_version(const std::string& dag_id,
                                                              int version_number) {
  return visible(inner_.get_version(dag_id, version_number), scope_, dag_of_version);
}

Result<PageOf<DagVersion>> ScopedDagStore::list_versions(const VersionQuery& query) {
  if (!query.dag_id.empty()) {
    if (auto status = scope_.check(query.dag_id, Role::viewer); !status) return fail(status);
  }
  auto mine = limited(query, scope_);
  if (!mine) return fail(mine);
  return inner_.list_versions(*mine);
}

Status ScopedImportErrorStore::put(const ImportError& error) { return inner_.put(error); }
Status ScopedImportErrorStore::clear(const std::string& filename) { return inner_.clear(filename); }

Result<PageOf<ImportError>> ScopedImportErrorStore::list(const ImportErrorQuery& query) {
  auto mine = limited(query, scope_);
  if (!mine) return fail(mine);
  return inner_.list(*mine);
}

// The error of a file that defines none of the caller's DAGs is not there for them.
Result<std::optional<ImportError>> ScopedImportErrorStore::get(int64_t id) {
  auto error = inner_.get(id);
  if (!error || !*error) return error;
  auto mine = dags_.dags_of_file((*error)->filename);
  if (!mine) return fail(mine);
  if (mine->empty()) return std::optional<ImportError>();
  return error;
}

Result<PageOf<DagRun>> ScopedRunStore::list_runs(const RunQuery& query) {
  auto mine = limited(query, scope_);
  if (!mine) return fail(mine);
  return inner_.list_runs(*mine);
}

Result<std::optional<DagRun>> ScopedRunStore::get_run(const std::string& dag_id,
                                                      const std::string& run_id) {
  return visible(inner_.get_run(dag_id, run_id), scope_, dag_of_run);
}

Result<std::optional<DagRun>> ScopedRunStore::get_run(RunKey key) {
  return visible(inner_.get_run(key), scope_, dag_of_run);
}

Result<PageOf<TaskInstanceRow>> ScopedRunStore::list_task_instances(
    const TaskInstanceQuery& query) {
  auto mine = limited(query, scope_);
  if (!mine) return fail(mine);
  return inner_.list_task_instances(*mine);
}

Result<std::optional<TaskInstanceRow>> ScopedRunStore::get_task_instance(
    const TaskInstanceName& name) {
  return visible(inner_.get_task_instance(name), scope_, dag_of_row);
}

Result<std::vector<TaskTry>> ScopedRunStore::list_tries(TaskInstanceKey key) {
  return inner_.list_tries(key);
}

Result<std::vector<Attempt>> ScopedRunStore::list_attempts(RunKey run) {
  auto row = get_run(run);
  if (!row) return fail(row);
  if (!*row) return std::vector<Attempt>();
  return inner_.list_attempts(run);
}

Result<std::optional<Attempt>> ScopedRunStore::get_attempt(AttemptId id) {
  auto attempt = inner_.get_attempt(id);
  if (!attempt || !*attempt) return attempt;
  auto run = get_run((*attempt)->run);
  if (!run) return fail(run);
  if (!*run) return std::optional<Attempt>();
  return attempt;
}

Result<std::optional<Attempt>> ScopedRunStore::attempt_of_try(TaskInstanceKey key, int try_number) {
  return inner_.attempt_of_try(key, try_number);
}

Result<std::map<std::string, std::map<RunState, int64_t>>> ScopedRunStore::run_counts(
    const std::vector<std::string>& dag_ids) {
  auto mine = dag_ids.empty() ? scope_.dags(Role::viewer) : readable(dag_ids, scope_);
  if (!mine) return fail(mine);
  // An empty list would ask for all.
  if (mine->empty()) return std::map<std::string, std::map<RunState, int64_t>>();
  return inner_.run_counts(*mine);
}

Result<std::optional<DagRun>> ScopedRunStore::previous_successful_run(const std::string& dag_id,
                                                                      std::optional<Time> before) {
  return visible(inner_.previous_successful_run(dag_id, before), scope_, dag_of_run);
}

Status ScopedXComStore::check(RunKey run, Role at_least) {
  auto row = runs_.get_run(run);
  if (!row) return fail(row);
  if (!*row) return fail(Code::not_found, "the run of this XCom does not exist");
  return scope_.check((*row)->dag_id, at_least);
}

Result<PageOf<XComRow>> ScopedXComStore::list(const XComQuery& query) {
  auto mine = limited(query, scope_);
  if (!mine) return fail(mine);
  return inner_.list(*mine);
}

Result<std::optional<XCom>> ScopedXComStore::get(RunKey run, const std::string& task_id,
                                                 int map_index, const std::string& key) {
  if (auto status = check(run, Role::viewer); !status) return fail(status);
  return inner_.get(run, task_id, map_index, key);
}

Status ScopedXComStore::put(const XCom& xcom) {
  if (auto status = check(xcom.run, Role::op); !status) return status;
  return inner_.put(xcom);
}

Result<bool> ScopedXComStore::remove(RunKey run, const std::string& task_id, int map_index,
                                     const std::string& key) {
  if (auto status = check(run, Role::op); !status) return fail(status);
  return inner_.remove(run, task_id, map_index, key);
}

Result<PageOf<StagingVolume>> ScopedStagingStore::list(const StagingQuery& query) {
  auto mine = limited(query, scope_);
  if (!mine) return fail(mine);
  return inner_.list(*mine);
}

Result<PageOf<Backfill>> ScopedBackfillStore::list(const BackfillQuery& query) {
  auto mine = limited(query, scope_);
  if (!mine) return fail(mine);
  return inner_.list(*mine);
}

Result<std::optional<Backfill>> ScopedBackfillStore::get(int64_t id) {
  return visible(inner_.get(id), scope_, dag_of_backfill);
}

Result<PageOf<EventLog>> ScopedEventLogStore::list(const EventLogQuery& query) {
  auto mine = limited(query, scope_);
  if (!mine) return fail(mine);
  return inner_.list(*mine);
}

Result<std::optional<EventLog>> ScopedEventLogStore::get(int64_t id) {
  auto row = inner_.get(id);
  if (!row || !*row) return row;
  if ((*row)->dag_id.empty()) return std::optional<EventLog>();
  auto role = scope_.role_on((*row)->dag_id);
  if (!role) return fail(role);
  if (*role == Role::none) return std::optional<EventLog>();
  return row;
}

Result<RunCounts> ScopedFigureStore::run_counts(const DagsAllowed&) {
  auto mine = scope_.dags(Role::viewer);
  return mine ? inner_.run_counts(std::move(*mine)) : fail(mine);
}

Result<DagCounts> ScopedFigureStore::dag_counts(const DagsAllowed&) {
  auto mine = scope_.dags(Role::viewer);
  return mine ? inner_.dag_counts(std::move(*mine)) : fail(mine);
}

Result<std::vector<RunHour>> ScopedFigureStore::run_hours(const FigureQuery& query) {
  auto mine = limited(query, scope_);
  return mine ? inner_.run_hours(*mine) : fail(mine);
}

Result<std::vector<RunProgress>> ScopedFigureStore::open_runs(const FigureQuery& query) {
  auto mine = limited(query, scope_);
  return mine ? inner_.open_runs(*mine) : fail(mine);
}

Result<std::vector<TaskFailure>> ScopedFigureStore::failures(const FigureQuery& query) {
  auto mine = limited(query, scope_);
  return mine ? inner_.failures(*mine) : fail(mine);
}

Result<TaskFigures> ScopedFigureStore::task_figures(const FigureQuery& query) {
  auto mine = limited(query, scope_);
  return mine ? inner_.task_figures(*mine) : fail(mine);
}

Result<std::vector<PoolUse>> ScopedFigureStore::pool_use() {
  auto all = inner_.pool_use();
  if (!all) return all;
  for (PoolUse& use : *all) {
    auto role = scope_.role_on(use.dag_id);
    if (!role) return fail(role);
    if (*role != Role::none) continue;
    use.dag_id.clear();
    use.task_id.clear();
  }
  return all;
}

ScopedStore::ScopedStore(Store& inner, Scope& scope, Role listed)
    : inner_(inner),
      dags_(inner.dags(), scope, listed),
      import_errors_(inner.import_errors(), dags_, scope),
      runs_(inner.runs(), scope),
      backfills_(inner.backfills(), scope),
      assets_(inner.assets(), scope),
      xcoms_(inner.xcoms(), runs_, scope),
      staging_(inner.staging(), scope),
      event_log_(inner.event_log(), scope),
      figures_(inner.figures(), scope) {}

}  // namespace leoflow::api
