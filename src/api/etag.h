// SPDX-License-Identifier: Apache-2.0
// Answers that a client need not be sent again: ETag and If-None-Match.
#pragma once

#include <string_view>

#include "api/http.h"

namespace leoflow::api {

// Whether an If-None-Match header names a tag (without quotes and W/); "*" names every one.
bool matches_etag(std::string_view if_none_match, std::string_view tag);

// Gives a successful GET an ETag made of its body, and takes the body away (304) when the client
// says that it has it. Browsers may keep the answer but ask before they use it, unless it is
// `secret`. Other answers stay as they are.
void tag_response(const Request& request, Response& response, bool secret);

}  // namespace leoflow::api
