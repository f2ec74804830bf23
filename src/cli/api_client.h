// SPDX-License-Identifier: Apache-2.0
// The REST API as commands use it: JSON in and out, refusals as Errors, lists page by page.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "cli/http_client.h"

namespace leoflow::cli {

constexpr int64_t kRowsPerPage = 100;  // the server cuts longer pages
constexpr int64_t kRowsMax = 100'000;  // of one list

// Query parameters; those with an empty value are left out.
using Query = std::vector<std::pair<std::string, std::string>>;

// "/api/v2/dags/a%2Fb/dagRuns": segments are joined with slashes and encoded, the prefix is taken
// as it is.
std::string path_of(std::string_view prefix, std::initializer_list<std::string_view> segments);
std::string with_query(std::string path, const Query& query);
std::string dags_path(std::string_view dag_id, std::initializer_list<std::string_view> rest = {});
std::string run_path(std::string_view dag_id, std::string_view run_id,
                     std::initializer_list<std::string_view> rest = {});
std::string own_path(std::initializer_list<std::string_view> segments);  // below /api/leoflow/v1

// The refusal that a reply stands for: its detail and hint, the code by the HTTP status.
Error error_of(int status, std::string_view body);

struct Rows {
  json::array rows;
  int64_t total = 0;  // how many there are, shown or not
};

// One thread.
class ApiClient {
 public:
  explicit ApiClient(HttpClient http) : http_(std::move(http)) {}

  HttpClient& http() { return http_; }
  // A status of 400 and more is an Error; an empty answer is null.
  Result<json::value> get(const std::string& path) { return call("GET", path, {}); }
  Result<json::value> send(std::string_view method, const std::string& path,
                           const json::object& body);
  Result<json::value> remove(const std::string& path) { return call("DELETE", path, {}); }
  // As get(), for answers that must be objects.
  Result<json::object> get_object(const std::string& path);
  Result<json::object> send_object(std::string_view method, const std::string& path,
                                   const json::object& body);
  // PUT of bytes that are no JSON. Sent again, they change nothing.
  Result<json::object> put_bytes(const std::string& path, std::string_view bytes);
  // The rows under `key`, at most `limit` of them (0 = all, bounded by kRowsMax).
  Result<Rows> list(const std::string& path, std::string_view key, Query query = {},
                    int64_t limit = 0);
  Result<HttpStream> open(const std::string& path, std::string_view accept);

 private:
  Result<json::value> call(std::string_view method, const std::string& path, std::string_view body,
                           std::string_view content_type = "application/json");

  HttpClient http_;
};

}  // namespace leoflow::cli
