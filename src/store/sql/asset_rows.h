// SPDX-License-Identifier: Apache-2.0
// Writing assets inside an open transaction: what a batch changes of them, and what the current
// version of a DAG names.
#pragma once

#include <unordered_set>

#include "base/json.h"
#include "model/asset_spec.h"
#include "store/asset_batch.h"
#include "store/sql/connection.h"

namespace leoflow::sql {

// Runs in `deleted` consume nothing.
Status write_assets(Connection& connection, const AssetBatch& batch,
                    const std::unordered_set<RunKey>& deleted);

// What a DAG version names, taken out of its dag.json.
struct NamedAssets {
  struct Use {
    std::string role, task_id, kind;
    AssetKey key;
    auto operator<=>(const Use&) const = default;
  };
  std::vector<AssetSpec> assets;
  std::vector<AssetAliasSpec> aliases;
  std::vector<Use> uses;
};
// What cannot be read of it is left out: the document was checked when it was compiled.
NamedAssets named_assets_of(const json::object& document);
// Makes them what the DAG names; those that it goes on naming keep their dates. Requires: its row.
Status replace_named_assets(Connection& connection, const std::string& dag_id,
                            const NamedAssets& named, Time at);

}  // namespace leoflow::sql
