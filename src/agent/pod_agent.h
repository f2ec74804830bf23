// SPDX-License-Identifier: Apache-2.0
// The agent as the first process of a pod: is admitted, holds until an attempt is assigned, runs
// that one, tells its outcome and ends. The variables it is told by are in model/pod_contract.h.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/standby.h"
#include "base/error.h"
#include "base/file.h"
#include "base/time.h"
#include "model/pod_contract.h"

namespace leoflow {

constexpr auto kAdmissionRetryMin = std::chrono::milliseconds(100);
constexpr auto kAdmissionRetryMax = std::chrono::seconds(5);
constexpr auto kAdmissionTimeMax = std::chrono::minutes(10);  // then the pod ends as lost
constexpr int kTokenTriesMax = 3;  // with a token that is not valid (it may be about to rotate)
constexpr auto kGraceReserve = std::chrono::seconds(2);  // of the grace, to end ourselves
constexpr auto kKillReserve = std::chrono::seconds(5);   // of the grace, from SIGKILL to its end
constexpr auto kRefusalTime = std::chrono::seconds(1);   // for a refusal to be heard

struct PodAgentOptions {
  std::string server, ca_pem;  // empty = plain text
  fs::path token_file;
  std::string place, pod_name, pod_uid, image;
  fs::path work, cache, termination_log;
  uint64_t cache_bytes_max = uint64_t(pod::kCacheBytesDefault);
  std::chrono::seconds grace = pod::kGraceDefault;
  std::chrono::seconds linger = pod::kLingerDefault;
  std::string path_variable;  // where interpreters are looked for first
  std::optional<StandbyInterpreter> standby;
};

// From environment variables; `invalid` names the one that is missing or wrong.
Result<PodAgentOptions> read_pod_options(
    const std::function<std::string(std::string_view name)>& variable);

// Returns when the pod is to end, with its status; the process must end right after (threads of
// gRPC may still run). Requires: no other thread yet.
pod::Exit run_pod_agent(PodAgentOptions options);

}  // namespace leoflow
