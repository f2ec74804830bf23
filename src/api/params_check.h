// SPDX-License-Identifier: Apache-2.0
// Checks a request's query and body against its route's declaration. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http.h"
#include "api/route.h"
#include "api/router.h"
#include "base/json.h"

namespace leoflow::api {

constexpr size_t kQueryTextBytesMax = 2000;  // longest value of one query parameter

std::optional<int64_t> read_integer(std::string_view text);
std::optional<double> read_number(std::string_view text);
std::optional<bool> read_boolean(
    std::string_view text);  // true/false, 1/0, yes/no, on/off, any case

// The refusal (422, or 400 for filters that we do not have); nothing when the query is fine.
std::optional<Response> check_query(const Route& route,
                                    const std::vector<std::pair<std::string, std::string>>& query);

// Parses the body and checks it against the route's shape. The refusal: 411, 415, 422; nothing when
// it is fine.
std::optional<Response> read_body(const Route& route, const Router& router, const Request& request,
                                  json::object& body);

// Which of the types (first = preferred) an Accept header takes; nothing when none of them.
std::optional<std::string> choose_content_type(const std::vector<std::string>& types,
                                               std::string_view accept);

}  // namespace leoflow::api
