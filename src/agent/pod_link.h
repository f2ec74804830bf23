// SPDX-License-Identifier: Apache-2.0
// The calls of a pod beside its session: being admitted, fetching archives.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/grpc_link.h"
#include "agent/launch.h"
#include "base/error.h"

namespace leoflow {

constexpr auto kBootstrapCallTime = std::chrono::seconds(30);
constexpr auto kFetchCallTime = std::chrono::minutes(30);

// What the pod says of itself.
struct PodSelf {
  std::string token, place, pod_name, pod_uid, nonce;
};

struct PodAdmittance {
  std::string session_secret;
  std::string environment_json;  // with sources: what its attempt will want; empty = not told
  std::optional<LaunchSources> sources;
};

// Blocks; one thread at a time. `unavailable` and `timeout`: try again later.
class PodLink {
 public:
  virtual ~PodLink() = default;
  virtual Result<PodAdmittance> bootstrap(const PodSelf& self) = 0;
  // Hands the archive's bytes to `take` in order, until its first error.
  virtual Status fetch(const std::string& agent, const std::string& secret, const std::string& hash,
                       const std::function<Status(std::string_view)>& take) = 0;
};

std::unique_ptr<PodLink> make_pod_link(std::shared_ptr<ServerChannel> channel);

}  // namespace leoflow
