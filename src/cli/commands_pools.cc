// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"
#include "cli/context.h"

namespace leoflow::cli {
namespace {

constexpr std::string_view kPath = "/api/v2/pools";

struct SetOptions {
  std::string name;
  int64_t slots = 0;
  std::optional<std::string> description;
  bool include_deferred = false;
};

Result<int> list(Context& context) {
  auto api = context.api();
  if (!api) return fail(api);
  auto rows = (*api)->list(std::string(kPath), "pools");
  if (!rows) return fail(rows);
  context.show({{"POOL", "name"},
                {"SLOTS", "slots", Show::number},
                {"RUNNING", "running_slots", Show::number},
                {"QUEUED", "queued_slots", Show::number},
                {"OPEN", "open_slots", Show::number},
                {"DESCRIPTION", "description"}},
               *rows, "no pools");
  return 0;
}

Result<int> set(Context& context, const SetOptions& options) {
  auto api = context.api();
  if (!api) return fail(api);
  std::string path = path_of(kPath, {options.name});
  auto existing = (*api)->get_object(path);
  bool is_new = !existing && existing.error().code() == Code::not_found;
  if (!existing && !is_new) return fail(existing);
  json::object body{{"slots", options.slots}};
  if (options.description) body["description"] = *options.description;
  if (options.include_deferred) body["include_deferred"] = true;
  if (is_new) body["name"] = options.name;
  auto saved = is_new ? (*api)->send_object("POST", std::string(kPath), body)
                      : (*api)->send_object("PATCH", path, body);
  if (!saved) return fail(saved);
  if (context.json()) context.console.out(json::dump(json::value(*saved)) + "\n");
  context.say("pool " + options.name + " has " + std::to_string(options.slots) + " slots");
  return 0;
}

Result<int> remove(Context& context, const std::string& name) {
  auto api = context.api();
  if (!api) return fail(api);
  auto agreed = context.confirm("Delete the pool " + name + "?");
  if (!agreed) return fail(agreed);
  auto removed = (*api)->remove(path_of(kPath, {name}));
  if (!removed) return fail(removed);
  context.say("pool " + name + " is deleted");
  return 0;
}

}  // namespace

void add_pool_commands(Command& root) {
  Command& group = root.add("pools", "Limit how many tasks share something").group("Configure");
  group.add("list", "List pools and how full they are")
      .example("leoflow pools list")
      .runs([](Context& context) { return list(context); });
  auto options = std::make_shared<SetOptions>();
  group.add("set", "Add or change a pool")
      .argument("POOL", &options->name, "Name of the pool")
      .argument("SLOTS", &options->slots, "Number of slots, -1 = no limit")
      .option("--description", "TEXT", &options->description, "Description")
      .flag("--include-deferred", &options->include_deferred, "Deferred tasks keep their slots")
      .example("leoflow pools set database 4")
      .runs([options](Context& context) { return set(context, *options); });
  auto name = std::make_shared<std::string>();
  group.add("delete", "Delete a pool")
      .argument("POOL", name.get(), "Name of the pool")
      .example("leoflow pools delete database")
      .runs([name](Context& context) { return remove(context, *name); });
}

}  // namespace leoflow::cli
