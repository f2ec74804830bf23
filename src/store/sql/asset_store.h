// SPDX-License-Identifier: Apache-2.0
// AssetStore on a Database. See store/asset_store.h for the contract.
#pragma once

#include "store/asset_store.h"
#include "store/sql/database.h"

namespace leoflow::sql {

class SqlAssetStore final : public AssetStore {
 public:
  explicit SqlAssetStore(Database& database) : database_(database) {}

  Result<PageOf<Asset>> list(const AssetQuery& query) override;
  Result<std::optional<Asset>> get(int64_t id) override;
  Result<std::optional<Asset>> find(const AssetKey& key) override;
  Result<PageOf<AssetAlias>> list_aliases(const AssetAliasQuery& query) override;
  Result<std::optional<AssetAlias>> get_alias(int64_t id) override;
  Result<std::vector<AssetReference>> references(const std::vector<int64_t>& assets) override;
  Result<std::vector<AliasLink>> alias_links(const std::vector<int64_t>& assets) override;
  Result<PageOf<AssetEventRow>> list_events(const AssetEventQuery& query) override;
  Result<std::vector<AssetEventRow>> last_events(const std::vector<int64_t>& assets) override;
  Result<std::vector<std::pair<int64_t, std::string>>> aliases_of(
      const std::vector<int64_t>& events) override;
  Result<std::vector<std::pair<int64_t, DagRun>>> runs_of(
      const std::vector<int64_t>& events) override;
  Result<std::vector<QueuedAssetRow>> queued(const QueuedAssetQuery& query) override;

 private:
  Database& database_;
};

}  // namespace leoflow::sql
