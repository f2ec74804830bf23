// SPDX-License-Identifier: Apache-2.0
// The database file, the doctor and the version: local, no server needed.
#include "cli/commands.h"
#include "cli/context.h"

namespace leoflow::cli {
namespace {

Result<int> migrate(Context& context) {
  auto report = context.local.db_migrate(context.globals.home);
  if (!report) return fail(report);
  if (context.json()) {
    json::object row{{"file", report->file},
                     {"from_version", report->from_version},
                     {"to_version", report->to_version}};
    context.console.out(json::dump(json::value(row)) + "\n");
  }
  bool same = report->from_version == report->to_version;
  std::string now = "schema version " + std::to_string(report->to_version);
  context.say(report->file +
              (same ? " is up to date, " + now
                    : " moved from " + std::to_string(report->from_version) + " to " + now));
  return 0;
}

Result<int> check(Context& context) {
  if (auto status = context.local.db_check(context.globals.home); !status) return fail(status);
  if (context.json()) context.console.out("{\"sound\":true}\n");
  context.say("the database is sound");
  return 0;
}

Result<int> backup(Context& context, const std::string& file) {
  if (auto status = context.local.db_backup(context.globals.home, file); !status)
    return fail(status);
  if (context.json())
    context.console.out(json::dump(json::value(json::object{{"file", file}})) + "\n");
  context.say("the database is copied to " + file + "; keep secrets.key of the home with it");
  return 0;
}

Result<int> rotate_key(Context& context) {
  auto report = context.local.db_rotate_key(context.globals.home);
  if (!report) return fail(report);
  if (context.json()) {
    json::object row{{"file", report->file}, {"resealed", report->resealed}};
    context.console.out(json::dump(json::value(row)) + "\n");
  }
  context.say("a new key is in " + report->file + ", " + std::to_string(report->resealed) +
              " secrets are sealed with it; backups made before need a copy of the old file");
  return 0;
}

Result<int> doctor(Context& context) {
  json::array rows;
  bool failed = false;
  for (const DoctorFinding& finding : context.local.doctor(context.globals.home)) {
    failed = failed || finding.state == "failed";
    json::object row{{"name", finding.name},
                     {"state", finding.state},
                     {"message", finding.message},
                     {"hint", finding.hint}};
    // People read both in the last column, which is never cut.
    if (!context.json() && !finding.hint.empty())
      row["message"] = finding.message + "; hint: " + finding.hint;
    rows.push_back(std::move(row));
  }
  auto count = int64_t(rows.size());
  context.show({{"CHECK", "name"}, {"STATE", "state", Show::state}, {"FOUND", "message"}},
               {std::move(rows), count}, "nothing to check");
  return failed ? 1 : 0;
}

Result<int> version(Context& context) {
  std::string text = context.local.version();
  if (context.json()) {
    context.console.out(json::dump(json::value(json::object{{"version", text}})) + "\n");
  } else {
    context.console.out("leoflow " + text + "\n");
  }
  return 0;
}

}  // namespace

void add_tool_commands(Command& root) {
  Command& db =
      root.add("db", "Migrate, check and back up the database, rotate its key").group("Administer");
  db.add("migrate", "Bring the database to the schema of this program (the server does it too)")
      .example("leoflow db migrate --home /var/lib/leoflow")
      .runs(migrate);
  db.add("check", "Check the database file").example("leoflow db check").runs(check);
  auto file = std::make_shared<std::string>();
  db.add("backup", "Copy the database; a running server is not disturbed")
      .argument("FILE", file.get(), "File to write")
      .example("leoflow db backup leoflow-backup.db")
      .runs([file](Context& context) { return backup(context, *file); });
  db.add("rotate-key", "Seal all secrets with a new key and forget the old one")
      .example("leoflow db rotate-key")
      .note("Needs the home for itself: stop the server first. Running tasks go on.")
      .runs(rotate_key);
  root.add("doctor", "Check this installation")
      .group("Administer")
      .example("leoflow doctor")
      .note("Ends with status 1 when a check failed.")
      .runs(doctor);
  root.add("version", "Print the version")
      .group("Administer")
      .example("leoflow version")
      .runs(version);
}

}  // namespace leoflow::cli
