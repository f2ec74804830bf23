// SPDX-License-Identifier: Apache-2.0
// Staging volumes, environments, users and API tokens: what hangs under /api/leoflow/v1.
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"

namespace leoflow::cli {
namespace {

struct StagingOptions {
  std::string dag_id, run_id, state;
  int64_t limit = 0;
};

Result<int> staging(Context& context, const StagingOptions& options) {
  auto api = context.api();
  if (!api) return fail(api);
  Query query{{"dag_id", options.dag_id}, {"run_id", options.run_id}, {"state", options.state}};
  auto rows =
      (*api)->list(own_path({"staging"}), "staging_volumes", std::move(query), options.limit);
  if (!rows) return fail(rows);
  // `size` is the column's name in the table staging_volumes of the case study; the API says
  // size_bytes.
  for (json::value& row : rows->rows)
    row.as_object()["size"] = json::int_or(row.as_object(), "size_bytes");
  context.show({{"DAG", "dag_id"},
                {"RUN", "run_id"},
                {"STATE", "state", Show::state},
                {"SIZE MAX", "size", Show::bytes},
                {"CREATED", "created_at", Show::time},
                {"DELETED", "deleted_at", Show::time},
                {"REASON", "delete_reason"}},
               *rows, "no staging volumes");
  return 0;
}

// A list whose route has no paging.
Result<int> list_all(Context& context, const std::string& what,
                     const std::vector<Column>& columns) {
  auto api = context.api();
  if (!api) return fail(api);
  auto answer = (*api)->get_object(own_path({what}));
  if (!answer) return fail(answer);
  const json::array* rows = json::array_or_null(*answer, what);
  if (!rows) return fail(Code::internal, "the server's answer has no " + what);
  context.show(columns, {*rows, int64_t(rows->size())}, "no " + what);
  return 0;
}

struct UserOptions {
  std::string username, role = "Viewer", password;
};

// From the option, a terminal (twice) or stdin.
Result<std::string> new_password(Context& context, const std::string& given) {
  if (!given.empty()) return given;
  if (auto first = context.console.ask("New password: ", true)) {
    auto second = context.console.ask("Again: ", true);
    if (second && *second == *first) return *first;
    return fail(Code::invalid, "the two passwords differ");
  }
  auto text = context.console.read_input();
  if (!text) return text;
  text->erase(text->find_last_not_of("\r\n") + 1);
  if (!text->empty()) return text;
  return fail(Code::invalid, "there is no password", "give it on stdin, at least 8 characters");
}

Result<int> create_user(Context& context, const UserOptions& options) {
  auto password = new_password(context, options.password);
  if (!password) return fail(password);
  auto api = context.api();
  if (!api) return fail(api);
  json::object body{
      {"username", options.username}, {"password", *password}, {"role", options.role}};
  auto user = (*api)->send_object("POST", own_path({"users"}), body);
  if (!user) return fail(user);
  if (context.json()) context.console.out(json::dump(json::value(*user)) + "\n");
  context.say("user " + options.username + " is added as " + options.role);
  return 0;
}

Result<int> set_password(Context& context, const UserOptions& options) {
  auto password = new_password(context, options.password);
  if (!password) return fail(password);
  auto api = context.api();
  if (!api) return fail(api);
  auto done = (*api)->send("PUT", own_path({"users", options.username, "password"}),
                           {{"password", *password}});
  if (!done) return fail(done);
  context.say("user " + options.username + " has a new password");
  return 0;
}

Result<int> delete_user(Context& context, const UserOptions& options) {
  auto api = context.api();
  if (!api) return fail(api);
  auto agreed = context.confirm("Delete the user " + options.username + "?");
  if (!agreed) return fail(agreed);
  auto removed = (*api)->remove(own_path({"users", options.username}));
  if (!removed) return fail(removed);
  context.say("user " + options.username + " is deleted");
  return 0;
}

struct TokenOptions {
  std::string name, expires;
  int64_t id = 0;
};

Result<int> create_token(Context& context, const TokenOptions& options) {
  auto api = context.api();
  if (!api) return fail(api);
  json::object body{{"name", options.name}};
  if (!options.expires.empty()) {
    auto expires = parse_time(options.expires, true);
    if (!expires) return fail(expires.error().within("--expires"));
    body["expires_at"] = format_time(*expires);
  }
  auto token = (*api)->send_object("POST", own_path({"tokens"}), body);
  if (!token) return fail(token);
  context.console.out(context.json() ? json::dump(json::value(*token)) + "\n"
                                     : json::string_or(*token, "token") + "\n");
  context.say("this is the only time that the token is shown");
  return 0;
}

Result<int> revoke_token(Context& context, const TokenOptions& options) {
  auto api = context.api();
  if (!api) return fail(api);
  std::string id = std::to_string(options.id);
  auto agreed = context.confirm("Revoke the token " + id + "?");
  if (!agreed) return fail(agreed);
  auto removed = (*api)->remove(own_path({"tokens", id}));
  if (!removed) return fail(removed);
  context.say("token " + id + " is revoked");
  return 0;
}

void add_users(Command& root) {
  Command& users = root.add("users", "Manage users").group("Administer");
  users.add("list", "List users").example("leoflow users list").runs([](Context& context) {
    return list_all(context, "users",
                    {{"USER", "username"},
                     {"ROLE", "role"},
                     {"ACTIVE", "active", Show::yes_no},
                     {"CREATED", "created_at", Show::time}});
  });
  auto options = std::make_shared<UserOptions>();
  users.add("create", "Add a user; the password comes from stdin")
      .argument("USER", &options->username, "Name of the user")
      .option("--role", "ROLE", &options->role, "Viewer (default), User, Op or Admin",
              {"Viewer", "User", "Op", "Admin"})
      .option("--password", "TEXT", &options->password,
              "Password (other users of this machine may see it)")
      .example("leoflow users create ada --role Op")
      .runs([options](Context& context) { return create_user(context, *options); });
  users.add("set-password", "Set a user's password, read from stdin")
      .argument("USER", &options->username, "Name of the user")
      .option("--password", "TEXT", &options->password,
              "Password (other users of this machine may see it)")
      .example("leoflow users set-password ada")
      .runs([options](Context& context) { return set_password(context, *options); });
  users.add("delete", "Delete a user")
      .argument("USER", &options->username, "Name of the user")
      .example("leoflow users delete ada")
      .runs([options](Context& context) { return delete_user(context, *options); });
}

void add_tokens(Command& root) {
  Command& tokens = root.add("tokens", "Manage API tokens").group("Administer");
  tokens.add("list", "List API tokens: your own, or all for administrators")
      .example("leoflow tokens list")
      .runs([](Context& context) {
        return list_all(context, "tokens",
                        {{"ID", "id", Show::number},
                         {"NAME", "name"},
                         {"USER", "username"},
                         {"CREATED", "created_at", Show::time},
                         {"EXPIRES", "expires_at", Show::time},
                         {"LAST USED", "last_used_at", Show::time},
                         {"REVOKED", "revoked_at", Show::time}});
      });
  auto options = std::make_shared<TokenOptions>();
  tokens.add("create", "Add an API token and print it")
      .argument("NAME", &options->name, "What it is for")
      .option("--expires", "TIME", &options->expires,
              "When it ends, as 2027-01-01T00:00:00Z (default: never)")
      .example("leoflow tokens create ci --expires 2027-01-01T00:00:00Z")
      .runs([options](Context& context) { return create_token(context, *options); });
  tokens.add("revoke", "Revoke an API token")
      .argument("ID", &options->id, "Id of the token, see `leoflow tokens list`")
      .example("leoflow tokens revoke 3")
      .runs([options](Context& context) { return revoke_token(context, *options); });
}

}  // namespace

void add_admin_commands(Command& root) {
  Command& volumes = root.add("staging", "List the staging volumes of runs").group("Administer");
  auto options = std::make_shared<StagingOptions>();
  volumes.add("list", "List staging volumes: state, size, when and why they were deleted")
      .option("--dag", "DAG", &options->dag_id, "Only of runs of this DAG")
      .option("--run", "RUN", &options->run_id, "Only of this run")
      .option("--state", "STATE", &options->state, "active or deleted", {"active", "deleted"})
      .option("--limit", "N", &options->limit, "At most so many (default: all)")
      .example("leoflow staging list --dag etl --state active")
      .runs([options](Context& context) { return staging(context, *options); });
  Command& environments = root.add("environments", "List Python environments").group("Administer");
  environments.add("list", "List Python environments and their state")
      .example("leoflow environments list")
      .runs([](Context& context) {
        return list_all(context, "environments",
                        {{"HASH", "hash"},
                         {"PYTHON", "python_version"},
                         {"STATE", "state", Show::state},
                         {"SIZE", "size_bytes", Show::bytes},
                         {"CREATED", "created_at", Show::time},
                         {"DEPENDENCIES", "dependencies", Show::list},
                         {"ERROR", "error"}});
      });
  add_users(root);
  add_tokens(root);
}

}  // namespace leoflow::cli
