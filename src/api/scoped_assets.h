// SPDX-License-Identifier: Apache-2.0
// Assets as a caller with a Scope sees them.
#pragma once

#include "api/scope.h"
#include "store/asset_store.h"

namespace leoflow::api {

// Assets that the caller's DAGs name; events whose source is one of these DAGs, or none.
class ScopedAssetStore final : public AssetStore {
 public:
  ScopedAssetStore(AssetStore& inner, Scope& scope) : inner_(inner), scope_(scope) {}
  Result<PageOf<Asset>> list(const AssetQuery& query) override;
  Result<std::optional<Asset>> get(int64_t id) override;
  Result<std::optional<Asset>> find(const AssetKey& key) override;
  Result<PageOf<AssetAlias>> list_aliases(const AssetAliasQuery& query) override;
  Result<std::optional<AssetAlias>> get_alias(int64_t id) override;
  Result<std::vector<AssetReference>> references(const std::vector<int64_t>& assets) override;
  Result<std::vector<AliasLink>> alias_links(const std::vector<int64_t>& assets) override {
    return inner_.alias_links(assets);
  }
  Result<PageOf<AssetEventRow>> list_events(const AssetEventQuery& query) override;
  Result<std::vector<AssetEventRow>> last_events(const std::vector<int64_t>& assets) override;
  Result<std::vector<std::pair<int64_t, std::string>>> aliases_of(
      const std::vector<int64_t>& events) override {
    return inner_.aliases_of(events);
  }
  Result<std::vector<std::pair<int64_t, DagRun>>> runs_of(
      const std::vector<int64_t>& events) override;
  Result<std::vector<QueuedAssetRow>> queued(const QueuedAssetQuery& query) override;

 private:
  // Whether a DAG that is there for the caller names it.
  Result<bool> named(int64_t asset);

  AssetStore& inner_;
  Scope& scope_;
};

}  // namespace leoflow::api
