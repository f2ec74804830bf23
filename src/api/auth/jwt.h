// SPDX-License-Identifier: Apache-2.0
// JSON Web Tokens, HS256 only: the algorithm is ours to choose, never the token's. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace leoflow::api {

constexpr std::string_view kTokenIssuer = "leoflow";
constexpr Duration kTokenLeeway = std::chrono::seconds(10);  // accepted difference of clocks
constexpr size_t kJwtBytesMax = 4096;

struct Claims {
  std::string subject;       // username
  std::string role;          // as it was when the token was made; shown only, never trusted
  std::string password_tag;  // changes with the password
  Time issued_at{}, expires_at{};
};

std::string sign_jwt(const Claims& claims, std::string_view secret);

// `denied`: not a token of ours (form, algorithm, signature, issuer). `unauthenticated`: ours, but
// expired or not yet valid.
Result<Claims> verify_jwt(std::string_view token, std::string_view secret, Time now);

}  // namespace leoflow::api
