// SPDX-License-Identifier: Apache-2.0
// Checks JSON values against JSON schemas (draft 2020-12, the keywords below): params of runs and
// bodies of requests. Pure and bounded: no file or network access (only local "#/..." references),
// regular expressions in linear time. Known: type enum const properties required
// additionalProperties patternProperties propertyNames minProperties maxProperties
// dependentRequired items prefixItems contains minItems maxItems uniqueItems minLength maxLength
// pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf allOf anyOf oneOf not
// if then else $ref. Other keywords are annotations and ignored, as the specification asks.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/dag_spec.h"

namespace leoflow {

constexpr size_t kSchemaViolationsMax = 20;    // reported per check
constexpr size_t kSchemaStepsMax = 1'000'000;  // schema applications per check
constexpr int kSchemaDepthMax = 128;  // nesting of schema applications (references included)

// One place where a value breaks its schema.
struct SchemaViolation {
  json::array path;     // from the root: member names (string) and indexes (integer)
  std::string keyword;  // "required", "type", "format", ...; "schema" when the schema is broken
  std::string message;  // "5 is greater than the maximum of 3"
  const json::value* instance = nullptr;  // the offending value, inside the checked instance
  const json::value* expected = nullptr;  // the keyword's value, inside the schema
};

// All violations, in document order, at most kSchemaViolationsMax. References resolve inside
// `root`.
std::vector<SchemaViolation> check_json_schema(const json::value& instance,
                                               const json::value& schema, const json::value& root);
inline std::vector<SchemaViolation> check_json_schema(const json::value& instance,
                                                      const json::value& schema) {
  return check_json_schema(instance, schema, schema);
}

// "a.b[2]" of a violation's path; empty for the root.
std::string path_text(const json::array& path);

// Whether a run's conf gives every param of its DAG a value that its schema accepts: conf[name] if
// there, else the default. `invalid` names the param: "invalid input for param p: 'x' is not of
// type 'integer'".
Status check_params(const std::map<std::string, ParamSpec>& params, const json::object& conf);

}  // namespace leoflow
