// SPDX-License-Identifier: Apache-2.0
// Starting a run from a request.
#pragma once

#include <string>

#include "api/call.h"

namespace leoflow::api {

// Starts a run as the body of the request says (TriggerDAGRunPostBody or one with the same members)
// and answers with it. What is wrong with DAG or body is told as trigger_dag_run tells it.
Result<Response> trigger_run(Call& call, const std::string& dag_id, RunType type);

}  // namespace leoflow::api
