// SPDX-License-Identifier: Apache-2.0
// The log that a request's path names.
#pragma once

#include "api/call.h"
#include "api/log_port.h"

namespace leoflow::api {

// Whether a try can no longer write to its log, as far as its state tells.
bool try_is_over(const TaskInstance& task, int try_number);
// The log of one try; `not_found` in the words of the public API.
Result<LogName> find_log(const Call& call, const TaskInstanceRow& row, int try_number);

// The log of the path's try and its map_index parameter.
struct FoundLog {
  TaskInstanceRow row;
  LogName name;
  bool over = false;  // nothing will be added
};
Result<FoundLog> find_log_of_path(const Call& call);

// The shape of logs' lines and the parameters that name one.
std::vector<Param> log_params();

}  // namespace leoflow::api
