// SPDX-License-Identifier: Apache-2.0
// The Store on one SQLite file: its Database and the aggregates on it.
#pragma once

#include <memory>

#include "store/sql/admin_store.h"
#include "store/sql/asset_store.h"
#include "store/sql/backfill_store.h"
#include "store/sql/dag_store.h"
#include "store/sql/engine_store.h"
#include "store/sql/figure_store.h"
#include "store/sql/run_store.h"
#include "store/store.h"

namespace leoflow::sql {

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  EngineStore& engine() override { return engine_; }
  DagStore& dags() override { return dags_; }
  ImportErrorStore& import_errors() override { return import_errors_; }
  RunStore& runs() override { return runs_; }
  BackfillStore& backfills() override { return backfills_; }
  AssetStore& assets() override { return assets_; }
  XComStore& xcoms() override { return xcoms_; }
  SecretStore& secrets() override { return secrets_; }
  PoolStore& pools() override { return pools_; }
  StagingStore& staging() override { return staging_; }
  UserStore& users() override { return users_; }
  SessionStore& sessions() override { return sessions_; }
  EventLogStore& event_log() override { return event_log_; }
  SettingStore& settings() override { return settings_; }
  FavoriteStore& favorites() override { return favorites_; }
  FigureStore& figures() override { return figures_; }
  RetentionStore& retention() override { return retention_; }

 private:
  std::unique_ptr<Database> database_;
  AccountChanges account_changes_ = 0;  // a home has one server
  SqlEngineStore engine_{*database_};
  SqlDagStore dags_{*database_};
  SqlImportErrorStore import_errors_{*database_};
  SqlRunStore runs_{*database_};
  SqlBackfillStore backfills_{*database_};
  SqlAssetStore assets_{*database_};
  SqlXComStore xcoms_{*database_};
  SqlSecretStore secrets_{*database_};
  SqlPoolStore pools_{*database_};
  SqlStagingStore staging_{*database_};
  SqlUserStore users_{*database_, &account_changes_};
  SqlSessionStore sessions_{*database_, &account_changes_};
  SqlEventLogStore event_log_{*database_};
  SqlSettingStore settings_{*database_};
  SqlFavoriteStore favorites_{*database_};
  SqlFigureStore figures_{*database_};
  SqlRetentionStore retention_{*database_};
};

}  // namespace leoflow::sql
