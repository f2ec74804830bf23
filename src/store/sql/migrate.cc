// SPDX-License-Identifier: Apache-2.0
#include "store/sql/migrate.h"

#include "base/log.h"
#include "store/sql/dialect.h"
#include "store/sql/queries_schema.h"

namespace leoflow::sql {
namespace {

int read_number(Row& row) { return row.number(); }

Result<int> read_single(Connection& connection, std::string_view sql) {
  Result<Query> query = connection.query(sql);
  if (!query) return fail(query);
  Result<std::optional<int>> value = read_one(*query, read_number);
  if (!value) return fail(value);
  return value->value_or(0);
}

// Reads the version again inside the transaction: another process may have been faster.
Status apply(Connection& connection, const Migration& migration) {
  Result<int> version = schema_version(connection);
  if (!version) return fail(version);
  if (*version >= migration.number) return {};
  if (Status made = connection.run(kCreateMigrationTable); !made) return made;
  if (Status done = connection.run_script(migration.text); !done) return done;
  Result<Query> insert = connection.query(kInsertMigration);
  if (!insert) return fail(insert);
  Result<int64_t> inserted = insert->bind("$number", migration.number).bind("$name", migration.name).run();
  if (!inserted) return fail(inserted);
  log::info("database schema brought up", {{"migration", migration.name}});
  return {};
}

}  // namespace

Result<int> schema_version(Connection& connection) {
  Result<int> tables = read_single(connection, kCountMigrationTable);
  if (!tables || *tables == 0) return tables;
  return read_single(connection, kSelectSchemaVersion);
}

Status migrate(Connection& connection, std::span<const Migration> migrations) {
  Result<int> version = schema_version(connection);
  if (!version) return fail(version);
  int known = migrations.empty() ? 0 : migrations.back().number;
  if (*version > known) {
    return fail(Code::conflict,
                "the database has schema version " + std::to_string(*version) + ", this program knows up to " +
                    std::to_string(known),
                "start the newer version of leoflow that wrote it (schema " + std::to_string(*version) +
                    "), or restore the backup made before that upgrade");
  }
  if (*version == known) return {};
  // All or none, and one wait for the disk: a fresh database has them all ahead of it.
  return in_transaction(connection, dialect::kBeginWrite, [&](Connection& c) -> Status {
    for (const Migration& migration : migrations) {
      if (auto applied = apply(c, migration); !applied)
        return fail(applied.error().within("migration " + std::string(migration.name)));
    }
    return {};
  });
}

}  // namespace leoflow::sql
