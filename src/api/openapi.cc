// SPDX-License-Identifier: Apache-2.0
#include "api/openapi.h"

#include <map>

#include "api/call.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

using json::Writer;

std::string lower_method(Method method) {
  std::string name(to_string(method));
  for (char& c : name) c = char(tolower(c));
  return name;
}

// "/a/{b:int}" as "/a/{b}".
std::string document_path(std::string_view path) {
  std::string out;
  bool kind = false;
  for (char c : path) {
    if (c == ':') kind = true;
    if (c == '}') kind = false;
    if (!kind) out += c;
  }
  return out;
}

void write_reference(Writer& w, const std::string& shape) {
  w.begin_object().member("$ref", "#/components/schemas/" + shape).end_object();
}

void write_path_params(Writer& w, const std::string& path) {
  for (size_t open = path.find('{'); open != std::string::npos; open = path.find('{', open + 1)) {
    std::string name = path.substr(open + 1, path.find('}', open) - open - 1);
    bool integer = name.ends_with(":int");
    w.begin_object()
        .member("name", name.substr(0, name.find(':')))
        .member("in", "path")
        .member("required", true);
    w.key("schema")
        .begin_object()
        .member("type", integer ? "integer" : "string")
        .end_object()
        .end_object();
  }
}

void write_choices(Writer& w, std::string_view choices) {
  w.key("enum").begin_array();
  while (!choices.empty()) {
    size_t bar = std::min(choices.find('|'), choices.size());
    w.string(choices.substr(0, bar));
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  w.end_array();
}

void write_param_type(Writer& w, const Param& param) {
  using Kind = Param::Kind;
  w.begin_object();
  switch (param.kind) {
    case Kind::integer: w.member("type", "integer"); break;
    case Kind::number: w.member("type", "number"); break;
    case Kind::boolean: w.member("type", "boolean"); break;
    case Kind::instant: w.member("type", "string").member("format", "date-time"); break;
    case Kind::text: w.member("type", "string"); break;
  }
  if (!param.choices.empty()) write_choices(w, param.choices);
  if (param.minimum != INT64_MIN) w.member("minimum", param.minimum);
  bool plain = param.kind == Kind::integer || param.kind == Kind::boolean;
  if (!param.fallback.empty() && !param.repeated) {
    w.key("default");
    if (plain) {
      w.raw(param.fallback);
    } else {
      w.string(param.fallback);
    }
  }
  w.end_object();
}

void write_query_param(Writer& w, const Param& param) {
  w.begin_object()
      .member("name", param.name)
      .member("in", "query")
      .member("required", param.required);
  if (!param.summary.empty()) w.member("description", param.summary);
  w.key("schema");
  if (param.repeated) {
    w.begin_object().member("type", "array").key("items");
    write_param_type(w, param);
    if (!param.fallback.empty()) w.key("default").begin_array().string(param.fallback).end_array();
    w.end_object();
  } else {
    write_param_type(w, param);
  }
  w.end_object();
}

// What every route may answer beside its own answers.
std::map<int, std::string> common_answers(const Route& route) {
  std::map<int, std::string> answers{{400, "HTTPExceptionResponse"}};
  if (route.permission != Permission::anyone) {
    answers[401] = "HTTPExceptionResponse";
    answers[403] = "HTTPExceptionResponse";
  }
  bool named = route.path.find('{') != std::string::npos;
  if (named) answers[404] = "HTTPExceptionResponse";
  if (named || !route.query.empty()) answers[414] = "HTTPExceptionResponse";  // kUrlBytesMax
  if (route.method != Method::get) answers[409] = "HTTPExceptionResponse";
  if (!route.query.empty() || !route.body.empty()) answers[422] = "HTTPValidationError";
  if (!route.body.empty() && !route.body_optional) answers[411] = "HTTPExceptionResponse";
  if (!route.body.empty() || route.body_bytes) answers[415] = "HTTPExceptionResponse";
  return answers;
}

void write_content(Writer& w, const Route& route, int status, const std::string& common) {
  w.begin_object().member("description", status_text(status));
  bool any = false;
  for (const Answer& answer : route.answers) any |= answer.status == status && status != 204;
  if (any || !common.empty()) w.key("content").begin_object();
  for (const Answer& answer : route.answers) {
    if (answer.status != status || status == 204) continue;
    w.key(answer.content_type).begin_object().key("schema");
    if (answer.shape.empty()) {
      w.begin_object();
      if (answer.content_type != "application/json") w.member("type", "string");
      w.end_object();
    } else {
      write_reference(w, answer.shape);
    }
    w.end_object();
  }
  if (!any && !common.empty()) {
    w.key("application/json").begin_object().key("schema");
    write_reference(w, common);
    w.end_object();
  }
  if (any || !common.empty()) w.end_object();
  w.end_object();
}

void write_answers(Writer& w, const Route& route) {
  auto answers = common_answers(route);
  for (const Answer& answer : route.answers) answers[answer.status] = "";
  w.key("responses").begin_object();
  for (const auto& [status, common] : answers) {
    w.key(std::to_string(status));
    write_content(w, route, status, common);
  }
  w.end_object();
}

void write_operation(Writer& w, const Route& route) {
  w.begin_object().member("operationId", route.operation).member("summary", route.summary);
  w.key("tags").begin_array().string(route.tag).end_array();
  w.member("x-role", route.permission == Permission::anyone
                         ? "Anyone"
                         : to_string(role_needed(route.permission)));
  w.key("parameters").begin_array();
  write_path_params(w, route.path);
  for (const Param& param : route.query) write_query_param(w, param);
  w.end_array();
  if (!route.body.empty()) {
    w.key("requestBody")
        .begin_object()
        .member("required", !route.body_optional)
        .key("content")
        .begin_object();
    w.key("application/json").begin_object().key("schema");
    write_reference(w, route.body);
    w.end_object().end_object().end_object();
  }
  if (route.body_bytes) {
    w.key("requestBody").begin_object().member("required", true).key("content").begin_object();
    w.key("application/octet-stream").begin_object().key("schema").begin_object();
    w.member("type", "string").member("format", "binary");
    w.end_object().end_object().end_object().end_object();
  }
  w.key("security").begin_array();
  if (route.permission != Permission::anyone) {
    for (auto scheme : {"bearer", "cookie"})
      w.begin_object().key(scheme).begin_array().end_array().end_object();
  }
  w.end_array();
  write_answers(w, route);
  w.end_object();
}

void write_components(Writer& w, const Router& router) {
  w.key("components").begin_object();
  w.key("schemas").value(router.shapes().at("components").at("schemas"));
  w.key("securitySchemes")
      .raw(
          R"({"bearer":{"type":"http","scheme":"bearer"},)"
          R"("cookie":{"type":"apiKey","in":"cookie","name":"leoflow_session"}})");
  w.end_object();
}

Result<Response> get_openapi(Call& call) {
  Response response;
  response.body = openapi_document(call.services.router, call.services.options.version);
  return response;
}

}  // namespace

std::string openapi_document(const Router& router, const std::string& version) {
  std::map<std::string, std::map<std::string, const Route*>> paths;
  for (const auto& route : router.routes())
    paths[document_path(route->path)][lower_method(route->method)] = route.get();
  Writer w;
  w.begin_object()
      .member("openapi", "3.1.0")
      .key("info")
      .begin_object()
      .member("title", "Leoflow API");
  w.member("version", version).end_object().key("paths").begin_object();
  for (const auto& [path, methods] : paths) {
    w.key(path).begin_object();
    for (const auto& [method, route] : methods) {
      w.key(method);
      write_operation(w, *route);
    }
    w.end_object();
  }
  w.end_object();
  write_components(w, router);
  w.end_object();
  return w.take();
}

void add_openapi_routes(Router& router) {
  router.tag("Monitor");
  router.add(Method::get, "/openapi.json", "get_openapi", get_openapi)
      .about("This document")
      .answers_with(200);
}

}  // namespace leoflow::api
