// SPDX-License-Identifier: Apache-2.0
#include "exec/place_token.h"

#include "base/crypto.h"

namespace leoflow {

std::string make_place_token(std::string_view key, std::string_view place,
                             std::string_view pod_uid) {
  return base64url(
      hmac_sha256(key, "leoflow place " + std::string(place) + " " + std::string(pod_uid)));
}

Result<PodIdentity> PlaceTokenReviewer::review(const PodClaim& claim, const std::string&) {
  if (!equal_constant_time(make_place_token(key_, claim.place, claim.pod_uid), claim.token))
    return fail(Code::unauthenticated, "the token is not of this place");
  auto place = places_.find(claim.place);
  if (!place) return fail(place);
  return PodIdentity{true, place->namespace_name, place->service_account, claim.pod_name,
                     claim.pod_uid};
}

}  // namespace leoflow
