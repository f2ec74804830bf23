// SPDX-License-Identifier: Apache-2.0
#include "cli/api_client.h"

#include <algorithm>

namespace leoflow::cli {
namespace {

Code code_of(int status) {
  switch (status) {
    case 400:
    case 406:
    case 413:
    case 422: return Code::invalid;
    case 401: return Code::unauthenticated;
    case 403: return Code::denied;
    case 404: return Code::not_found;
    case 409: return Code::conflict;
    case 429: return Code::exhausted;
    case 502:
    case 503: return Code::unavailable;
    case 504: return Code::timeout;
    default: return Code::internal;
  }
}

// [{"loc": ["body", "slots"], "msg": "..."}] as "slots: ...; ..."
std::string field_problems(const json::array& problems) {
  std::string text;
  for (const json::value& one : problems) {
    if (!one.is_object()) continue;
    if (!text.empty()) text += "; ";
    const json::array* place = json::array_or_null(one.get_object(), "loc");
    for (size_t i = 1; place && i < place->size(); ++i) {
      const json::value& step = (*place)[i];
      text += step.is_string() ? std::string(step.get_string()) : json::dump(step);
      text += i + 1 < place->size() ? "." : ": ";
    }
    text += json::string_or(one.get_object(), "msg");
  }
  return text;
}

// The command that lists what was not found.
std::string where_to_look(std::string_view message) {
  constexpr std::pair<std::string_view, std::string_view> kLists[] = {
      {"The Dag with ID", "`leoflow dags list` lists the DAGs"},
      {"The DagRun ", "`leoflow runs list --dag DAG` lists the runs; @latest is the newest"},
      {"The Task Instance ", "`leoflow tasks list DAG RUN` lists the tasks of a run"},
      {"The Connection ", "`leoflow connections list` lists the connections"},
      {"The Variable ", "`leoflow variables list` lists the variables"},
      {"The Pool ", "`leoflow pools list` lists the pools"},
      {"the user ", "`leoflow users list` lists the users"},
      {"the API token ", "`leoflow tokens list` lists the tokens"},
  };
  for (const auto& [start, hint] : kLists) {
    if (message.starts_with(start)) return std::string(hint);
  }
  return {};
}

Result<json::object> object_of(Result<json::value> answer, const std::string& path) {
  if (!answer) return fail(answer);
  if (answer->is_object()) return std::move(answer->get_object());
  return fail(Code::internal, path + " does not answer an object");
}

std::string hint_for(int status, std::string_view message) {
  if (status == 401) {
    return "a server started on this machine writes a token to its home (--home); otherwise give "
           "--token or set "
           "LEOFLOW_TOKEN";
  }
  if (status == 403)
    return "the role of your user does not allow this, or the token is not valid any more";
  return status == 404 ? where_to_look(message) : "";
}

}  // namespace

std::string path_of(std::string_view prefix, std::initializer_list<std::string_view> segments) {
  std::string path(prefix);
  for (std::string_view segment : segments) path += "/" + percent_encode(segment);
  return path;
}

std::string with_query(std::string path, const Query& query) {
  char separator = '?';
  for (const auto& [name, value] : query) {
    if (value.empty()) continue;
    path += separator + name + "=" + percent_encode(value);
    separator = '&';
  }
  return path;
}

std::string dags_path(std::string_view dag_id, std::initializer_list<std::string_view> rest) {
  return path_of(path_of("/api/v2/dags", {dag_id}), rest);
}

std::string run_path(std::string_view dag_id, std::string_view run_id,
                     std::initializer_list<std::string_view> rest) {
  return path_of(dags_path(dag_id, {"dagRuns", run_id}), rest);
}

std::string own_path(std::initializer_list<std::string_view> segments) {
  return path_of("/api/leoflow/v1", segments);
}

Error error_of(int status, std::string_view body) {
  std::string message, hint;
  auto parsed = json::parse(body);
  if (parsed && parsed->is_object()) {
    const json::object& answer = parsed->get_object();
    hint = json::string_or(answer, "hint");
    message = json::string_or(answer, "detail", json::string_or(answer, "error"));
    if (const json::array* problems = json::array_or_null(answer, "detail"))
      message = field_problems(*problems);
    if (const json::object* detail = json::object_or_null(answer, "detail"))
      message = json::dump(json::value(*detail));
  }
  if (message.empty()) message = "the server answered " + std::to_string(status);
  if (hint.empty()) hint = hint_for(status, message);
  return Error(code_of(status), std::move(message), std::move(hint));
}

Result<json::value> ApiClient::call(std::string_view method, const std::string& path,
                                    std::string_view body, std::string_view content_type) {
  auto reply = http_.send(method, path, body, content_type);
  if (!reply) return fail(reply);
  if (reply->status >= 300) return fail(error_of(reply->status, reply->body));
  if (reply->body.empty()) return json::value();
  if (reply->content_type != "application/json") {
    return fail(Code::internal,
                http_.url().text() + path + " answers " + reply->content_type + ", not JSON",
                "is something else than leoflow listening at this address?");
  }
  return json::parse(reply->body);
}

Result<json::value> ApiClient::send(std::string_view method, const std::string& path,
                                    const json::object& body) {
  return call(method, path, json::dump(json::value(body)));
}

Result<json::object> ApiClient::get_object(const std::string& path) {
  return object_of(get(path), path);
}

Result<json::object> ApiClient::put_bytes(const std::string& path, std::string_view bytes) {
  return object_of(call("PUT", path, bytes, "application/octet-stream"), path);
}

Result<json::object> ApiClient::send_object(std::string_view method, const std::string& path,
                                            const json::object& body) {
  return object_of(send(method, path, body), path);
}

Result<Rows> ApiClient::list(const std::string& path, std::string_view key, Query query,
                             int64_t limit) {
  Rows result;
  int64_t wanted = limit > 0 ? std::min(limit, kRowsMax) : kRowsMax;
  size_t paging = query.size();
  query.emplace_back("limit", "");
  query.emplace_back("offset", "");
  while (int64_t(result.rows.size()) < wanted) {
    query[paging].second =
        std::to_string(std::min(kRowsPerPage, wanted - int64_t(result.rows.size())));
    query[paging + 1].second = std::to_string(result.rows.size());
    auto page = get_object(with_query(path, query));
    if (!page) return fail(page);
    const json::array* rows = json::array_or_null(*page, key);
    if (!rows) return fail(Code::internal, path + " answers no " + std::string(key));
    result.total = json::int_or(*page, "total_entries", int64_t(rows->size()));
    result.rows.insert(result.rows.end(), rows->begin(), rows->end());
    if (rows->empty() || int64_t(result.rows.size()) >= result.total) break;
  }
  return result;
}

Result<HttpStream> ApiClient::open(const std::string& path, std::string_view accept) {
  int status = 0;
  auto stream = http_.open(path, accept, status);
  if (!stream && status >= 300) return fail(error_of(status, {}));
  return stream;
}

}  // namespace leoflow::cli
