// SPDX-License-Identifier: Apache-2.0
// One request on its way through a handler: path, query and body already checked against the
// route's declaration.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "api/problem.h"
#include "api/route.h"
#include "api/services.h"
#include "api/url.h"
#include "store/run_store.h"

namespace leoflow::api {

constexpr int kPageLimitPublic =
    100;  // longest page of the public API; larger limits are cut to it

// What the audit log tells beyond the path.
struct AuditNote {
  std::string dag_id, run_id, task_id;
  std::optional<int> map_index;
};

class Call {
 public:
  Call(const Services& services, const Request& request, const Route& route)
      : services(services), request(request), route(route) {}

  const Services& services;
  const Request& request;
  const Route& route;
  Principal user;
  PathParams path_params;
  std::vector<std::pair<std::string, std::string>> query;
  json::object body;
  std::string content_type;  // the one of the route's content types that the client accepts
  AuditNote audit;

  // Path parameters. Requires: the route declares it (as int for path_int).
  const std::string& path(std::string_view name) const;
  int path_int(std::string_view name) const;
  int64_t path_id(std::string_view name) const;

  // Query parameters; checked, so reading cannot fail.
  std::optional<std::string> query_text(std::string_view name) const;
  std::string query_or(std::string_view name, std::string_view fallback = {}) const;
  std::vector<std::string> query_all(std::string_view name) const;
  std::optional<int64_t> query_int(std::string_view name) const;
  std::vector<int> query_ints(std::string_view name) const;
  // Whether one of these is given at all.
  bool queries_any(std::initializer_list<std::string_view> names) const;
  std::optional<bool> query_bool(std::string_view name) const;
  std::optional<Time> query_time(std::string_view name) const;
  Range<Time> time_range(std::string_view field) const;
  Range<double> number_range(std::string_view field) const;
  // field_pattern and field_prefix_pattern.
  TextPattern pattern(std::string_view field) const;

  // limit, offset or cursor, and order_by. allowed: "public_name" or "public_name=store_name",
  // separated by spaces; a column that is not among them is `invalid`. fallback orders when the
  // client does not.
  Result<Page> page(std::string_view allowed, std::string_view fallback) const;

  // Body members; the body was checked. Null and missing members are not `has`.
  bool has(std::string_view name) const;
  std::string text(std::string_view name, std::string_view fallback = {}) const;
  std::optional<Time> time(std::string_view name) const;
  bool flag(std::string_view name, bool fallback) const;
  // Whether a PATCH changes a member: it is in the body and update_mask, if there is one, names it.
  bool changes(std::string_view name) const;
};

// Order columns of a text "a,-b" list checked against the allowed ones.
Result<std::vector<Order>> read_order(const std::vector<std::string>& columns,
                                      std::string_view allowed);

// The same of a body: page_limit, page_offset and order_by.
Result<Page> page_of_body(const Call& call, std::string_view allowed);
// field_gte, field_gt, field_lte and field_lt of a body.
Range<Time> time_range_of_body(const Call& call, const std::string& field);
Range<double> number_range_of_body(const Call& call, const std::string& field);
// The texts of a list in a body; null members are left out.
std::vector<std::string> texts_of_body(const Call& call, std::string_view name);
// Shape members for these ranges.
std::string range_members(std::initializer_list<std::string_view> fields, std::string_view type);

// The prefix of a TextPattern, for what is not asked of the store.
bool begins_with_any(std::string_view text, std::string_view alternatives);

// An answer with JSON that a writer holds.
Response json_response(json::Writer& w, int status = 200);
Response no_content();
Response redirect(int status, const std::string& to);

// The update_mask parameter of PATCH routes.
std::vector<Param> update_mask();

}  // namespace leoflow::api
