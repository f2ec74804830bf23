// SPDX-License-Identifier: Apache-2.0
// The start frame of a task process (docs/task-protocol.md 2), built from the store when an attempt
// is claimed.
#pragma once

#include <string>

#include "base/error.h"
#include "exec/executor.h"
#include "model/dag_spec.h"
#include "store/store.h"

namespace leoflow {

struct StartFrameInput {
  const Attempt& attempt;
  const DagRun& run;
  const DagVersion& version;
  const DagSpec& spec;
  int max_tries = 0;
  std::string staging_path;  // empty = none
  std::string spill_folder;
  size_t xcom_bytes_max = 0;
  std::string hostname, base_url;
  Time now{};
};

// JSON text without secrets. Errors are those of the store (upstream XComs, the previous successful
// run).
Result<std::string> start_frame(Store& store, const StartFrameInput& input);

// A run as task code sees it (the "run" member).
// consumed: JSON list of the asset events it is there for; empty = not told.
std::string run_json(const DagRun& run, const std::string& consumed = {});

// The JSON text of an XCom, read from its spill file when it is large. `not_found` when that file
// is gone.
Result<std::string> xcom_text(const XCom& xcom);

}  // namespace leoflow
