// SPDX-License-Identifier: Apache-2.0
// Assets and their events as the public API shows them.
#pragma once

#include <vector>

#include "api/call.h"
#include "store/asset_store.h"

namespace leoflow::api {

// An object for each row, with what belongs to it, into the list the caller has begun; of one row
// alone also without a list. Errors are those of the store.
Status write_assets(json::Writer& w, const Services& services, const std::vector<Asset>& assets);
Status write_asset_events(json::Writer& w, const Services& services,
                          const std::vector<AssetEventRow>& events);
// {"asset_events":[...],"total_entries":N}
Result<Response> asset_event_collection(const Call& call, const AssetEventQuery& query);
// The asset of the path's asset_id.
Result<Asset> find_asset(const Call& call, int64_t id);

}  // namespace leoflow::api
