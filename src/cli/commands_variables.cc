// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"

namespace leoflow::cli {
namespace {

constexpr std::string_view kPath = "/api/v2/variables";
constexpr std::string_view kMask = "***";
constexpr size_t kBulkMax = 100;  // entities per request

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

json::object entity(const std::string& key, const json::value& value) {
  json::object body{{"key", key}};
  body["value"] = value.is_string() ? std::string(value.get_string()) : json::dump(value);
  return body;
}

// Adds the variables or replaces those that are there; all refusals in one error.
Status put_all(ApiClient& api, const json::array& entities) {
  for (size_t at = 0; at < entities.size(); at += kBulkMax) {
    json::array part;
    for (size_t i = at; i < std::min(at + kBulkMax, entities.size()); ++i)
      part.push_back(entities[i]);
    json::object action{
        {"action", "create"}, {"action_on_existence", "overwrite"}, {"entities", part}};
    json::array actions;
    actions.push_back(std::move(action));
    auto answer = api.send_object("PATCH", std::string(kPath), {{"actions", std::move(actions)}});
    if (!answer) return fail(answer);
    const json::object* created = json::object_or_null(*answer, "create");
    const json::array* errors = created ? json::array_or_null(*created, "errors") : nullptr;
    if (!errors || errors->empty()) continue;
    std::string text;
    for (const json::value& one : *errors) {
      text += (text.empty() ? "" : "; ") + json::string_or(one.as_object(), "error");
    }
    return fail(Code::invalid, text);
  }
  return {};
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
  json::object one = entity(options.key, json::value(value));
  if (options.description) one["description"] = *options.description;
  json::array entities;
  entities.push_back(std::move(one));
  if (auto status = put_all(**api, entities); !status) return fail(status);
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

Result<int> import_file(Context& context, const std::string& file) {
  auto content = json_argument("@" + file, file);
  if (!content) return fail(content);
  auto api = context.api();
  if (!api) return fail(api);
  json::array entities;
  for (const auto& member : *content)
    entities.push_back(entity(std::string(member.key()), member.value()));
  if (auto status = put_all(**api, entities); !status) return fail(status);
  context.say(std::to_string(entities.size()) + " variables are set");
  return 0;
}

Result<int> export_file(Context& context, const std::string& file) {
  auto api = context.api();
  if (!api) return fail(api);
  auto rows = (*api)->list(std::string(kPath), "variables");
  if (!rows) return fail(rows);
  json::object all;
  size_t masked = 0;
  for (const json::value& row : rows->rows) {
    std::string value = json::string_or(row.as_object(), "value");
    masked += value == kMask;
    if (value != kMask) all[json::string_or(row.as_object(), "key")] = value;
  }
  std::string text = json::dump(json::value(all)) + "\n";
  if (file.empty()) {
    context.console.out(text);
  } else if (auto status = write_file(file, text, 0600); !status) {
    return fail(status);
  }
  if (masked > 0)
    context.warn("secret variables left out, the server masks them: " + std::to_string(masked));
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
  auto file = std::make_shared<std::string>();
  group.add("import", "Set variables from a JSON file: {\"key\": value, ...}")
      .argument("FILE", file.get(), "JSON file")
      .example("leoflow variables import variables.json")
      .runs([file](Context& context) { return import_file(context, *file); });
  group.add("export", "Write variables as JSON; secret ones are left out")
      .argument_if_any("FILE", file.get(), "JSON file (default: stdout)")
      .example("leoflow variables export variables.json")
      .runs([file](Context& context) { return export_file(context, *file); });
}

}  // namespace leoflow::cli
