// SPDX-License-Identifier: Apache-2.0
// What the routes of users, sessions and tokens share.
#pragma once

#include "api/call.h"

namespace leoflow::api {

Result<User> find_user(const Call& call, const std::string& username);
// Stores a new password; every session and signed token of the user ends. `user` is as stored then.
Status change_password(const Call& call, User& user, const std::string& password);
// `denied` for a caller with an API token that is narrower than its owner's role.
Status needs_full_scope(const Call& call);

}  // namespace leoflow::api
