// SPDX-License-Identifier: Apache-2.0
#include "engine/asset_index.h"

#include <algorithm>

namespace leoflow {

void AssetIndex::clear() { by_asset_.clear(), by_alias_.clear(), names_.clear(), linked_.clear(); }

void AssetIndex::set(const std::string& dag_id, const std::optional<AssetExpression>& condition) {
  forget(dag_id);
  if (!condition) return;
  Names& names = names_[dag_id];
  for_each_leaf(*condition, [&](const AssetExpression& leaf) {
    if (leaf.kind == AssetExpression::Kind::asset) {
      by_asset_[leaf.key].insert(dag_id);
      names.assets.push_back(leaf.key);
    } else if (leaf.kind == AssetExpression::Kind::alias) {
      by_alias_[leaf.key.name].insert(dag_id);
      names.aliases.push_back(leaf.key.name);
    }
  });
}

void AssetIndex::forget(const std::string& dag_id) {
  auto known = names_.find(dag_id);
  if (known == names_.end()) return;
  auto drop = [&](auto& map, const auto& key) {
    auto found = map.find(key);
    if (found == map.end()) return;
    found->second.erase(dag_id);
    if (found->second.empty()) map.erase(found);
  };
  for (const AssetKey& asset : known->second.assets) drop(by_asset_, asset);
  for (const std::string& alias : known->second.aliases) drop(by_alias_, alias);
  names_.erase(known);
}

// By alias: as many as some schedule waits for, which are few.
std::vector<std::string> AssetIndex::consumers(const AssetKey& asset) const {
  std::set<std::string> found;
  if (auto it = by_asset_.find(asset); it != by_asset_.end()) found = it->second;
  for (const auto& [alias, dags] : by_alias_) {
    auto linked = linked_.find(alias);
    if (linked != linked_.end() && linked->second.contains(asset))
      found.insert(dags.begin(), dags.end());
  }
  return {found.begin(), found.end()};
}

bool AssetIndex::holds(const AssetExpression& condition,
                       const std::map<AssetKey, Time>& queued) const {
  return leoflow::holds(condition, [&](const AssetExpression& leaf) {
    if (leaf.kind == AssetExpression::Kind::asset) return queued.contains(leaf.key);
    auto linked = linked_.find(leaf.key.name);
    if (linked == linked_.end()) return false;
    return std::ranges::any_of(queued,
                               [&](const auto& one) { return linked->second.contains(one.first); });
  });
}

}  // namespace leoflow
