// SPDX-License-Identifier: Apache-2.0
// Users and API tokens.
#include "cli/commands.h"
#include "cli/list_all.h"

namespace leoflow::cli {
namespace {

struct UserOptions {
  std::string username, role, password;
  std::vector<std::string> grants;
  bool everywhere = false, activate = false, deactivate = false;
};

// "User:etl_*" and "Viewer:tag=shared" as the API takes them.
Result<json::array> read_grants(const std::vector<std::string>& texts) {
  json::array grants;
  for (const std::string& text : texts) {
    size_t colon = text.find(':');
    std::string rest = colon == std::string::npos ? std::string() : text.substr(colon + 1);
    bool by_tag = rest.starts_with("tag=");
    if (by_tag) rest.erase(0, 4);
    if (rest.empty()) {
      return fail(Code::invalid, "'" + text + "' is not a grant",
                  "write ROLE:PATTERN as User:etl_*, or ROLE:tag=TAG");
    }
    grants.push_back(
        json::object{{"role", text.substr(0, colon)}, {by_tag ? "tag" : "dags", rest}});
  }
  return grants;
}

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
  auto grants = read_grants(options.grants);
  if (!grants) return fail(grants);
  std::string role = options.role.empty() ? "Viewer" : options.role;
  json::object body{{"username", options.username},
                    {"password", *password},
                    {"role", role},
                    {"grants", std::move(*grants)}};
  auto user = (*api)->send_object("POST", own_path({"users"}), body);
  if (!user) return fail(user);
  if (context.json()) context.console.out(json::dump(json::value(*user)) + "\n");
  context.say("user " + options.username + " is added as " + role);
  return 0;
}

Result<int> update_user(Context& context, const UserOptions& options) {
  auto grants = read_grants(options.grants);
  if (!grants) return fail(grants);
  json::object body;
  if (!options.role.empty()) body["role"] = options.role;
  if (!grants->empty() || options.everywhere) body["grants"] = std::move(*grants);
  if (options.activate || options.deactivate) body["active"] = options.activate;
  if (body.empty() || (options.activate && options.deactivate) ||
      (options.everywhere && !options.grants.empty())) {
    return fail(Code::invalid, "say what changes",
                "--role, --grant or --everywhere, --activate or --deactivate");
  }
  auto api = context.api();
  if (!api) return fail(api);
  auto user = (*api)->send_object("PATCH", own_path({"users", options.username}), body);
  if (!user) return fail(user);
  if (context.json()) context.console.out(json::dump(json::value(*user)) + "\n");
  context.say("user " + options.username + " is changed");
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
  std::string name, expires, scope = "full";
  int64_t id = 0;
};

Result<int> create_token(Context& context, const TokenOptions& options) {
  auto api = context.api();
  if (!api) return fail(api);
  json::object body{{"name", options.name}, {"scope", options.scope}};
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

constexpr const char* kGrantAbout =
    "ROLE:PATTERN or ROLE:tag=TAG; on DAGs only grants count then (repeatable)";

}  // namespace

void add_user_commands(Command& root) {
  Command& users = root.add("users", "Manage users").group("Administer");
  users.add("list", "List users").example("leoflow users list").runs([](Context& context) {
    return list_all(context, "users",
                    {{"USER", "username"},
                     {"ROLE", "role"},
                     {"ACTIVE", "active", Show::yes_no},
                     {"LAST LOGIN", "last_login", Show::time},
                     {"CREATED", "created_at", Show::time}});
  });
  auto options = std::make_shared<UserOptions>();
  users.add("create", "Add a user; the password comes from stdin")
      .argument("USER", &options->username, "Name of the user")
      .option("--role", "ROLE", &options->role, "Viewer (default), User, Op or Admin",
              {"Viewer", "User", "Op", "Admin"})
      .option("--password", "TEXT", &options->password,
              "Password (other users of this machine may see it)")
      .option("--grant", "GRANT", &options->grants, kGrantAbout)
      .example("leoflow users create ada --role Op")
      .example("leoflow users create bob --role Viewer --grant 'User:etl_*'")
      .runs([options](Context& context) { return create_user(context, *options); });
  users.add("update", "Change a user's role, grants, or whether they may log in")
      .argument("USER", &options->username, "Name of the user")
      .option("--role", "ROLE", &options->role, "Viewer, User, Op or Admin",
              {"Viewer", "User", "Op", "Admin"})
      .option("--grant", "GRANT", &options->grants, kGrantAbout)
      .flag("--everywhere", &options->everywhere, "No grants: the role holds for all DAGs")
      .flag("--activate", &options->activate, "May log in again")
      .flag("--deactivate", &options->deactivate, "May not log in; sessions and tokens end at once")
      .example("leoflow users update bob --grant User:etl_* --grant Viewer:tag=shared")
      .runs([options](Context& context) { return update_user(context, *options); });
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

void add_token_commands(Command& root) {
  Command& tokens = root.add("tokens", "Manage API tokens").group("Administer");
  tokens.add("list", "List API tokens: your own, or all for administrators")
      .example("leoflow tokens list")
      .runs([](Context& context) {
        return list_all(context, "tokens",
                        {{"ID", "id", Show::number},
                         {"NAME", "name"},
                         {"USER", "username"},
                         {"SCOPE", "scope"},
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
      .option("--scope", "SCOPE", &options->scope,
              "read, run, deploy or full (default): never more than you may",
              {"read", "run", "deploy", "full"})
      .example("leoflow tokens create ci --scope run --expires 2027-01-01T00:00:00Z")
      .runs([options](Context& context) { return create_token(context, *options); });
  tokens.add("revoke", "Revoke an API token")
      .argument("ID", &options->id, "Id of the token, see `leoflow tokens list`")
      .example("leoflow tokens revoke 3")
      .runs([options](Context& context) { return revoke_token(context, *options); });
}

}  // namespace leoflow::cli
