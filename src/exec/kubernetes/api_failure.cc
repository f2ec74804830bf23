// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/api_client.h"

namespace leoflow::kube {
namespace {

constexpr size_t kMessageBytesMax = 2000;

std::string hint_of(Code code) {
  if (code == Code::unauthenticated) return "the credentials of the kubeconfig are not valid";
  if (code == Code::denied) return "grant it to the user or service account with a Role";
  return {};
}

}  // namespace

bool ApiFailure::expired() const {
  return status == 410 || reason == "Expired" || reason == "Gone";
}

bool ApiFailure::quota() const { return error.code() == Code::exhausted && status == 403; }

Code api_code(int status, std::string_view reason, bool reads) {
  switch (status) {
    case 400:
    case 405:
    case 406:
    case 413:
    case 415:
    case 422: return Code::invalid;
    case 401: return Code::unauthenticated;
    case 403: return Code::denied;
    case 404: return Code::not_found;
    case 409: return reason == "AlreadyExists" ? Code::exists : Code::conflict;
    case 410: return Code::conflict;
    case 429:
    case 502:
    case 503: return Code::unavailable;
    case 500:
    case 504: return reads ? Code::unavailable : Code::outcome_unknown;
    default: return status >= 500 ? Code::unavailable : Code::internal;
  }
}

ApiFailure api_failure(int status, std::string_view body, bool reads) {
  std::string message, reason;
  std::optional<Duration> retry_after;
  if (auto parsed = json::parse(body); parsed && parsed->is_object()) {
    const json::object& object = parsed->as_object();
    message = json::string_or(object, "message");
    reason = json::string_or(object, "reason");
    auto* details = json::object_or_null(object, "details");
    int64_t seconds = details ? json::int_or(*details, "retryAfterSeconds") : 0;
    if (seconds > 0) retry_after = std::chrono::seconds(std::min<int64_t>(seconds, 3600));
  } else {
    message = std::string(body.substr(0, 300));
  }
  if (message.empty()) message = "the Kubernetes API answered " + std::to_string(status);
  if (message.size() > kMessageBytesMax) message.resize(kMessageBytesMax);
  Code code = api_code(status, reason, reads);
  bool quota = message.contains("exceeded quota") || message.contains("failed quota");
  if (code == Code::denied && quota) code = Code::exhausted;
  return {Error(code, std::move(message), hint_of(code)), status, std::move(reason), retry_after};
}

}  // namespace leoflow::kube
