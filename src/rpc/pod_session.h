// SPDX-License-Identifier: Apache-2.0
// The secret of a pod's sessions: bound to its name and uid by an HMAC with a key of the
// installation, so that it still opens sessions after a restart of the server.
#pragma once

#include <string>
#include <string_view>

namespace leoflow {

std::string make_pod_secret(std::string_view key, std::string_view pod_name,
                            std::string_view pod_uid);
bool pod_secret_matches(std::string_view key, std::string_view pod_name, std::string_view secret);

}  // namespace leoflow
