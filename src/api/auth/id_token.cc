// SPDX-License-Identifier: Apache-2.0
#include "api/auth/id_token.h"

#include <algorithm>

#include "base/crypto.h"

namespace leoflow::api {
namespace {

std::unexpected<Error> refused(std::string_view why) {
  return fail(Code::denied, "the issuer's token " + std::string(why));
}

Result<json::object> decoded(std::string_view part) {
  auto text = from_base64url(part);
  auto parsed = text ? json::parse(*text) : fail(text);
  if (!parsed || !parsed->is_object()) return refused("is not one");
  return std::move(parsed->get_object());
}

std::optional<int64_t> seconds_in(const json::object& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  if (!value || !value->is_number()) return std::nullopt;
  double seconds = value->to_number<double>();
  if (!(seconds > -1e12 && seconds < 1e12)) return std::nullopt;
  return int64_t(seconds);
}

bool is_for(const json::object& claims, const std::string& client_id, bool& others_too) {
  const json::value* audience = claims.if_contains("aud");
  if (!audience) return false;
  if (audience->is_string()) return audience->get_string() == client_id;
  if (!audience->is_array()) return false;
  others_too = audience->get_array().size() > 1;
  return std::ranges::any_of(audience->get_array(), [&](const json::value& one) {
    return one.is_string() && one.get_string() == client_id;
  });
}

Status check_parties(const json::object& claims, const IdTokenNeeds& needs) {
  if (json::string_or(claims, "iss") != needs.issuer) return refused("is of another issuer");
  bool others_too = false;
  if (!is_for(claims, needs.client_id, others_too)) return refused("is for another client");
  std::string authorized = json::string_or(claims, "azp");
  if ((others_too || claims.contains("azp")) && authorized != needs.client_id)
    return refused("was given to another client");
  std::string nonce = json::string_or(claims, "nonce");
  if (needs.nonce.empty() || !equal_constant_time(nonce, needs.nonce))
    return refused("answers another sign-in");
  std::string subject = json::string_or(claims, "sub");
  if (subject.empty() || subject.size() > kSubjectBytesMax) return refused("names nobody");
  return {};
}

Status check_times(const json::object& claims, Time now) {
  int64_t at = to_micros(now) / 1'000'000;
  int64_t leeway = std::chrono::duration_cast<std::chrono::seconds>(kIssuerLeeway).count();
  auto expires = seconds_in(claims, "exp");
  auto issued = seconds_in(claims, "iat");
  auto not_before = seconds_in(claims, "nbf");
  if (!expires || !issued) return refused("does not say how long it holds");
  if (at >= *expires + leeway) return refused("has expired");
  if (at < *issued - leeway) return refused("was made in the future: compare the clocks");
  if (not_before && at < *not_before - leeway) return refused("does not hold yet");
  return {};
}

}  // namespace

Result<json::object> verify_id_token(std::string_view token, const KeySet& keys,
                                     const IdTokenNeeds& needs, Time now) {
  size_t first = token.find('.'), second = token.rfind('.');
  if (token.size() > kIdTokenBytesMax || first == std::string_view::npos || first == second)
    return refused("is not one");
  auto header = decoded(token.substr(0, first));
  if (!header) return fail(header);
  std::string algorithm = json::string_or(*header, "alg");
  if (algorithm != "RS256" && algorithm != "ES256")
    return refused("is signed as " + algorithm + ", not RS256 or ES256");
  if (header->contains("crit")) return refused("wants what we do not know");
  auto signature = from_base64url(token.substr(second + 1));
  if (!signature) return refused("is not one");
  auto kind = algorithm == "RS256" ? SignatureKind::rs256 : SignatureKind::es256;
  auto signed_by =
      keys.verify(kind, json::string_or(*header, "kid"), token.substr(0, second), *signature);
  if (!signed_by) return fail(signed_by);
  auto claims = decoded(token.substr(first + 1, second - first - 1));
  if (!claims) return claims;
  if (auto parties = check_parties(*claims, needs); !parties) return fail(parties);
  if (auto times = check_times(*claims, now); !times) return fail(times);
  return claims;
}

}  // namespace leoflow::api
