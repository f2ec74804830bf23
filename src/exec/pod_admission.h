// SPDX-License-Identifier: Apache-2.0
// How the agent service finds out whether a pod that calls is one of ours: two questions, answered
// by whoever makes the pods. rpc/ asks them once per pod, when it exchanges its bootstrap token for
// the secret of its sessions.
#pragma once

#include <string>

#include "base/error.h"
#include "model/ids.h"

namespace leoflow {

// What a pod says of itself when it asks to be admitted.
struct PodClaim {
  std::string token;  // projected service account token, or the place's own
  std::string place, pod_name, pod_uid;
};

// Whose token it is, as the cluster says; or as the token's own signature does.
struct PodIdentity {
  bool audience_ok = false;  // it was made for us
  std::string namespace_name, service_account;
  std::string pod_name, pod_uid;
};

class PodReviewer {
 public:
  virtual ~PodReviewer() = default;
  // Blocks (a call to the cluster); worker threads, several at once. `unauthenticated` when the
  // token is not valid, `unavailable` or `timeout` when nobody could be asked: the pod asks again.
  virtual Result<PodIdentity> review(const PodClaim& claim, const std::string& audience) = 0;
};

// A pod that was made and is still wanted.
struct PodPlace {
  std::string namespace_name, service_account;
  std::string pod_name;
  std::string pod_uid;   // empty while the creation is not answered: the pod asks again
  DagVersionId version;  // what will run in it, so that it can prepare; 0 = not known
};

class PodPlaces {
 public:
  virtual ~PodPlaces() = default;
  // Worker threads, several at once; quick (from memory). `not_found` for a place that was never
  // made, is no longer wanted or whose pod has ended, `unavailable` while that is not known yet.
  virtual Result<PodPlace> find(const std::string& place) = 0;
};

}  // namespace leoflow
