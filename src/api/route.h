// SPDX-License-Identifier: Apache-2.0
// One route: what it matches, who may call it, what it takes and answers. Routing, checking of
// parameters and bodies, the audit log and /openapi.json all read this declaration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/access.h"
#include "api/http.h"
#include "base/error.h"

namespace leoflow::api {

class Call;

// A query parameter. Values are checked before the handler runs; a wrong one answers 422.
struct Param {
  enum class Kind { text, integer, number, boolean, instant };
  std::string name;
  Kind kind = Kind::text;
  std::string summary;
  bool repeated = false;  // may be given several times
  bool required = false;
  std::string choices;          // "a|b|c"; empty = any value of the kind
  std::string fallback;         // shown as default; the handler applies it
  int64_t minimum = INT64_MIN;  // of integers
};

struct Answer {
  int status;
  std::string shape;  // name of a shape; empty = no body or not JSON
  std::string content_type = "application/json";
};

using Handler = Result<Response> (*)(Call& call);

struct Route {
  Method method = Method::get;
  std::string path;  // "/api/v2/dags/{dag_id}"; {n:int}; {key:path} takes the rest with slashes
  std::string operation;  // operation id, also the event name in the audit log
  Handler handler = nullptr;
  Permission permission = Permission::nobody;  // by operation, from the table in access.h
  std::string tag, summary;
  std::vector<Param> query;
  std::string body;  // shape of the JSON body; empty = none
  bool body_optional = false;
  bool body_bytes = false;  // the body is bytes, not JSON
  std::vector<Answer> answers;
  bool audited = false;  // a success is written to the audit log

  Route& about(std::string text) {
    summary = std::move(text);
    return *this;
  }
  Route& takes(std::vector<Param> params);
  Route& reads(std::string shape) {
    body = std::move(shape);
    return *this;
  }
  Route& reads_bytes() {
    body_bytes = true;
    return *this;
  }
  Route& body_may_be_missing() {
    body_optional = true;
    return *this;
  }
  Route& answers_with(int status, std::string shape = {},
                      std::string content_type = "application/json");
  Route& unaudited() {
    audited = false;
    return *this;
  }

  // Content types of successful answers, in order of declaration.
  std::vector<std::string> content_types() const;
};

// Common parameters.
std::vector<Param> paging();                               // limit, offset
std::vector<Param> cursor();                               // instead of offset
std::vector<Param> ordered_by(std::string fallback);       // order_by, repeatable
std::vector<Param> instant_range(std::string_view field);  // field_gte, _gt, _lte, _lt
std::vector<Param> number_range(std::string_view field);
std::vector<Param> pattern(std::string_view field);  // field_pattern, field_prefix_pattern

}  // namespace leoflow::api
