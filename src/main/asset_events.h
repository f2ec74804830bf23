// SPDX-License-Identifier: Apache-2.0
// Assets and their events as task code sees them (docs/task-protocol.md). Any thread.
#pragma once

#include <string>

#include "base/error.h"
#include "rpc/claim_provider.h"
#include "store/store.h"

namespace leoflow {

// JSON list of the events a run consumed, the oldest first: the newest kTriggeringEventsMax of at
// most kTriggeringBytesMax. Only of runs that assets started; else "[]".
Result<std::string> consumed_events_json(Store& store, const DagRun& run);
// JSON list of the wanted events, the oldest first.
Result<std::string> asset_events_json(Store& store, const AssetEventsWanted& wanted);
// The asset of that name, URI or both; empty when there is none.
Result<std::string> asset_json(Store& store, const AssetKey& key);

}  // namespace leoflow
