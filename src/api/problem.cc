// SPDX-License-Identifier: Apache-2.0
#include "api/problem.h"

#include <array>

#include "base/time.h"

namespace leoflow::api {
namespace {

constexpr size_t kInputShownMax = 1024;  // bytes of a refused value that are sent back

struct TypeRow {
  std::string_view schema_type, type, message;
};
constexpr std::array<TypeRow, 7> kTypes{{
    {"string", "string_type", "Input should be a valid string"},
    {"integer", "int_type", "Input should be a valid integer"},
    {"number", "float_type", "Input should be a valid number"},
    {"boolean", "bool_type", "Input should be a valid boolean"},
    {"object", "dict_type", "Input should be a valid dictionary"},
    {"array", "list_type", "Input should be a valid list"},
    {"null", "none_required", "Input should be None"},
}};

// "'a', 'b' or 'c'"
std::string choices_text(const json::value& choices) {
  std::string text;
  if (!choices.is_array()) return text;
  const json::array& list = choices.get_array();
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) text += i + 1 == list.size() ? " or " : ", ";
    text +=
        list[i].is_string() ? "'" + std::string(list[i].get_string()) + "'" : json::dump(list[i]);
  }
  return text;
}

void explain_type(const json::value& expected, FieldProblem& problem) {
  const json::value* first = &expected;
  if (expected.is_array() && !expected.get_array().empty()) first = &expected.get_array()[0];
  std::string_view name =
      first->is_string() ? std::string_view(first->get_string()) : std::string_view();
  for (const TypeRow& row : kTypes) {
    if (row.schema_type != name) continue;
    problem.type = row.type;
    problem.message = row.message;
  }
}

void explain_format(const json::value& instance, FieldProblem& problem) {
  std::string_view text = instance.get_string();
  if (parse_time(text, true)) {
    problem.type = "timezone_aware";
    problem.message = "Input should have timezone info";
  } else {
    problem.type = "datetime_from_date_parsing";
    problem.message = "Input should be a valid datetime or date";
  }
}

struct KeywordRow {
  std::string_view keyword, type, before;  // message = before + the keyword's value
};
constexpr std::array<KeywordRow, 6> kKeywords{{
    {"minLength", "string_too_short", "String should have at least this many characters: "},
    {"maxLength", "string_too_long", "String should have at most this many characters: "},
    {"minimum", "greater_than_equal", "Input should be greater than or equal to "},
    {"maximum", "less_than_equal", "Input should be less than or equal to "},
    {"pattern", "string_pattern_mismatch", "String should match pattern "},
    {"enum", "enum", "Input should be "},
}};

bool explain_keyword(const SchemaViolation& violation, FieldProblem& problem) {
  for (const KeywordRow& row : kKeywords) {
    if (row.keyword != violation.keyword || !violation.expected) continue;
    problem.type = row.type;
    problem.message = row.before;
    problem.message += violation.keyword == "enum" ? choices_text(*violation.expected)
                                                   : json::dump(*violation.expected);
    return true;
  }
  return false;
}

json::value shown_input(const json::value& input) {
  std::string text = json::dump(input);
  return text.size() <= kInputShownMax ? input : json::value(text.substr(0, 64) + "...");
}

}  // namespace

Response problem(int status, std::string_view detail, std::string_view hint) {
  json::Writer w;
  w.begin_object().member("detail", detail);
  if (!hint.empty()) w.member("hint", hint);
  w.end_object();
  Response response;
  response.status = status;
  response.body = w.take();
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

Response problem(const Error& error) {
  int status = error.code() == Code::invalid ? 400 : http_status(error.code());
  return problem(status, error.message(), error.hint());
}

Response unprocessable(const std::vector<FieldProblem>& problems) {
  json::Writer w;
  w.begin_object().key("detail").begin_array();
  for (const FieldProblem& one : problems) {
    w.begin_object().key("loc").value(one.loc);
    w.member("msg", one.message)
        .member("type", one.type)
        .key("input")
        .value(one.input)
        .end_object();
  }
  w.end_array().end_object();
  Response response;
  response.status = 422;
  response.body = w.take();
  return response;
}

Response unprocessable(json::array loc, std::string message, std::string type, json::value input) {
  return unprocessable(
      {FieldProblem{std::move(loc), std::move(message), std::move(type), std::move(input)}});
}

FieldProblem field_problem(const SchemaViolation& violation) {
  FieldProblem problem{
      .loc = json::array{"body"}, .message = violation.message, .type = "value_error"};
  for (const json::value& step : violation.path) problem.loc.push_back(step);
  if (violation.instance) problem.input = shown_input(*violation.instance);
  if (violation.keyword == "required") {
    problem.type = "missing";
    problem.message = "Field required";
  } else if (violation.keyword == "additionalProperties") {
    problem.type = "extra_forbidden";
    problem.message = "Extra inputs are not permitted";
  } else if (violation.keyword == "type" && violation.expected) {
    explain_type(*violation.expected, problem);
  } else if (violation.keyword == "format" && violation.instance &&
             violation.instance->is_string()) {
    explain_format(*violation.instance, problem);
  } else {
    explain_keyword(violation, problem);
  }
  return problem;
}

}  // namespace leoflow::api
