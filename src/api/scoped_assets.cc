// SPDX-License-Identifier: Apache-2.0
#include "api/scoped_assets.h"

#include <algorithm>

namespace leoflow::api {
namespace {

// Leaves out what is of a DAG that is not there for the caller; an empty id is of none.
template <typename Row, typename DagOf>
Result<std::vector<Row>> told(Result<std::vector<Row>> rows, Scope& scope, DagOf dag_of) {
  if (!rows) return rows;
  std::vector<Row> mine;
  for (Row& row : *rows) {
    const std::string& dag_id = dag_of(row);
    auto role = dag_id.empty() ? Result<Role>(Role::viewer) : scope.role_on(dag_id);
    if (!role) return fail(role);
    if (*role != Role::none) mine.push_back(std::move(row));
  }
  return mine;
}

template <typename Query>
Result<Query> limited(const Query& query, Scope& scope) {
  auto dags = scope.dags(Role::viewer);
  if (!dags) return fail(dags);
  Query result = query;
  result.dags_allowed = std::move(*dags);
  return result;
}

}  // namespace

Result<bool> ScopedAssetStore::named(int64_t asset) {
  auto mine = references({asset});
  if (!mine) return fail(mine);
  return !mine->empty();
}

Result<PageOf<Asset>> ScopedAssetStore::list(const AssetQuery& query) {
  auto mine = limited(query, scope_);
  if (!mine) return fail(mine);
  return inner_.list(*mine);
}

Result<std::optional<Asset>> ScopedAssetStore::get(int64_t id) {
  auto mine = named(id);
  if (!mine) return fail(mine);
  return *mine ? inner_.get(id) : Result<std::optional<Asset>>(std::nullopt);
}

Result<std::optional<Asset>> ScopedAssetStore::find(const AssetKey& key) {
  auto asset = inner_.find(key);
  if (!asset || !*asset) return asset;
  auto mine = named((*asset)->id);
  if (!mine) return fail(mine);
  return *mine ? asset : Result<std::optional<Asset>>(std::nullopt);
}

Result<PageOf<AssetAlias>> ScopedAssetStore::list_aliases(const AssetAliasQuery& query) {
  auto mine = limited(query, scope_);
  if (!mine) return fail(mine);
  return inner_.list_aliases(*mine);
}

Result<std::optional<AssetAlias>> ScopedAssetStore::get_alias(int64_t id) {
  auto alias = inner_.get_alias(id);
  if (!alias || !*alias) return alias;
  auto mine = limited(AssetAliasQuery{.page = {.limit = kPageLimitMax}}, scope_);
  if (!mine) return fail(mine);
  auto page = inner_.list_aliases(*mine);
  if (!page) return fail(page);
  bool there = std::ranges::find(page->rows, id, &AssetAlias::id) != page->rows.end();
  return there ? alias : Result<std::optional<AssetAlias>>(std::nullopt);
}

Result<std::vector<AssetReference>> ScopedAssetStore::references(
    const std::vector<int64_t>& assets) {
  return told(inner_.references(assets), scope_,
              [](const AssetReference& row) -> const std::string& { return row.dag_id; });
}

Result<PageOf<AssetEventRow>> ScopedAssetStore::list_events(const AssetEventQuery& query) {
  auto mine = limited(query, scope_);
  if (!mine) return fail(mine);
  return inner_.list_events(*mine);
}

Result<std::vector<AssetEventRow>> ScopedAssetStore::last_events(
    const std::vector<int64_t>& assets) {
  return told(inner_.last_events(assets), scope_,
              [](const AssetEventRow& row) -> const std::string& { return row.event.dag_id; });
}

Result<std::vector<std::pair<int64_t, DagRun>>> ScopedAssetStore::runs_of(
    const std::vector<int64_t>& events) {
  return told(inner_.runs_of(events), scope_,
              [](const std::pair<int64_t, DagRun>& row) -> const std::string& {
                return row.second.dag_id;
              });
}

Result<std::vector<QueuedAssetRow>> ScopedAssetStore::queued(const QueuedAssetQuery& query) {
  auto mine = limited(query, scope_);
  if (!mine) return fail(mine);
  return inner_.queued(*mine);
}

}  // namespace leoflow::api
