// SPDX-License-Identifier: Apache-2.0
// The store as a caller with a Scope sees it: rows of other DAGs are not there. What belongs to no
// DAG passes through; routes guard it.
#pragma once

#include <memory>

#include "api/scope.h"
#include "api/scoped_assets.h"
#include "store/store.h"

namespace leoflow::api {

class ScopedDagStore final : public DagStore {
 public:
  // Lists show the DAGs with at least the role that the route needs: they are listed to be acted
  // on.
  ScopedDagStore(DagStore& inner, Scope& scope, Role listed)
      : inner_(inner), scope_(scope), listed_(listed) {}

  Result<Registered> register_version(const DagVersion& version, const Dag& dag,
                                      const RegisterOptions& options) override;
  Result<Registered> activate_version(const std::string& dag_id, int version_number) override;
  Result<PageOf<Dag>> list_dags(const DagQuery& query) override;
  Result<std::optional<Dag>> get_dag(const std::string& dag_id) override;
  Result<std::vector<DagTags>> list_tags() override;
  Result<std::vector<std::string>> tags_of(const std::string& dag_id) override;
  Result<std::vector<std::string>> dags_of_file(const std::string& filename) override;
  Status set_paused(const std::string& dag_id, bool paused) override;
  Status set_stale(const std::string& dag_id, bool stale) override;
  Status delete_dag(const std::string& dag_id) override;
  Result<std::optional<DagVersion>> get_version(DagVersionId id) override;
  Result<std::optional<DagVersion>> get_version(const std::string& dag_id,
                                                int version_number) override;
  Result<PageOf<DagVersion>> list_versions(const VersionQuery& query) override;

 private:
  DagStore& inner_;
  Scope& scope_;
  Role listed_;
};

class ScopedImportErrorStore final : public ImportErrorStore {
 public:
  ScopedImportErrorStore(ImportErrorStore& inner, DagStore& dags, Scope& scope)
      : inner_(inner), dags_(dags), scope_(scope) {}

  Status put(const ImportError& error) override;
  Status clear(const std::string& filename) override;
  Result<PageOf<ImportError>> list(const ImportErrorQuery& query) override;
  Result<std::optional<ImportError>> get(int64_t id) override;

 private:
  ImportErrorStore& inner_;
  DagStore& dags_;  // scoped
  Scope& scope_;
};

class ScopedRunStore final : public RunStore {
 public:
  ScopedRunStore(RunStore& inner, Scope& scope) : inner_(inner), scope_(scope) {}

  Result<PageOf<DagRun>> list_runs(const RunQuery& query) override;
  Result<std::optional<DagRun>> get_run(const std::string& dag_id,
                                        const std::string& run_id) override;
  Result<std::optional<DagRun>> get_run(RunKey key) override;
  Result<PageOf<TaskInstanceRow>> list_task_instances(const TaskInstanceQuery& query) override;
  Result<std::optional<TaskInstanceRow>> get_task_instance(const TaskInstanceName& name) override;
  // Keys of task instances come from rows that this store has shown.
  Result<std::vector<TaskTry>> list_tries(TaskInstanceKey key) override;
  Result<std::vector<Attempt>> list_attempts(RunKey run) override;
  Result<std::optional<Attempt>> get_attempt(AttemptId id) override;
  Result<std::optional<Attempt>> attempt_of_try(TaskInstanceKey key, int try_number) override;
  Result<std::map<std::string, std::map<RunState, int64_t>>> run_counts(
      const std::vector<std::string>& dag_ids) override;
  Result<std::optional<DagRun>> previous_successful_run(const std::string& dag_id,
                                                        std::optional<Time> before) override;

 private:
  RunStore& inner_;
  Scope& scope_;
};

class ScopedXComStore final : public XComStore {
 public:
  ScopedXComStore(XComStore& inner, RunStore& runs, Scope& scope)
      : inner_(inner), runs_(runs), scope_(scope) {}

  Result<PageOf<XComRow>> list(const XComQuery& query) override;
  Result<std::optional<XCom>> get(RunKey run, const std::string& task_id, int map_index,
                                  const std::string& key) override;
  Status put(const XCom& xcom) override;
  Result<bool> remove(RunKey run, const std::string& task_id, int map_index,
                      const std::string& key) override;

 private:
  // Whether the run's DAG gives a role.
  Status check(RunKey run, Role at_least);

  XComStore& inner_;
  RunStore& runs_;  // scoped
  Scope& scope_;
};

class ScopedStagingStore final : public StagingStore {
 public:
  ScopedStagingStore(StagingStore& inner, Scope& scope) : inner_(inner), scope_(scope) {}
  Result<PageOf<StagingVolume>> list(const StagingQuery& query) override;

 private:
  StagingStore& inner_;
  Scope& scope_;
};

class ScopedBackfillStore final : public BackfillStore {
 public:
  ScopedBackfillStore(BackfillStore& inner, Scope& scope) : inner_(inner), scope_(scope) {}
  Result<PageOf<Backfill>> list(const BackfillQuery& query) override;
  Result<std::optional<Backfill>> get(int64_t id) override;
  // Of a backfill that this store has shown.
  Result<BackfillProgress> progress(int64_t id) override { return inner_.progress(id); }
  Result<std::vector<BackfillRun>> runs_of(int64_t id) override { return inner_.runs_of(id); }

 private:
  BackfillStore& inner_;
  Scope& scope_;
};

class ScopedEventLogStore final : public EventLogStore {
 public:
  ScopedEventLogStore(EventLogStore& inner, Scope& scope) : inner_(inner), scope_(scope) {}
  Status add(const EventLog& row) override { return inner_.add(row); }
  Result<PageOf<EventLog>> list(const EventLogQuery& query) override;
  Result<std::optional<EventLog>> get(int64_t id) override;

 private:
  EventLogStore& inner_;
  Scope& scope_;
};

class ScopedFigureStore final : public FigureStore {
 public:
  ScopedFigureStore(FigureStore& inner, Scope& scope) : inner_(inner), scope_(scope) {}
  Result<RunCounts> run_counts(const DagsAllowed& dags) override;
  Result<DagCounts> dag_counts(const DagsAllowed& dags) override;
  Result<std::vector<RunHour>> run_hours(const FigureQuery& query) override;
  Result<std::vector<RunProgress>> open_runs(const FigureQuery& query) override;
  Result<std::vector<TaskFailure>> failures(const FigureQuery& query) override;
  Result<TaskFigures> task_figures(const FigureQuery& query) override;
  // What other DAGs hold is told without their names: it is why a pool is full.
  Result<std::vector<PoolUse>> pool_use() override;
  Result<std::map<std::string, int64_t>> open_attempts() override { return inner_.open_attempts(); }

 private:
  FigureStore& inner_;
  Scope& scope_;
};

class ScopedStore final : public Store {
 public:
  // inner and scope outlive this.
  ScopedStore(Store& inner, Scope& scope, Role listed);

  EngineStore& engine() override { return inner_.engine(); }
  DagStore& dags() override { return dags_; }
  ImportErrorStore& import_errors() override { return import_errors_; }
  RunStore& runs() override { return runs_; }
  BackfillStore& backfills() override { return backfills_; }
  AssetStore& assets() override { return assets_; }
  XComStore& xcoms() override { return xcoms_; }
  SecretStore& secrets() override { return inner_.secrets(); }
  PoolStore& pools() override { return inner_.pools(); }
  StagingStore& staging() override { return staging_; }
  UserStore& users() override { return inner_.users(); }
  SessionStore& sessions() override { return inner_.sessions(); }
  EventLogStore& event_log() override { return event_log_; }
  SettingStore& settings() override { return inner_.settings(); }
  // Of the caller's own name; lists of DAGs are limited elsewhere.
  FavoriteStore& favorites() override { return inner_.favorites(); }
  FigureStore& figures() override { return figures_; }
  RetentionStore& retention() override { return inner_.retention(); }

 private:
  Store& inner_;
  ScopedDagStore dags_;
  ScopedImportErrorStore import_errors_;
  ScopedRunStore runs_;
  ScopedBackfillStore backfills_;
  ScopedAssetStore assets_;
  ScopedXComStore xcoms_;
  ScopedStagingStore staging_;
  ScopedEventLogStore event_log_;
  ScopedFigureStore figures_;
};

}  // namespace leoflow::api
