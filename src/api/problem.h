// SPDX-License-Identifier: Apache-2.0
// Error answers in the shapes of the public API: {"detail": text}, and for 422 {"detail": [{loc,
// msg, type, input}]}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "base/error.h"
#include "base/json.h"
#include "model/json_schema.h"

namespace leoflow::api {

// {"detail": detail} and, if given, "hint".
Response problem(int status, std::string_view detail, std::string_view hint = {});
// The answer for a failed Result: its code's status, its message as detail.
Response problem(const Error& error);

// One entry of a 422 answer.
struct FieldProblem {
  json::array loc;      // "query", "limit" or "body", "conf", ...
  std::string message;  // "Input should be a valid integer"
  std::string type;     // "int_type"
  json::value input;
};
Response unprocessable(const std::vector<FieldProblem>& problems);
Response unprocessable(json::array loc, std::string message, std::string type,
                       json::value input = nullptr);

// A broken body, told in the words of the public API's validator.
FieldProblem field_problem(const SchemaViolation& violation);

}  // namespace leoflow::api
