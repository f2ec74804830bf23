// SPDX-License-Identifier: Apache-2.0
// Reading assets, their events and who makes and waits for them. Which assets there are follows
// from the current versions of DAGs (DagStore); events and what they lead to are written by the
// engine (Batch).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/asset.h"
#include "model/entities.h"
#include "store/page.h"

namespace leoflow {

struct AssetQuery {
  TextPattern name_pattern, uri_pattern;
  std::vector<std::string> dag_ids;  // that name it; empty = no condition
  bool only_active = true;           // that a DAG names which is not stale, itself or by alias
  DagsAllowed dags_allowed;          // that one of these names
  Page page;                         // id, name, uri, created_at, updated_at
};

struct AssetAliasQuery {
  TextPattern name_pattern;
  Page page;                 // id, name
  DagsAllowed dags_allowed;  // that one of these names
};

struct AssetEventQuery {
  std::optional<int64_t> asset_id;
  std::string source_dag_id, source_task_id, source_run_id;  // empty = no condition
  std::optional<int> source_map_index;
  TextPattern name_pattern;  // of the asset
  Range<Time> timestamp;
  std::optional<RunKey> consumed_by;
  std::string alias;         // told under it; empty = no condition
  Page page;                 // id, source_*, timestamp
  DagsAllowed dags_allowed;  // of the source; events without one are shown
};

struct QueuedAssetQuery {
  std::string dag_id;  // empty = all
  std::optional<int64_t> asset_id;
  std::optional<Time> before;  // queued no later
  DagsAllowed dags_allowed;
};

// How a DAG that is not stale names an asset; in its schedule also by an alias that the asset was
// told under.
struct AssetReference {
  enum class Role { schedule, outlet, inlet } role = Role::schedule;
  int64_t asset_id = 0;
  std::string dag_id, task_id;  // no task of a schedule
  Time created_at{}, updated_at{};
};

// An event with what answers carry.
struct AssetEventRow {
  AssetEvent event;
  int64_t asset_id = 0;
  std::string group;
};

struct QueuedAssetRow {
  QueuedAsset queued;
  int64_t asset_id = 0;
};

// Which asset was told under an alias.
struct AliasLink {
  std::string alias;
  int64_t alias_id = 0, asset_id = 0;
  AssetKey asset;
};

// Blocking; any thread.
class AssetStore {
 public:
  virtual ~AssetStore() = default;

  virtual Result<PageOf<Asset>> list(const AssetQuery& query) = 0;
  virtual Result<std::optional<Asset>> get(int64_t id) = 0;
  // By its name, its URI or both; one that is named now wins over one that was, the newer over the
  // older.
  virtual Result<std::optional<Asset>> find(const AssetKey& key) = 0;
  virtual Result<PageOf<AssetAlias>> list_aliases(const AssetAliasQuery& query) = 0;
  virtual Result<std::optional<AssetAlias>> get_alias(int64_t id) = 0;
  virtual Result<std::vector<AssetReference>> references(const std::vector<int64_t>& assets) = 0;
  // Aliases with the assets that were told under them, by alias; of all assets when the list is
  // empty.
  virtual Result<std::vector<AliasLink>> alias_links(const std::vector<int64_t>& assets) = 0;

  virtual Result<PageOf<AssetEventRow>> list_events(const AssetEventQuery& query) = 0;
  // The newest event of each of the assets that has one.
  virtual Result<std::vector<AssetEventRow>> last_events(const std::vector<int64_t>& assets) = 0;
  // The names of the aliases an event was told under, with the event's id.
  virtual Result<std::vector<std::pair<int64_t, std::string>>> aliases_of(
      const std::vector<int64_t>& events) = 0;
  // The runs that consumed the events, with the event's id, by event.
  virtual Result<std::vector<std::pair<int64_t, DagRun>>> runs_of(
      const std::vector<int64_t>& events) = 0;
  // What DAGs wait with, by DAG and asset.
  virtual Result<std::vector<QueuedAssetRow>> queued(const QueuedAssetQuery& query) = 0;
};

}  // namespace leoflow
