// SPDX-License-Identifier: Apache-2.0
// What a pod of ours and the agent inside it agree on: who makes the pod writes these variables,
// `leoflow-agent pod` reads them. A newer agent in an older pod finds its defaults.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace leoflow::pod {

// Variables of the agent's container.
constexpr std::string_view kServer = "LEOFLOW_SERVER";         // host:port of the agent service
constexpr std::string_view kCa = "LEOFLOW_CA";                 // PEM text; unset = plain text
constexpr std::string_view kTokenFile = "LEOFLOW_TOKEN_FILE";  // bootstrap token, read when needed
constexpr std::string_view kPodName = "LEOFLOW_POD_NAME";      // downward API, like the next two
constexpr std::string_view kNamespace = "LEOFLOW_POD_NAMESPACE";
constexpr std::string_view kPodUid = "LEOFLOW_POD_UID";
constexpr std::string_view kPlace = "LEOFLOW_PLACE";             // what the server calls this pod
constexpr std::string_view kImage = "LEOFLOW_IMAGE";             // for messages
constexpr std::string_view kWork = "LEOFLOW_WORK";               // emptyDir of this pod alone
constexpr std::string_view kCache = "LEOFLOW_CACHE";             // may be shared by pods of a node
constexpr std::string_view kCacheBytes = "LEOFLOW_CACHE_BYTES";  // of the cache, in bytes
constexpr std::string_view kGrace = "LEOFLOW_GRACE_SECONDS";     // terminationGracePeriodSeconds
constexpr std::string_view kLinger = "LEOFLOW_LINGER_SECONDS";   // wait for an acknowledgement
constexpr std::string_view kTerminationLog = "LEOFLOW_TERMINATION_LOG";
constexpr std::string_view kInterpreter = "LEOFLOW_INTERPRETER";  // one that stands by, if any

// What holds when a variable is not set.
constexpr std::string_view kWorkDefault = "/leoflow/work";  // cache: WORK/cache
constexpr std::string_view kTerminationLogDefault = "/dev/termination-log";
constexpr std::chrono::seconds kGraceDefault{30};
constexpr std::chrono::seconds kLingerDefault{2 * 60 * 60};
constexpr int64_t kCacheBytesDefault = int64_t(10) << 30;

// The audience of projected tokens unless the installation has another one.
constexpr std::string_view kAudienceDefault = "leoflow";
// Where a run's volume is mounted.
constexpr std::string_view kStagingPath = "/staging";

// The agent id under which a pod's session appears at the gateway.
constexpr std::string_view kAgentPrefix = "pod-";
inline std::string agent_id(std::string_view pod_name) {
  return std::string(kAgentPrefix) + std::string(pod_name);
}
inline bool is_pod_agent(std::string_view agent_id) { return agent_id.starts_with(kAgentPrefix); }

// Exit statuses of the container. They only sum up: the termination message and the session tell.
enum class Exit {
  done = 0,          // succeeded or skipped; or ended without having had an attempt
  usage = 2,         // variables missing or wrong
  failed = 10,       // the user's code or a limit of it
  lost = 11,         // no fault of the task: refused, pod ended, interpreter gone
  cancelled = 12,    // the server asked for it
  turned_away = 13,  // bootstrap refused for good
};

}  // namespace leoflow::pod
