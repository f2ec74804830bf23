// SPDX-License-Identifier: Apache-2.0
// Which DAGs an update of an asset may start: an index over the schedules of all DAGs, so that an
// event costs its consumers and not the number of DAGs. Part of Core's memory; touched only by it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/asset_spec.h"
#include "store/asset_store.h"

namespace leoflow {

class AssetIndex {
 public:
  void clear();
  // What a DAG waits for now; nothing is no schedule by assets.
  void set(const std::string& dag_id, const std::optional<AssetExpression>& condition);
  void forget(const std::string& dag_id);
  // The asset was told under the alias, from then on.
  void link(const std::string& alias, const AssetKey& asset) { linked_[alias].insert(asset); }

  // The DAGs that wait for an asset, by its key or an alias it was told under, by id.
  std::vector<std::string> consumers(const AssetKey& asset) const;
  // Whether a condition holds for a DAG with these assets queued.
  bool holds(const AssetExpression& condition, const std::map<AssetKey, Time>& queued) const;

 private:
  struct Names {
    std::vector<AssetKey> assets;
    std::vector<std::string> aliases;
  };
  std::unordered_map<AssetKey, std::set<std::string>> by_asset_;
  std::map<std::string, std::set<std::string>> by_alias_;
  std::unordered_map<std::string, Names> names_;      // by DAG, what of it is in the two above
  std::map<std::string, std::set<AssetKey>> linked_;  // by alias
};

}  // namespace leoflow
