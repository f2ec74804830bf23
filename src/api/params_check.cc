// SPDX-License-Identifier: Apache-2.0
#include "api/params_check.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "api/problem.h"
#include "base/time.h"

namespace leoflow::api {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return char(tolower(c)); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool among(std::string_view choices, std::string_view text) {
  while (true) {
    size_t bar = choices.find('|');
    if (choices.substr(0, bar) == text) return true;
    if (bar == std::string_view::npos) return false;
    choices.remove_prefix(bar + 1);
  }
}

FieldProblem wrong(const Param& param, std::string_view text, std::string message,
                   std::string type) {
  return {json::array{"query", param.name}, std::move(message), std::move(type),
          json::value(text.substr(0, 200))};
}

std::optional<FieldProblem> check_integer(const Param& param, std::string_view text) {
  auto number = read_integer(text);
  if (!number) {
    return wrong(param, text,
                 "Input should be a valid integer, unable to parse string as an integer",
                 "int_parsing");
  }
  if (*number >= param.minimum) return std::nullopt;
  return wrong(param, text,
               "Input should be greater than or equal to " + std::to_string(param.minimum),
               "greater_than_equal");
}

std::optional<FieldProblem> check_instant(const Param& param, std::string_view text) {
  if (parse_time(text)) return std::nullopt;
  if (parse_time(text, true))
    return wrong(param, text, "Input should have timezone info", "timezone_aware");
  return wrong(param, text, "Input should be a valid datetime or date",
               "datetime_from_date_parsing");
}

std::optional<FieldProblem> check_value(const Param& param, std::string_view text) {
  if (text.size() > kQueryTextBytesMax)
    return wrong(param, text, "Input is too long", "string_too_long");
  switch (param.kind) {
    case Param::Kind::integer: return check_integer(param, text);
    case Param::Kind::instant: return check_instant(param, text);
    case Param::Kind::number:
      if (read_number(text)) return std::nullopt;
      return wrong(param, text,
                   "Input should be a valid number, unable to parse string as a number",
                   "float_parsing");
    case Param::Kind::boolean:
      if (read_boolean(text)) return std::nullopt;
      return wrong(param, text, "Input should be a valid boolean, unable to interpret input",
                   "bool_parsing");
    case Param::Kind::text: break;
  }
  if (param.choices.empty() || among(param.choices, text)) return std::nullopt;
  return wrong(param, text, "Input should be one of " + param.choices, "enum");
}

bool is_json(std::string_view content_type) {
  std::string type = lower(trimmed(content_type.substr(0, content_type.find(';'))));
  return type.empty() || type == "application/json" ||
         (type.starts_with("application/") && type.ends_with("+json"));
}

bool accepts(std::string_view range, std::string_view type) {
  return range == "*/*" || range == type ||
         (range.ends_with("/*") && type.starts_with(range.substr(0, range.size() - 1)));
}

}  // namespace

std::optional<int64_t> read_integer(std::string_view text) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> read_number(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  return number;
}

std::optional<bool> read_boolean(std::string_view text) {
  std::string word = lower(text);
  if (among("true|1|yes|on|t|y", word)) return true;
  if (among("false|0|no|off|f|n", word)) return false;
  return std::nullopt;
}

std::optional<Response> check_query(const Route& route, const Query& query) {
  std::vector<FieldProblem> problems;
  for (const auto& [name, text] : query) {
    auto param = std::ranges::find(route.query, name, &Param::name);
    bool known = param != route.query.end();
    // Airflow has patterns of more columns; all rows would be a wrong answer.
    if (!known && name.ends_with("_pattern"))
      return problem(400, "the filter " + name + " is not supported by this server");
    if (!known) continue;
    if (auto found = check_value(*param, text)) problems.push_back(std::move(*found));
  }
  for (const Param& param : route.query) {
    if (!param.required ||
        std::ranges::find(query, param.name, &Query::value_type::first) != query.end())
      continue;
    problems.push_back({json::array{"query", param.name}, "Field required", "missing", nullptr});
  }
  if (problems.empty()) return std::nullopt;
  return unprocessable(problems);
}

std::optional<Response> read_body(const Route& route, const Router& router, const Request& request,
                                  json::object& body) {
  if (route.body_bytes && !request.header("content-type").starts_with("application/octet-stream"))
    return problem(415, "the body must be application/octet-stream");
  if (route.body.empty()) return std::nullopt;
  bool sized =
      !request.header("content-length").empty() || !request.header("transfer-encoding").empty();
  if (request.body.empty()) {
    if (route.body_optional) return std::nullopt;
    if (!sized) return problem(411, "the request needs a Content-Length");
    return unprocessable(json::array{"body"}, "Field required", "missing");
  }
  if (!is_json(request.header("content-type"))) {
    return problem(415, "the body must be application/json");
  }
  auto parsed = json::parse(request.body);
  if (!parsed) {
    return unprocessable(json::array{"body", 0}, "JSON decode error: " + parsed.error().message(),
                         "json_invalid", json::object());
  }
  auto violations = check_json_schema(*parsed, router.shape_of(route.body), router.shapes());
  if (!violations.empty()) {
    std::vector<FieldProblem> problems;
    for (const auto& violation : violations) problems.push_back(field_problem(violation));
    return unprocessable(problems);
  }
  if (parsed->is_object()) body = std::move(parsed->get_object());
  return std::nullopt;
}

std::optional<std::string> choose_content_type(const std::vector<std::string>& types,
                                               std::string_view accept) {
  if (types.empty()) return std::string();
  if (trimmed(accept).empty()) return types[0];
  for (const std::string& type : types) {
    std::string_view rest = accept;
    while (!rest.empty()) {
      size_t comma = std::min(rest.find(','), rest.size());
      std::string_view range = rest.substr(0, comma);
      if (accepts(trimmed(range.substr(0, range.find(';'))), type)) return type;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return std::nullopt;
}

}  // namespace leoflow::api
