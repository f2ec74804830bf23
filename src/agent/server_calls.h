// SPDX-License-Identifier: Apache-2.0
// Calls of a task that the server answers: from the task's frame to a unary call and back.
// Stateless.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/server_link.h"
#include "base/json.h"
#include "model/ids.h"

namespace leoflow {

struct CallAnswer {
  std::string frame;                // JSON text for the task
  std::vector<std::string> masked;  // secrets in it
};

// Starts the call; done gets the answer (an error answer is an answer too), or unavailable/timeout
// when the server could not be reached and the call should be made again.
void call_server(ServerLink& link, const std::string& token, AttemptId attempt,
                 const json::object& call, std::function<void(Result<CallAnswer>)> done);

// {"error":{"code","message"}}
std::string error_frame(const Error& error);

}  // namespace leoflow
