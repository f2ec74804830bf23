// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/token_reviewer.h"

#include <algorithm>

namespace leoflow::kube {
namespace {

constexpr std::string_view kUserPrefix = "system:serviceaccount:";

std::string extra(const json::object& user, std::string_view key) {
  auto* all = json::object_or_null(user, "extra");
  auto* values = all ? json::array_or_null(*all, key) : nullptr;
  return values && !values->empty() && values->front().is_string()
             ? std::string(values->front().as_string())
             : std::string();
}

}  // namespace

Result<PodIdentity> read_token_review(const json::object& review, const std::string& audience) {
  auto* status = json::object_or_null(review, "status");
  if (!status || !json::bool_or(*status, "authenticated"))
    return fail(Code::unauthenticated, "the cluster does not know the pod's token");
  PodIdentity identity;
  if (auto* audiences = json::array_or_null(*status, "audiences")) {
    identity.audience_ok = std::ranges::any_of(
        *audiences, [&](auto& one) { return one.is_string() && one.as_string() == audience; });
  }
  auto* user = json::object_or_null(*status, "user");
  std::string name = user ? json::string_or(*user, "username") : "";
  size_t colon = name.rfind(':');
  if (!name.starts_with(kUserPrefix) || colon < kUserPrefix.size())
    return fail(Code::unauthenticated, "the token is not a service account's");
  identity.namespace_name = name.substr(kUserPrefix.size(), colon - kUserPrefix.size());
  identity.service_account = name.substr(colon + 1);
  identity.pod_name = extra(*user, "authentication.kubernetes.io/pod-name");
  identity.pod_uid = extra(*user, "authentication.kubernetes.io/pod-uid");
  if (identity.pod_name.empty() || identity.pod_uid.empty())
    return fail(Code::unauthenticated, "the token is not bound to a pod");
  return identity;
}

Result<PodIdentity> TokenReviewer::review(const PodClaim& claim, const std::string& audience) {
  json::Writer out;
  out.begin_object().member("kind", "TokenReview");
  out.member("apiVersion", "authentication.k8s.io/v1").key("spec").begin_object();
  out.member("token", claim.token).key("audiences").begin_array().string(audience).end_array();
  std::string body = out.end_object().end_object().take();
  auto answer = cluster_.call([body](ApiClient& api, ApiClient::Reply reply) {
    api.create(kTokenReviews, {}, body, std::move(reply));
  });
  if (answer) return read_token_review(*answer, audience);
  const Error& error = answer.error().error;
  // Whatever keeps us from asking is no fault of the pod: it asks again.
  Code code = error.code() == Code::timeout ? Code::timeout : Code::unavailable;
  return fail(Error(code, error.message(), error.hint()).within("reviewing a pod's token"));
}

}  // namespace leoflow::kube
