// SPDX-License-Identifier: Apache-2.0
// `leoflow init`: a small project that works as it is.
#pragma once

#include <string>

#include "base/error.h"
#include "base/file.h"

namespace leoflow::cli {

// Writes dag.py and leoflow.yaml into the folder (made if missing); the DAG is named after it.
// Returns the DAG id. `exists` when one of the files is there already: nothing is written then.
// `invalid` when the folder's name cannot become a DAG id.
Result<std::string> write_project(const fs::path& folder);

}  // namespace leoflow::cli
