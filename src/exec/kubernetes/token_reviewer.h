// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "exec/kubernetes/cluster.h"
#include "exec/pod_admission.h"

namespace leoflow::kube {

// Asks the cluster whose token a pod presents.
class TokenReviewer final : public PodReviewer {
 public:
  explicit TokenReviewer(Cluster& cluster) : cluster_(cluster) {}
  Result<PodIdentity> review(const PodClaim& claim, const std::string& audience) override;

 private:
  Cluster& cluster_;
};

// From the status of a TokenReview. `unauthenticated` when it says so or does not name a pod.
Result<PodIdentity> read_token_review(const json::object& review, const std::string& audience);

}  // namespace leoflow::kube
