// SPDX-License-Identifier: Apache-2.0
// The audit log: who changed what, from where, how it was before and is afterwards. Secrets are
// masked; what an object looks like is what its GET route answers.
#pragma once

#include <optional>

#include "api/call.h"

namespace leoflow::api {

constexpr size_t kAuditBytesMax = 16 * 1024;  // of body, before and after each; longer is left out

// The object that a call is about to change, as its own GET route shows it to the caller; nothing
// for a route without one, for bulk changes, and when it cannot be read.
std::optional<json::object> object_before(const Call& call);
// Writes the row of a change that succeeded. A row that cannot be written is told in the log.
void audit_change(const Call& call, const std::optional<json::object>& before,
                  const Response& response);
// A login or logout, or a login that failed, and why if that is worth telling.
void audit_login(const Call& call, std::string_view event, const std::string& username,
                 std::string_view reason = {});

}  // namespace leoflow::api
