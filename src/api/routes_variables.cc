// SPDX-License-Identifier: Apache-2.0
// /variables. Keys may contain slashes; values of variables whose name says so come back masked.
#include "api/mask.h"
#include "api/named_secrets.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

void write_variable(json::Writer& w, const Variable& variable) {
  w.begin_object().member("key", variable.key);
  w.member("value", sensitive_name(variable.key) ? std::string(kMask) : variable.value);
  member_text(w, "description", variable.description);
  w.member("is_encrypted", true).member_null("team_name").end_object();
}

Response variable_response(const Variable& variable, int status) {
  json::Writer w;
  write_variable(w, variable);
  return json_response(w, status);
}

// The value as stored: text as it is, anything else as JSON text.
std::string value_text(const json::object& body) {
  const json::value* value = body.if_contains("value");
  if (!value || value->is_null()) return {};
  return value->is_string() ? std::string(value->get_string()) : json::dump(*value);
}

Error missing(const std::string& key) {
  return Error(Code::not_found, "The Variable with key: `" + key + "` was not found");
}

Result<Variable> find_variable(const Call& call, const std::string& key) {
  auto variable = call.services.secrets.get_variable(key);
  if (!variable) return fail(variable);
  if (!*variable) return fail(missing(key));
  return std::move(**variable);
}

Result<Variable> put_new(const Call& call, const json::object& body, bool overwrite) {
  Variable variable{json::string_or(body, "key"), value_text(body),
                    json::string_or(body, "description")};
  if (auto status = call.services.secrets.put_variable(variable, overwrite); !status)
    return fail(status);
  return variable;
}

Result<Variable> update(const Call& call, const std::string& key, const json::object& body,
                        auto applies) {
  auto variable = find_variable(call, key);
  if (!variable) return variable;
  bool masked = sensitive_name(key) && value_text(body) == kMask;
  if (body.contains("value") && applies("value") && !masked) variable->value = value_text(body);
  if (body.contains("description") && applies("description")) {
    variable->description = json::string_or(body, "description");
  }
  if (auto status = call.services.secrets.put_variable(*variable, true); !status)
    return fail(status);
  return variable;
}

Result<Response> get_variables(Call& call) {
  auto page = call.page("key id=key description", "key");
  if (!page) return fail(page);
  auto found = call.services.secrets.list_variables(call.pattern("variable_key"), *page);
  if (!found) return fail(found);
  json::Writer w;
  w.begin_object().key("variables").begin_array();
  for (const Variable& variable : found->rows) write_variable(w, variable);
  w.end_array().member("total_entries", found->total).end_object();
  return json_response(w);
}

Result<Response> get_variable(Call& call) {
  auto variable = find_variable(call, call.path("variable_key"));
  if (!variable) return fail(variable);
  return variable_response(*variable, 200);
}

Result<Response> post_variable(Call& call) {
  auto variable = put_new(call, call.body, false);
  if (!variable) return fail(variable);
  return variable_response(*variable, 201);
}

Result<Response> patch_variable(Call& call) {
  const std::string& key = call.path("variable_key");
  if (call.has("key") && call.text("key") != key) {
    return fail(Code::invalid, "Invalid body, key from request body doesn't match uri parameter");
  }
  auto variable =
      update(call, key, call.body, [&](std::string_view name) { return call.changes(name); });
  if (!variable) return fail(variable);
  return variable_response(*variable, 200);
}

Status remove(const Call& call, const std::string& key) {
  auto removed = call.services.secrets.remove_variable(key);
  if (!removed) return fail(removed);
  if (!*removed) return fail(missing(key));
  return {};
}

Result<Response> delete_variable(Call& call) {
  if (auto status = remove(call, call.path("variable_key")); !status) return fail(status);
  return no_content();
}

Result<Response> bulk_variables(Call& call) { return run_bulk(call, variable_target(call)); }

}  // namespace

BulkTarget variable_target(const Call& call) {
  auto find = [&call](const std::string& key) { return call.services.secrets.get_variable(key); };
  auto put = [&call](const json::object& entity) { return put_new(call, entity, true); };
  auto change = [&call](const std::string& key, const json::object& entity, auto applies) {
    return update(call, key, entity, applies);
  };
  auto drop = [&call](const std::string& key) { return remove(call, key); };
  return bulk_target({"key", "VariableBody", "VariablePatchBody"}, find, put, change, drop);
}

// {"value": ..., "description": ...} is a variable with a description, anything else a value.
Result<json::object> variable_body(const Entry& entry) {
  json::object body;
  const json::object* described = entry.value.if_object();
  if (described && described->contains("value")) {
    body = *described;
  } else {
    body["value"] = entry.value;
  }
  body["key"] = entry.name;
  return body;
}

// JSON that comes back as the same text is shown as what it says.
json::value exported_value(const Variable& variable) {
  auto parsed = json::parse(variable.value);
  bool same = parsed && !parsed->is_string() && json::dump(*parsed) == variable.value;
  json::value value = same ? std::move(*parsed) : json::value(variable.value);
  bool ambiguous = value.is_object() && value.get_object().contains("value");
  if (variable.description.empty() && !ambiguous) return value;
  return json::object{{"value", std::move(value)}, {"description", variable.description}};
}

Result<Exported> export_variables(const Call& call, EntryFormat format, bool with_secrets) {
  Exported exported;
  auto list = [&](const Page& page) { return call.services.secrets.list_variables("", page); };
  auto add = [&](const Variable& variable) {
    if (!with_secrets && sensitive_name(variable.key)) {
      ++exported.masked;
      return;
    }
    json::value value(variable.value);
    if (format != EntryFormat::env) value = exported_value(variable);
    exported.entries.push_back({variable.key, std::move(value)});
  };
  if (auto status = each_row(list, add); !status) return fail(status);
  return exported;
}

void add_variable_routes(Router& router) {
  router.tag("Variable");
  router.shape("VariableResponse",
               "key:str value:str description:str? is_encrypted:bool team_name:str?");
  router.shape("VariableCollectionResponse", "variables:[VariableResponse] total_entries:int");
  router.shape("VariableBody", "!key:str(1..250) value:any description?:str? team_name?:str(..0)?");
  router.shape("VariablePatchBody",
               "!key?:str(1..250) value?:any description?:str? team_name?:str(..0)?");
  const std::string base = "/api/v2/variables";
  router.add(Method::get, base, "get_variables", get_variables)
      .about("List variables")
      .takes(paging())
      .takes(ordered_by("key"))
      .takes(pattern("variable_key"))
      .answers_with(200, "VariableCollectionResponse");
  router.add(Method::post, base, "post_variable", post_variable)
      .about("Add a variable")
      .reads("VariableBody")
      .answers_with(201, "VariableResponse");
  router.add(Method::patch, base, "bulk_variables", bulk_variables)
      .about("Several changes at once")
      .reads("BulkBody")
      .answers_with(200, "BulkResponse");
  router.add(Method::get, base + "/{variable_key:path}", "get_variable", get_variable)
      .about("One variable")
      .answers_with(200, "VariableResponse");
  router.add(Method::patch, base + "/{variable_key:path}", "patch_variable", patch_variable)
      .about("Change a variable")
      .takes(update_mask())
      .reads("VariablePatchBody")
      .answers_with(200, "VariableResponse");
  router.add(Method::del, base + "/{variable_key:path}", "delete_variable", delete_variable)
      .about("Delete a variable")
      .answers_with(204);
}

}  // namespace leoflow::api
