// SPDX-License-Identifier: Apache-2.0
// The engine and the workspace as a caller with a Scope sees them.
#pragma once

#include <memory>

#include "api/scope.h"
#include "api/workspace_port.h"
#include "engine/engine.h"
#include "store/asset_store.h"

namespace leoflow::api {

// Changes need the role User on their DAG, questions Viewer; changes of other DAGs are not told.
class ScopedEngine final : public Engine {
 public:
  // inner and assets (the unscoped ones) outlive this; subscriptions keep the scope.
  ScopedEngine(Engine& inner, AssetStore& assets, std::shared_ptr<Scope> scope)
      : inner_(inner), assets_(assets), scope_(std::move(scope)) {}

  void trigger(TriggerRequest request, Reply<DagRun> reply) override;
  void clear(ClearRequest request, Reply<std::vector<Touched>> reply) override;
  void mark_task(MarkTaskRequest request, Reply<std::vector<Touched>> reply) override;
  void mark_run(MarkRunRequest request, Reply<DagRun> reply) override;
  void delete_run(std::string dag_id, std::string run_id, Reply<bool> reply) override;
  void delete_task(TaskInstanceName name, Reply<bool> reply) override;
  void backfill(BackfillRequest request, Reply<Backfill> reply) override;
  void move_backfill(std::string dag_id, int64_t id, BackfillMove move,
                     Reply<Backfill> reply) override;
  void set_paused(std::string dag_id, bool paused, Reply<bool> reply) override;
  // The role has to hold on every DAG that waits for the asset.
  void create_asset_event(AssetEventRequest request, Reply<AssetEvent> reply) override;
  // Of the DAGs on which the role holds.
  void forget_queued_assets(QueuedAssets which, Reply<int64_t> reply) override;
  void dag_changed(std::string dag_id) override;
  void pools_changed() override { inner_.pools_changed(); }
  void import_errors_changed() override { inner_.import_errors_changed(); }
  void reasons(std::string dag_id, std::string run_id, Reply<std::vector<Reason>> reply) override;
  std::shared_ptr<void> subscribe(Listener listener) override;
  std::optional<std::vector<Change>> changes_since(uint64_t sequence) const override;
  EngineStats stats() const override { return inner_.stats(); }

 private:
  Engine& inner_;
  AssetStore& assets_;
  const std::shared_ptr<Scope> scope_;  // shared with listeners, which the engine may still call
};

class ScopedWorkspace final : public WorkspacePort {
 public:
  // Collaborators outlive this; dags is the unscoped one.
  ScopedWorkspace(WorkspacePort& inner, DagStore& dags, Scope& scope)
      : inner_(inner), dags_(dags), scope_(scope) {}

  WorkspaceState workspace() override { return inner_.workspace(); }
  std::vector<EnvironmentState> environments() override { return inner_.environments(); }
  Result<std::string> build_log(const std::string& hash) override {
    return inner_.build_log(hash);
  }
  std::vector<DoctorCheck> doctor() override { return inner_.doctor(); }
  // Every DAG of the file is compiled again, so the caller needs the role User on each.
  Status reparse(const std::string& relative_fileloc) override;

 private:
  WorkspacePort& inner_;
  DagStore& dags_;
  Scope& scope_;
};

}  // namespace leoflow::api
