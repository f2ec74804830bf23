// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/secret_files.h"

namespace leoflow::cli {
namespace {

constexpr std::string_view kPath = "/api/v2/variables";
constexpr std::string_view kMask = "***";

struct SetOptions {
  std::string key, value;
  std::optional<std::string> description;
};

Result<int> list(Context& context) {
  auto api = context.api();
  if (!api) return fail(api);
  auto rows = (*api)->list(std::string(kPath), "variables");
  if (!rows) return fail(rows);
  context.show({{"KEY", "key"}, {"VALUE", "value"}, {"DESCRIPTION", "description"}}, *rows,
               "no variables");
  return 0;
}

Result<int> get(Context& context, const std::string& key) {
  auto api = context.api();
  if (!api) return fail(api);
  auto variable = (*api)->get_object(path_of(kPath, {key}));
  if (!variable) return fail(variable);
  std::string value = json::string_or(*variable, "value");
  context.console.out(context.json() ? json::dump(json::value(*variable)) + "\n" : value + "\n");
  if (value == kMask) context.warn("the value is masked: its key says that it is a secret");
  return 0;
}

// Adds the variable or replaces the one that is there.
Status put(ApiClient& api, json::object variable) {
  json::array entities, actions;
  entities.push_back(std::move(variable));
  actions.push_back(json::object{{"action", "create"},
                                 {"action_on_existence", "overwrite"},
                                 {"entities", std::move(entities)}});
  auto answer = api.send_object("PATCH", std::string(kPath), {{"actions", std::move(actions)}});
  return answer ? bulk_refusals(*answer, {}) : Status(fail(answer));
}

Result<int> set(Context& context, const SetOptions& options) {
  auto api = context.api();
  if (!api) return fail(api);
  std::string value = options.value;
  if (value == "-") {
    auto input = context.console.read_input();
    if (!input) return fail(input);
    input->erase(input->find_last_not_of("\r\n") + 1);
    value = std::move(*input);
  }
  json::object one{{"key", options.key}, {"value", value}};
  if (options.description) one["description"] = *options.description;
  if (auto status = put(**api, std::move(one)); !status) return fail(status);
  context.say("variable " + options.key + " is set");
  return 0;
}

Result<int> remove(Context& context, const std::string& key) {
  auto api = context.api();
  if (!api) return fail(api);
  auto agreed = context.confirm("Delete the variable " + key + "?");
  if (!agreed) return fail(agreed);
  auto removed = (*api)->remove(path_of(kPath, {key}));
  if (!removed) return fail(removed);
  context.say("variable " + key + " is deleted");
  return 0;
}

}  // namespace

void add_variable_commands(Command& root) {
  Command& group = root.add("variables", "Manage variables (encrypted)").group("Configure");
  group.add("list", "List variables").example("leoflow variables list").runs([](Context& context) {
    return list(context);
  });
  auto key = std::make_shared<std::string>();
  group.add("get", "Print the value of a variable")
      .argument("KEY", key.get(), "Key of the variable")
      .example("leoflow variables get region")
      .runs([key](Context& context) { return get(context, *key); });
  auto options = std::make_shared<SetOptions>();
  group.add("set", "Add or change a variable")
      .argument("KEY", &options->key, "Key of the variable")
      .argument("VALUE", &options->value, "Value; - reads it from stdin")
      .option("--description", "TEXT", &options->description, "Description")
      .example("leoflow variables set region eu-west-1")
      .runs([options](Context& context) { return set(context, *options); });
  group.add("delete", "Delete a variable")
      .argument("KEY", key.get(), "Key of the variable")
      .example("leoflow variables delete region")
      .runs([key](Context& context) { return remove(context, *key); });
  add_file_commands(group, {.word = "variables", .replaces = true, .example = "variables.json"});
}

}  // namespace leoflow::cli
