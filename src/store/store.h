// SPDX-License-Identifier: Apache-2.0
// One database, seen through its aggregates. main owns it; every accessor lives as long as the Store.
#pragma once

#include <memory>
#include <string>

#include "base/file.h"
#include "store/admin_store.h"
#include "store/asset_store.h"
#include "store/backfill_store.h"
#include "store/dag_store.h"
#include "store/engine_store.h"
#include "store/favorite_store.h"
#include "store/figure_store.h"
#include "store/run_store.h"

namespace leoflow {

class Store {
 public:
  virtual ~Store() = default;
  virtual EngineStore& engine() = 0;
  virtual DagStore& dags() = 0;
  virtual ImportErrorStore& import_errors() = 0;
  virtual RunStore& runs() = 0;
  virtual BackfillStore& backfills() = 0;
  virtual AssetStore& assets() = 0;
  virtual XComStore& xcoms() = 0;
  virtual SecretStore& secrets() = 0;
  virtual PoolStore& pools() = 0;
  virtual StagingStore& staging() = 0;
  virtual UserStore& users() = 0;
  virtual SessionStore& sessions() = 0;
  virtual EventLogStore& event_log() = 0;
  virtual SettingStore& settings() = 0;
  virtual FavoriteStore& favorites() = 0;
  virtual FigureStore& figures() = 0;
  virtual RetentionStore& retention() = 0;
};

struct SqliteOptions {
  fs::path path;                 // empty = a private in-memory database (tests)
  int readers_max = 4;           // read connections
  bool synchronous_full = true;  // only tests and benchmarks of the floor turn it off
};

// Opens (creates, migrates) a SQLite database in WAL mode. `conflict` when its schema is newer than this program
// (hint names the version), `denied`/`exhausted`/`unavailable` for read-only, full or locked files.
Result<std::unique_ptr<Store>> open_sqlite_store(const SqliteOptions& options);

// Schema version of this program and of a database file, for `leoflow db check`.
int schema_version_expected();
Result<int> schema_version_of(const fs::path& path);
// A consistent copy of a live database into a new file (SQLite backup API).
Status backup_sqlite(const fs::path& from, const fs::path& to);
// PRAGMA integrity_check and foreign_key_check; success when both are clean.
Status check_sqlite(const fs::path& path);

}  // namespace leoflow
