// SPDX-License-Identifier: Apache-2.0
// Connections. Passwords go in and are never printed.
#include "cli/commands.h"
#include "cli/connection_uri.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/secret_files.h"

namespace leoflow::cli {
namespace {

constexpr std::string_view kPath = "/api/v2/connections";

struct SetOptions {
  std::string conn_id, uri;
  std::optional<std::string> type, host, login, password, schema, extra, description;
  std::optional<int64_t> port;
  bool password_stdin = false;
};

const std::vector<Column>& columns() {
  static const std::vector<Column> list{
      {"ID", "connection_id"},        {"TYPE", "conn_type"}, {"HOST", "host"},
      {"PORT", "port", Show::number}, {"LOGIN", "login"},    {"SCHEMA", "schema"},
      {"DESCRIPTION", "description"}};
  return list;
}

Result<int> list(Context& context) {
  auto api = context.api();
  if (!api) return fail(api);
  auto rows = (*api)->list(std::string(kPath), "connections");
  if (!rows) return fail(rows);
  context.show(columns(), *rows, "no connections");
  return 0;
}

Result<int> get(Context& context, const std::string& conn_id) {
  auto api = context.api();
  if (!api) return fail(api);
  auto connection = (*api)->get_object(path_of(kPath, {conn_id}));
  if (!connection) return fail(connection);
  context.show_object({{"id", "connection_id"},
                       {"type", "conn_type"},
                       {"description", "description"},
                       {"host", "host"},
                       {"port", "port"},
                       {"login", "login"},
                       {"password", "password"},
                       {"schema", "schema"},
                       {"extra", "extra"}},
                      *connection);
  return 0;
}

Result<std::string> password_from_input(Context& context) {
  if (auto typed = context.console.ask("Password: ", true)) return *typed;
  auto text = context.console.read_input();
  if (!text) return text;
  text->erase(text->find_last_not_of("\r\n") + 1);
  return text;
}

Result<json::object> body_of(Context& context, const SetOptions& options) {
  json::object body;
  if (!options.uri.empty()) {
    auto parsed = connection_of_uri(options.uri);
    if (!parsed) return parsed;
    body = std::move(*parsed);
  }
  auto put = [&](std::string_view name, const std::optional<std::string>& text) {
    if (text) body[name] = *text;
  };
  put("conn_type", options.type);
  put("host", options.host);
  put("login", options.login);
  put("password", options.password);
  put("schema", options.schema);
  put("description", options.description);
  if (options.port) body["port"] = *options.port;
  if (options.extra) {
    auto extra = json_argument(*options.extra, "--extra");
    if (!extra) return fail(extra);
    body["extra"] = json::dump(json::value(*extra));
  }
  if (options.password_stdin) {
    auto password = password_from_input(context);
    if (!password) return fail(password);
    body["password"] = *password;
  }
  return body;
}

Result<int> set(Context& context, const SetOptions& options) {
  auto body = body_of(context, options);
  if (!body) return fail(body);
  auto api = context.api();
  if (!api) return fail(api);
  std::string path = path_of(kPath, {options.conn_id});
  auto existing = (*api)->get(path);
  bool is_new = !existing && existing.error().code() == Code::not_found;
  if (!existing && !is_new) return fail(existing);
  if (body->empty())
    return fail(Code::invalid, "nothing to set", "give --uri, or --type and --host");
  if (is_new && !body->contains("conn_type")) {
    return fail(Code::invalid, "the new connection " + options.conn_id + " needs a type",
                "add --type, for example --type postgres, or use --uri");
  }
  if (is_new) (*body)["connection_id"] = options.conn_id;
  auto saved = is_new ? (*api)->send_object("POST", std::string(kPath), *body)
                      : (*api)->send_object("PATCH", path, *body);
  if (!saved) return fail(saved);
  if (context.json()) context.console.out(json::dump(json::value(*saved)) + "\n");
  context.say("connection " + options.conn_id + (is_new ? " is added" : " is changed"));
  return 0;
}

// The stored password stays with the server: masked as it came, it is not replaced.
Result<int> test(Context& context, const std::string& conn_id) {
  auto api = context.api();
  if (!api) return fail(api);
  auto connection = (*api)->get_object(path_of(kPath, {conn_id}));
  if (!connection) return fail(connection);
  json::object body;
  for (std::string_view key : {"connection_id", "conn_type", "description", "host", "login",
                               "schema", "port", "password", "extra"}) {
    const json::value* value = connection->if_contains(key);
    if (value != nullptr && !value->is_null()) body[key] = *value;
  }
  auto tested = (*api)->send_object("POST", std::string(kPath) + "/test", body);
  if (!tested) return fail(tested);
  if (context.json()) context.console.out(json::dump(json::value(*tested)) + "\n");
  std::string message = "connection " + conn_id + ": " + json::string_or(*tested, "message");
  if (!json::bool_or(*tested, "status")) return fail(Code::unavailable, std::move(message));
  context.say(message);
  return 0;
}

Result<int> remove(Context& context, const std::string& conn_id) {
  auto api = context.api();
  if (!api) return fail(api);
  auto agreed = context.confirm("Delete the connection " + conn_id + "?");
  if (!agreed) return fail(agreed);
  auto removed = (*api)->remove(path_of(kPath, {conn_id}));
  if (!removed) return fail(removed);
  context.say("connection " + conn_id + " is deleted");
  return 0;
}

void add_set(Command& group) {
  auto options = std::make_shared<SetOptions>();
  group.add("set", "Add a connection, or change what is named of it")
      .argument("ID", &options->conn_id, "Id of the connection")
      .option("--uri", "URI", &options->uri, "All at once: TYPE://LOGIN:PASSWORD@HOST:PORT/SCHEMA")
      .option("--type", "TYPE", &options->type, "Type, for example postgres or http")
      .option("--host", "HOST", &options->host, "Host")
      .option("--port", "N", &options->port, "Port")
      .option("--login", "NAME", &options->login, "User name")
      .option("--password", "TEXT", &options->password,
              "Password (other users of this machine may see it)")
      .flag("--password-stdin", &options->password_stdin,
            "Read the password from stdin, or ask for it")
      .option("--schema", "NAME", &options->schema, "Database or schema")
      .option("--extra", "JSON", &options->extra, "Further settings: a JSON object, or @FILE")
      .option("--description", "TEXT", &options->description, "Description")
      .example(
          "leoflow connections set warehouse --type postgres --host db --login etl "
          "--password-stdin")
      .runs([options](Context& context) { return set(context, *options); });
}

}  // namespace

void add_connection_commands(Command& root) {
  Command& group = root.add("connections", "Manage connections (encrypted)").group("Configure");
  group.add("list", "List connections")
      .example("leoflow connections list")
      .runs([](Context& context) { return list(context); });
  auto id = std::make_shared<std::string>();
  group.add("get", "Show a connection, its secrets masked")
      .argument("ID", id.get(), "Id of the connection")
      .example("leoflow connections get warehouse")
      .runs([id](Context& context) { return get(context, *id); });
  add_set(group);
  group.add("test", "Let the server reach out to where a connection leads")
      .argument("ID", id.get(), "Id of the connection")
      .example("leoflow connections test warehouse")
      .note(
          "Only where the server was started with LEOFLOW_TEST_CONNECTIONS=1. Ends with status 6 "
          "when nothing fitting answers.")
      .runs([id](Context& context) { return test(context, *id); });
  group.add("delete", "Delete a connection")
      .argument("ID", id.get(), "Id of the connection")
      .example("leoflow connections delete warehouse")
      .runs([id](Context& context) { return remove(context, *id); });
  add_file_commands(group,
                    {.word = "connections", .replaces = false, .example = "connections.yaml"});
}

}  // namespace leoflow::cli
