// SPDX-License-Identifier: Apache-2.0
// What a run's staging volume is called, on every backend.
#pragma once

#include <string>
#include <string_view>

namespace leoflow {

constexpr size_t kStagingNameBytesMax = 63;  // a PVC name as well as a folder name

// "etl-manual-2024-02-29-3f9a1c04": the DAG and run in a form that folders and Kubernetes take
// (a-z, 0-9, "-"), made unique by a hash of both; at most kStagingNameBytesMax bytes. Equal
// arguments give equal names.
std::string staging_name(std::string_view dag_id, std::string_view run_id);
// Whether staging_name could have made it.
bool valid_staging_name(std::string_view name);

}  // namespace leoflow
