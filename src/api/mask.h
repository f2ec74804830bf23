// SPDX-License-Identifier: Apache-2.0
// Hides secrets in answers and in the audit log. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace leoflow::api {

constexpr std::string_view kMask = "***";

// Whether a name says that its value is secret ("db_password", "apiToken").
bool sensitive_name(std::string_view name);
// A copy in which every value under a sensitive name is "***", at any depth.
json::value masked(const json::value& value);
// A connection's extra, a JSON object as text, masked; other text is "***" as a whole. Empty stays
// empty.
std::string masked_extra(const std::string& extra);
// The reverse for updates: where `given` has "***" under a sensitive name, the value of `stored` is
// put back.
std::string unmasked_extra(const std::string& given, const std::string& stored);
// Without what is "***", where nothing is known to put in its place.
std::string without_masks(const std::string& extra);

}  // namespace leoflow::api
