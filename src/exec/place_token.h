// SPDX-License-Identifier: Apache-2.0
// Bootstrap without a right beyond the namespace: the pod is handed a token of its place (in a
// Secret that lives as long as the pod) instead of one that the cluster would have to review.
#pragma once

#include <string>
#include <string_view>

#include "exec/pod_admission.h"

namespace leoflow {

// An HMAC over the place and the uid of its pod with a key of the installation: no other pod is
// admitted with it, not even the next one of the same place.
std::string make_place_token(std::string_view key, std::string_view place,
                             std::string_view pod_uid);

// Knows a place's token and takes the rest from what was made for the place: what the token proves
// is that its bearer was handed the Secret. The pod's uid stands against the one it claims.
class PlaceTokenReviewer : public PodReviewer {
 public:
  // `places` outlives it.
  PlaceTokenReviewer(std::string key, PodPlaces& places) : key_(std::move(key)), places_(places) {}
  Result<PodIdentity> review(const PodClaim& claim, const std::string& audience) override;

 private:
  std::string key_;
  PodPlaces& places_;
};

}  // namespace leoflow
