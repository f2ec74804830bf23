// SPDX-License-Identifier: Apache-2.0
// XComs of all map indexes of a task, a bounded part at a time.
#pragma once

#include <string>

#include "rpc/claim_provider.h"
#include "store/store.h"

namespace leoflow {

// Ordered by map index, from the `offset`th on: about kXComPageBytesMax bytes and kXComPageMax
// values at most, one at least. Errors are those of the store and of reading spilled values.
Result<PulledXCom> pull_all_indexes(Store& store, const DagRun& run, const std::string& task_id,
                                    const std::string& key, int64_t offset);

// The XCom of one map index, kUnmapped for tasks that are not mapped.
Result<PulledXCom> pull_index(Store& store, const DagRun& run, const std::string& task_id,
                              int map_index, const std::string& key);

constexpr size_t kXComPageBytesMax = 1 << 20;
constexpr int kXComPageMax = 256;

}  // namespace leoflow
