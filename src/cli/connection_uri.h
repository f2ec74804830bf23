// SPDX-License-Identifier: Apache-2.0
// Connection URIs as Airflow writes them: type://login:password@host:port/schema?extra. Pure.
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace leoflow::cli {

// The members of a connection in the REST API (conn_type, host, port, ...), those that the URI
// names. Errors never show the URI: it may hold a password.
Result<json::object> connection_of_uri(std::string_view uri);

}  // namespace leoflow::cli
