// SPDX-License-Identifier: Apache-2.0
// Any text as an issuer's keys, token and rules: nothing of it is believed.
#include <cstdint>
#include <string_view>

#include "api/auth/id_token.h"
#include "api/auth/oidc_roles.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace leoflow::api;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  KeySet keys;
  if (auto set = KeySet::parse(text)) keys = std::move(*set);
  CHECK(!verify_id_token(text, keys, {"issuer", "client", "nonce"}, leoflow::Time{}).has_value());
  if (auto rule = parse_role_rule(text)) CHECK(!rule->value.empty() && !rule->grant);
  if (auto rule = parse_grant_rule(text)) CHECK(!rule->value.empty() && rule->grant);
  auto parsed = leoflow::json::parse(text);
  if (parsed && parsed->is_object())
    CHECK(claim_values(parsed->get_object(), text).size() <= kRoleRulesMax);
  return 0;
}
