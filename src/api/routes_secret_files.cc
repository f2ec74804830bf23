// SPDX-License-Identifier: Apache-2.0
// Files of connections and of variables, in and out, as Airflow's command line has them.
#include "api/audit.h"
#include "api/named_secrets.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

struct Kind {
  Result<Exported> (*read)(const Call& call, EntryFormat format, bool with_secrets);
  Result<json::object> (*body_of)(const Entry& entry);
  BulkTarget (*target)(const Call& call);
};
constexpr Kind kConnections{export_connections, connection_body, connection_file_target};
constexpr Kind kVariables{export_variables, variable_body, variable_target};

// Nobody gets secrets unless the installation says so, and then administrators only.
Status may_see_secrets(const Call& call) {
  if (!call.services.options.export_secrets) {
    return fail(Code::denied, "this installation exports no secrets",
                "start the server with LEOFLOW_EXPORT_SECRETS=1 in its environment, or leave "
                "secrets=true away");
  }
  if (call.user.rights.role < Role::admin)
    return fail(Code::denied, "secrets are exported to administrators only");
  return {};
}

Result<Response> export_kind(Call& call, const Kind& kind) {
  bool with_secrets = call.query_bool("secrets").value_or(false);
  if (with_secrets) {
    if (auto allowed = may_see_secrets(call); !allowed) return fail(allowed);
  }
  std::string name = call.query_or("format", "json");
  EntryFormat format = entry_format_of(name);
  auto exported = kind.read(call, format, with_secrets);
  if (!exported) return fail(exported);
  auto text = write_entries(format, exported->entries);
  if (!text) return fail(text);
  json::Writer w;
  w.begin_object()
      .member("format", name)
      .member("content", *text)
      .member("entries", int64_t(exported->entries.size()))
      .member("masked", exported->masked)
      .end_object();
  Response response = json_response(w);
  if (with_secrets) audit_change(call, std::nullopt, response);  // who took them
  return response;
}

Result<Response> import_kind(Call& call, const Kind& kind) {
  auto entries = read_entries(entry_format_of(call.text("format", "json")), call.text("content"));
  if (!entries) return fail(entries);
  json::array bodies;
  for (const Entry& entry : *entries) {
    auto body = kind.body_of(entry);
    if (!body) return fail(body);
    bodies.emplace_back(std::move(*body));
  }
  json::array actions;
  actions.push_back(json::object{{"action", "create"},
                                 {"action_on_existence", call.text("action_on_existence", "fail")},
                                 {"entities", std::move(bodies)}});
  return run_bulk(call, kind.target(call), actions);
}

Result<Response> get_connection_file(Call& call) { return export_kind(call, kConnections); }
Result<Response> get_variable_file(Call& call) { return export_kind(call, kVariables); }
Result<Response> post_connection_file(Call& call) { return import_kind(call, kConnections); }
Result<Response> post_variable_file(Call& call) { return import_kind(call, kVariables); }

void add_pair(Router& router, const std::string& path, const std::string& word, Handler get,
              Handler post) {
  router.add(Method::get, path + "/export", "export_" + word, get)
      .about("All " + word +
             " as the text of a file. Secrets are left out or masked; masked "
             "counts the entries that lack one")
      .takes({{.name = "format", .choices = std::string(kEntryFormats), .fallback = "json"},
              {.name = "secrets",
               .kind = Param::Kind::boolean,
               .summary = "With secrets: for administrators where the server was started with "
                          "LEOFLOW_EXPORT_SECRETS=1",
               .fallback = "false"}})
      .answers_with(200, "SecretFile");
  router.add(Method::post, path + "/import", "import_" + word, post)
      .about("Adds the " + word +
             " of a file. Each entry succeeds or fails on its own, unless the "
             "file cannot be read")
      .reads("SecretFileBody")
      .answers_with(200, "BulkResponse");
}

}  // namespace

void add_secret_file_routes(Router& router) {
  router.shape("SecretFile", "format:<json|yaml|env> content:str entries:int masked:int");
  router.shape("SecretFileBody",
               "!content:str format?:<json|yaml|env> action_on_existence?:<fail|skip|overwrite>");
  router.tag("Connection");
  add_pair(router, "/api/leoflow/v1/connections", "connections", get_connection_file,
           post_connection_file);
  router.tag("Variable");
  add_pair(router, "/api/leoflow/v1/variables", "variables", get_variable_file, post_variable_file);
}

}  // namespace leoflow::api
