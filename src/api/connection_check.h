// SPDX-License-Identifier: Apache-2.0
// Whether the other end of a connection answers, in its own protocol as far as that needs no
// driver.
#pragma once

#include <string>

#include "base/error.h"
#include "model/entities.h"

namespace leoflow::api {

constexpr Duration kCheckTimeMax = std::chrono::seconds(10);  // connecting and talking

struct CheckResult {
  bool reached = false;
  std::string message;  // never holds the password
};

// Blocks for at most kCheckTimeMax and the lookup of the name. postgres: a login. http: GET of the
// path; any answer that is HTTP counts, 401 and 403 with a login do not. Other types: a TCP
// connection to host and port.
CheckResult check_connection(const Connection& connection);

}  // namespace leoflow::api
