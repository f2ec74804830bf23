// SPDX-License-Identifier: Apache-2.0
// /connections. Passwords and secret extras go in and never come out.
#include "api/connection_check.h"
#include "api/mask.h"
#include "api/named_secrets.h"
#include "api/present.h"
#include "api/routes.h"
#include "secrets/connection_text.h"

namespace leoflow::api {
namespace {

constexpr std::string_view kOrder =
    "connection_id conn_id conn_type description host port id=conn_id";

void write_connection(json::Writer& w, const Connection& connection) {
  w.begin_object()
      .member("connection_id", connection.conn_id)
      .member("conn_type", connection.conn_type);
  member_text(w, "description", connection.description);
  member_text(w, "host", connection.host);
  member_text(w, "login", connection.login);
  member_text(w, "schema", connection.schema);
  if (connection.port) {
    w.member("port", *connection.port);
  } else {
    w.member_null("port");
  }
  member_text(w, "password", connection.has_password ? kMask : "");
  member_text(w, "extra", masked_extra(connection.extra));
  w.member_null("team_name").end_object();
}

// Applies the members of a body for which `applies` holds.
void apply(Connection& connection, const json::object& body, auto applies) {
  auto text = [&](std::string_view name, std::string& into) {
    if (body.contains(name) && applies(name)) into = json::string_or(body, name);
  };
  text("conn_type", connection.conn_type);
  text("description", connection.description);
  text("host", connection.host);
  text("schema", connection.schema);
  text("login", connection.login);
  connection.has_login = !connection.login.empty();
  if (body.contains("port") && applies("port")) {
    const json::value& port = body.at("port");
    connection.port =
        port.is_null() ? std::nullopt : std::optional(int(json::int_or(body, "port")));
  }
  if (body.contains("password") && applies("password") &&
      json::string_or(body, "password") != kMask) {
    connection.password = json::string_or(body, "password");
    connection.has_password = !body.at("password").is_null();
  }
  if (body.contains("extra") && applies("extra")) {
    connection.extra = unmasked_extra(json::string_or(body, "extra"), connection.extra);
  }
}

Status check_extra(const Connection& connection) {
  if (connection.extra.empty()) return {};
  auto parsed = json::parse(connection.extra);
  if (parsed && parsed->is_object()) return {};
  return fail(Code::invalid,
              "the extra of connection " + connection.conn_id + " must be a JSON object as text");
}

Error missing(const std::string& conn_id) {
  return Error(Code::not_found,
               "The Connection with connection_id: `" + conn_id + "` was not found");
}

Result<Connection> find_connection(const Call& call, const std::string& conn_id) {
  auto connection = call.services.secrets.get_connection(conn_id);
  if (!connection) return fail(connection);
  if (!*connection) return fail(missing(conn_id));
  return std::move(**connection);
}

Result<Connection> put_new(const Call& call, const json::object& body, bool overwrite) {
  Connection connection{.conn_id = json::string_or(body, "connection_id")};
  apply(connection, body, [](std::string_view) { return true; });
  if (auto status = check_extra(connection); !status) return fail(status);
  if (auto status = call.services.secrets.put_connection(connection, overwrite); !status)
    return fail(status);
  return connection;
}

Result<Connection> update(const Call& call, const std::string& conn_id, const json::object& body,
                          auto applies) {
  auto connection = find_connection(call, conn_id);
  if (!connection) return connection;
  apply(*connection, body, applies);
  if (auto status = check_extra(*connection); !status) return fail(status);
  if (auto status = call.services.secrets.put_connection(*connection, true); !status)
    return fail(status);
  return connection;
}

Result<Response> get_connections(Call& call) {
  auto page = call.page(kOrder, "connection_id");
  if (!page) return fail(page);
  auto found = call.services.secrets.list_connections(call.pattern("connection_id"), *page);
  if (!found) return fail(found);
  json::Writer w;
  w.begin_object().key("connections").begin_array();
  for (const Connection& connection : found->rows) write_connection(w, connection);
  w.end_array().member("total_entries", found->total).end_object();
  return json_response(w);
}

Response connection_response(const Connection& connection, int status) {
  json::Writer w;
  write_connection(w, connection);
  return json_response(w, status);
}

Result<Response> get_connection(Call& call) {
  auto connection = find_connection(call, call.path("connection_id"));
  if (!connection) return fail(connection);
  return connection_response(*connection, 200);
}

Result<Response> post_connection(Call& call) {
  auto connection = put_new(call, call.body, false);
  if (!connection) return fail(connection);
  return connection_response(*connection, 201);
}

Result<Response> patch_connection(Call& call) {
  const std::string& conn_id = call.path("connection_id");
  if (call.has("connection_id") && call.text("connection_id") != conn_id) {
    return fail(Code::invalid,
                "The connection_id in the request body does not match the URL parameter");
  }
  auto connection =
      update(call, conn_id, call.body, [&](std::string_view name) { return call.changes(name); });
  if (!connection) return fail(connection);
  return connection_response(*connection, 200);
}

Status remove(const Call& call, const std::string& conn_id) {
  auto removed = call.services.secrets.remove_connection(conn_id);
  if (!removed) return fail(removed);
  if (!*removed) return fail(missing(conn_id));
  return {};
}

Result<Response> delete_connection(Call& call) {
  if (auto status = remove(call, call.path("connection_id")); !status) return fail(status);
  return no_content();
}

Result<Response> bulk_connections(Call& call) { return run_bulk(call, connection_target(call)); }

}  // namespace

BulkTarget connection_target(const Call& call) {
  auto find = [&call](const std::string& key) { return call.services.secrets.get_connection(key); };
  auto put = [&call](const json::object& entity) { return put_new(call, entity, true); };
  auto change = [&call](const std::string& key, const json::object& entity, auto applies) {
    return update(call, key, entity, applies);
  };
  auto drop = [&call](const std::string& key) { return remove(call, key); };
  return bulk_target({"connection_id", "ConnectionBody", "ConnectionPatchBody"}, find, put, change,
                     drop);
}

// Of a file that was written without secrets, or by hand without some.
BulkTarget connection_file_target(const Call& call) {
  BulkTarget target = connection_target(call);
  target.put = [&call](const json::object& entity) -> Status {
    Connection connection{.conn_id = json::string_or(entity, "connection_id")};
    auto stored = call.services.secrets.get_connection(connection.conn_id);
    if (!stored) return fail(stored);
    if (*stored) {
      connection.password = (*stored)->password;
      connection.has_password = (*stored)->has_password;
      if (entity.contains("extra")) connection.extra = (*stored)->extra;
    }
    apply(connection, entity, [](std::string_view) { return true; });
    connection.extra = without_masks(connection.extra);
    if (auto status = check_extra(connection); !status) return status;
    return call.services.secrets.put_connection(connection, true);
  };
  return target;
}

Result<json::object> connection_body(const Entry& entry) {
  json::object body;
  if (entry.value.is_string()) {
    auto parsed = parse_connection(entry.name, entry.value.get_string());
    if (!parsed) return fail(parsed);
    auto text = json::parse(connection_json(*parsed));
    body = std::move(text->as_object());
  } else if (entry.value.is_object()) {
    body = entry.value.get_object();
  } else {
    return fail(Code::invalid, "connection '" + entry.name + "' must be an object or a URI");
  }
  // As files have them: texts that are null, extra as an object.
  if (const json::value* extra = body.if_contains("extra"); extra && !extra->is_string()) {
    if (!extra->is_null()) body["extra"] = json::dump(*extra);
  }
  if (body["extra"].is_null()) body.erase("extra");
  if (body.contains("password") && body["password"].is_null()) body.erase("password");
  body["connection_id"] = entry.name;
  return body;
}

Result<Exported> export_connections(const Call& call, EntryFormat format, bool with_secrets) {
  Exported exported;
  auto list = [&](const Page& page) { return call.services.secrets.list_connections("", page); };
  auto add = [&](Connection connection) {
    std::string masked = masked_extra(connection.extra);
    if (!with_secrets) {
      bool secret = connection.has_password || masked.contains(kMask);
      exported.masked += secret ? 1 : 0;
      connection.password.clear();
      connection.has_password = false;
      connection.extra = masked;
    }
    json::value value(connection_uri(connection));
    if (format != EntryFormat::env) value = std::move(*json::parse(connection_json(connection)));
    exported.entries.push_back({connection.conn_id, std::move(value)});
  };
  if (auto status = each_row(list, add); !status) return fail(status);
  return exported;
}

namespace {

constexpr size_t kTokenShownMax = 100;  // characters of an unknown token that are sent back

std::unexpected<Error> tests_are_off() {
  return fail(Code::denied, "Testing connections is disabled in this installation",
              "start the server with LEOFLOW_TEST_CONNECTIONS=1 in its environment");
}

// As Airflow does: a body that names a stored connection and leaves its password masked is tested
// with the stored one.
Result<Response> test_connection(Call& call) {
  if (!call.services.options.test_connections) return tests_are_off();
  Connection connection{.conn_id = call.text("connection_id")};
  auto stored = call.services.secrets.get_connection(connection.conn_id);
  if (!stored) return fail(stored);
  // Never to another place: whoever may not read a password must not have it sent to them.
  bool same_place = *stored && (*stored)->host == call.text("host") &&
                    (*stored)->conn_type == call.text("conn_type") &&
                    (*stored)->port.value_or(0) == json::int_or(call.body, "port");
  if (same_place) connection = **stored;
  apply(connection, call.body, [](std::string_view) { return true; });
  if (auto status = check_extra(connection); !status) return fail(status);
  CheckResult result = check_connection(connection);
  json::Writer w;
  w.begin_object().member("status", result.reached).member("message", result.message).end_object();
  return json_response(w);
}

// Airflow has a worker do it, later. Workers here hold no connection of which a task does not say
// that it needs it, so there is only the test by the server.
Result<Response> enqueue_connection_test(Call& call) {
  if (!call.services.options.test_connections) return tests_are_off();
  return fail(Code::invalid, "connections are not tested by workers here",
              "POST /api/v2/connections/test tests at once");
}

Result<Response> get_connection_test(Call& call) {
  std::string_view token = call.request.header("airflow-connection-test-token");
  return fail(Code::not_found, "No connection test found for token: `" +
                                   std::string(token.substr(0, kTokenShownMax)) + "`");
}

Result<Response> create_default_connections(Call&) { return no_content(); }

void add_shapes(Router& router) {
  router.shape(
      "ConnectionResponse",
      "connection_id:str conn_type:str description:str? host:str? login:str? schema:str? port:int? "
      "password:str? extra:str? team_name:str?");
  router.shape("ConnectionTestResponse", "status:bool message:str");
  router.shape("ConnectionCollectionResponse",
               "connections:[ConnectionResponse] total_entries:int");
  constexpr std::string_view kRest =
      " description?:str? host?:str? login?:str? schema?:str? port?:int(0..65535)? password?:str? "
      "extra?:str? team_name?:str(..0)?";
  router.shape("ConnectionBody",
               "!connection_id:str~id conn_type:str(1..500)" + std::string(kRest));
  router.shape("ConnectionTestRequestBody",
               "!connection_id:str~id conn_type:str(1..500) commit_on_success?:bool executor?:str? "
               "queue?:str?" +
                   std::string(kRest));
  router.shape("ConnectionPatchBody",
               "!connection_id?:str conn_type?:str(1..500)" + std::string(kRest));
}

}  // namespace

void add_connection_routes(Router& router) {
  add_bulk_shapes(router);
  add_shapes(router);
  router.tag("Connection");
  const std::string base = "/api/v2/connections";
  router.add(Method::get, base, "get_connections", get_connections)
      .about("List connections")
      .takes(paging())
      .takes(ordered_by("connection_id"))
      .takes(pattern("connection_id"))
      .answers_with(200, "ConnectionCollectionResponse");
  router.add(Method::post, base, "post_connection", post_connection)
      .about("Add a connection")
      .reads("ConnectionBody")
      .answers_with(201, "ConnectionResponse");
  router.add(Method::patch, base, "bulk_connections", bulk_connections)
      .about("Several changes at once")
      .reads("BulkBody")
      .answers_with(200, "BulkResponse");
  router
      .add(Method::post, base + "/enqueue-test", "enqueue_connection_test", enqueue_connection_test)
      .about("Workers test no connections here: always an error")
      .reads("ConnectionTestRequestBody")
      .unaudited()
      .answers_with(400, "HTTPExceptionResponse");
  router.add(Method::get, base + "/enqueue-test", "get_connection_test", get_connection_test)
      .about("There are none: always an error")
      .answers_with(404, "HTTPExceptionResponse");
  router.add(Method::post, base + "/test", "test_connection", test_connection)
      .about("Talks to the other end: a PostgreSQL login, an HTTP request, else a TCP connection")
      .reads("ConnectionBody")
      .unaudited()
      .answers_with(200, "ConnectionTestResponse")
      .answers_with(403, "HTTPExceptionResponse");
  router
      .add(Method::post, base + "/defaults", "create_default_connections",
           create_default_connections)
      .about("Leoflow has no default connections: nothing is added")
      .unaudited()
      .answers_with(204);
  router.add(Method::get, base + "/{connection_id}", "get_connection", get_connection)
      .about("One connection")
      .answers_with(200, "ConnectionResponse");
  router.add(Method::patch, base + "/{connection_id}", "patch_connection", patch_connection)
      .about("Change a connection")
      .takes(update_mask())
      .reads("ConnectionPatchBody")
      .answers_with(200, "ConnectionResponse");
  router.add(Method::del, base + "/{connection_id}", "delete_connection", delete_connection)
      .about("Delete a connection")
      .answers_with(204);
}

}  // namespace leoflow::api
