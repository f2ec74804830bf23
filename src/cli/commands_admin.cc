// SPDX-License-Identifier: Apache-2.0
// Staging volumes and environments: what hangs under /api/leoflow/v1.
#include "cli/commands.h"
#include "cli/list_all.h"

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

}  // namespace

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
}

}  // namespace leoflow::cli
