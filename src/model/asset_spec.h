// SPDX-License-Identifier: Apache-2.0
// Assets as a DAG version names them: what its schedule waits for, what its tasks make and read
// (docs/dag-json.md), and what a task tells of them when it has succeeded. Plain values.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace leoflow {

constexpr size_t kAssetTextBytesMax = 1500;     // of a name, URI, group
constexpr size_t kAssetConditionDepthMax = 20;  // conditions in conditions
constexpr size_t kAssetsPerDagMax = 10'000;     // that it names, each time counted
constexpr size_t kAssetEmissionsMax = 1'000;    // events that one task tells of
constexpr size_t kAssetEmissionsBytesMax = 1 << 20;
constexpr size_t kAssetExtraBytesMax = 64 * 1024;  // of one event that is posted

// What tells one asset from another.
struct AssetKey {
  std::string name, uri;
  auto operator<=>(const AssetKey&) const = default;
};

struct AssetSpec {
  AssetKey key;
  std::string group = "asset";
  json::object extra;
  bool operator==(const AssetSpec&) const = default;
};

struct AssetAliasSpec {
  std::string name, group = "asset";
  bool operator==(const AssetAliasSpec&) const = default;
};

// One asset or alias, or a condition over several.
struct AssetExpression {
  enum class Kind {
    asset,
    alias,
    by_name,  // whichever asset has this name; of inlets only
    by_uri,
    any,
    all,
  };
  Kind kind = Kind::asset;
  AssetKey key;                        // asset; alias and by_name: the name; by_uri: the URI
  std::string group = "asset";         // of asset and alias
  std::vector<AssetExpression> parts;  // any, all

  bool operator==(const AssetExpression&) const = default;
};

// Whether the condition holds, told which of its leaves do.
bool holds(const AssetExpression& condition,
           const std::function<bool(const AssetExpression& leaf)>& leaf_holds);
// Each asset, alias and reference in it.
void for_each_leaf(const AssetExpression& condition,
                   const std::function<void(const AssetExpression& leaf)>& take);

// {"asset":{"name","uri","group"}}, {"alias":{"name","group"}}, {"asset_ref":{"name"}|{"uri"}},
// {"any":[...]}, {"all":[...]}. `invalid` says what is wrong.
Result<AssetExpression> parse_asset_expression(const json::value& from);
// `id_of` gives an asset's id where the reader wants one; 0 = leave it out.
void write_asset_expression(json::Writer& out, const AssetExpression& expression,
                            const std::function<int64_t(const AssetKey& key)>& id_of = {});

// An event that a succeeded task tells of, as docs/task-protocol.md has it.
struct AssetEmission {
  AssetSpec asset;
  std::string extra = "{}";          // JSON object
  std::vector<std::string> aliases;  // that it is told under
  bool operator==(const AssetEmission&) const = default;
};

// The "asset_events" of an outcome; an empty text is none. `invalid` for what is no such list,
// `exhausted` for more than kAssetEmissionsMax.
Result<std::vector<AssetEmission>> parse_asset_emissions(std::string_view text);

}  // namespace leoflow

template <>
struct std::hash<leoflow::AssetKey> {
  size_t operator()(const leoflow::AssetKey& key) const {
    return std::hash<std::string>()(key.name) * 31 + std::hash<std::string>()(key.uri);
  }
};
