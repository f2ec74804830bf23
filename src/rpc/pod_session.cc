// SPDX-License-Identifier: Apache-2.0
#include "rpc/pod_session.h"

#include "base/crypto.h"

namespace leoflow {

std::string make_pod_secret(std::string_view key, std::string_view pod_name,
                            std::string_view pod_uid) {
  std::string message = "leoflow pod session\n";
  message.append(pod_name).append("\n").append(pod_uid);
  return std::string(pod_uid) + "." + base64url(hmac_sha256(key, message));
}

bool pod_secret_matches(std::string_view key, std::string_view pod_name, std::string_view secret) {
  auto dot = secret.rfind('.');
  if (pod_name.empty() || dot == secret.npos || dot == 0) return false;
  return equal_constant_time(make_pod_secret(key, pod_name, secret.substr(0, dot)), secret);
}

}  // namespace leoflow
