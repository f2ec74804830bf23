// SPDX-License-Identifier: Apache-2.0
// Rows of assets, as values. Each struct is one table (sql/0012_assets.sql holds the constraints).
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "model/asset_spec.h"
#include "model/ids.h"

namespace leoflow {

constexpr int kConsumedEventsMax = 1'000;        // of one run: the newest
constexpr int kTriggeringEventsMax = 1'000;      // told to a task of it
constexpr size_t kTriggeringBytesMax = 4 << 20;  // the same, as JSON
constexpr int kInletEventsMax = 1'000;           // answered at once

struct Asset {
  int64_t id = 0;
  AssetKey key;
  std::string group = "asset";
  std::string extra = "{}";  // JSON object
  Time created_at{}, updated_at{};
};

struct AssetAlias {
  int64_t id = 0;
  std::string name, group;
};

// An update of an asset. Written by the engine only.
struct AssetEvent {
  int64_t id = 0;
  AssetKey asset;
  Time at{};
  std::string extra = "{}";             // JSON object
  std::string dag_id, task_id, run_id;  // that told of it; empty = somebody at the API
  int map_index = kUnmapped;
};

// A DAG waits for the rest of its condition.
struct QueuedAsset {
  std::string dag_id;
  AssetKey asset;
  Time at{};  // of the last event
};

}  // namespace leoflow
