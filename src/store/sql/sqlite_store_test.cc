// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "contract/store_contract.h"
#include "store/sql/database.h"
#include "store/sql/migrate.h"
#include "store/sql/rows.h"

namespace leoflow {
namespace {

Result<std::unique_ptr<Store>> open_file(const fs::path& folder) {
  return open_sqlite_store({.path = folder / "leoflow.db"});
}
Result<std::unique_ptr<Store>> open_memory(const fs::path&) { return open_sqlite_store({}); }

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract,
                         testing::Values(StoreBackend{"file", open_file, true},
                                         StoreBackend{"memory", open_memory, false}),
                         backend_name);

class SqliteFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "leoflow-sqlite-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ / "leoflow.db";
  }
  void TearDown() override { (void)remove_tree(folder_); }

  fs::path folder_, path_;
};

TEST(Migrations, AreNumberedFromOneWithoutGaps) {
  int expected = 1;
  for (const sql::Migration& migration : sql::embedded_migrations()) EXPECT_EQ(migration.number, expected++);
  EXPECT_EQ(schema_version_expected(), expected - 1);
}

TEST_F(SqliteFile, NewerSchemaIsRefusedByVersion) {
  ASSERT_TRUE(open_sqlite_store({.path = path_}));
  EXPECT_EQ(*schema_version_of(path_), schema_version_expected());
  {
    auto connection = sql::Connection::open({.path = path_});
    ASSERT_TRUE(connection);
    ASSERT_TRUE((*connection)->run_script("INSERT INTO schema_migrations VALUES (9999, '9999_future')"));
  }
  auto opened = open_sqlite_store({.path = path_});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::conflict);
  EXPECT_NE(opened.error().hint().find("9999"), std::string::npos);
  EXPECT_EQ(*schema_version_of(path_), 9999);
}

TEST_F(SqliteFile, SchedulesOfOlderDatabasesAreTakenFromTheirVersions) {
  auto opened = sql::Connection::open({.path = path_});
  ASSERT_TRUE(opened);
  sql::Connection& connection = **opened;
  ASSERT_TRUE(sql::migrate(connection, sql::embedded_migrations().first(10)));
  ASSERT_TRUE(connection.run_script(R"sql(
INSERT INTO dag_versions (version_id, dag_id, version_number, label, content_hash, bundle_path,
  environment, created_at, dag_json, source)
  VALUES (1, 'a', 1, '', '', '', '', 0, '{"schedule":{"kind":"once"}}', ''),
         (2, 'b', 1, '', '', '', '', 0, '{}', '');
INSERT INTO dags SELECT dag_id, dag_id, version_id, 0, 0, '', '', '', 0, 0, NULL, NULL, NULL, NULL
  FROM dag_versions;
)sql"));
  ASSERT_TRUE(sql::migrate(connection, sql::embedded_migrations()));
  auto query = connection.query("SELECT group_concat(schedule_kind) FROM dags ORDER BY dag_id");
  ASSERT_TRUE(query);
  EXPECT_EQ(sql::read_all(*query, sql::read_text)->front(), "once,none");
}

TEST_F(SqliteFile, RunsOfOlderDatabasesKeepTheirTypes) {
  auto opened = sql::Connection::open({.path = path_});
  ASSERT_TRUE(opened);
  sql::Connection& connection = **opened;
  ASSERT_TRUE(sql::migrate(connection, sql::embedded_migrations().first(11)));
  ASSERT_TRUE(connection.run_script(R"sql(
INSERT INTO dag_versions (version_id, dag_id, version_number, label, content_hash, bundle_path,
  environment, created_at, dag_json, source) VALUES (1, 'a', 1, '', '', '', '', 0, '{}', '');
INSERT INTO runs SELECT value, 'a', 'r' || value, 1, 'success',
  CASE value WHEN 1 THEN 'manual' WHEN 2 THEN 'scheduled' ELSE 'backfill' END,
  value, 0, 0, 0, 0, 0, 0, 0, '', '', '{}', '', '', 0, 0 FROM json_each('[1,2,3]');
INSERT INTO xcoms VALUES (2, 't', -1, 'k', '1', '', 1, 0);
)sql"));
  ASSERT_TRUE(sql::migrate(connection, sql::embedded_migrations()));
  auto types = connection.query(
      "SELECT group_concat(run_type || ',' || run_id) FROM (SELECT run_type, run_id FROM runs "
      "ORDER BY run_key)");
  ASSERT_TRUE(types);
  EXPECT_EQ(sql::read_all(*types, sql::read_text)->front(), "manual,r1,scheduled,r2,backfill,r3");
  auto kept = connection.query("SELECT value FROM xcoms");
  ASSERT_TRUE(kept);
  EXPECT_EQ(sql::read_all(*kept, sql::read_text)->front(), "1");
  EXPECT_FALSE(connection.run_script("UPDATE runs SET run_type = 'none' WHERE run_key = 1"));
  EXPECT_TRUE(connection.run_script(
      "UPDATE runs SET run_type = 'asset_materialization' WHERE run_key = 1"));
}

TEST_F(SqliteFile, FailedMigrationLeavesTheSchemaAsItWas) {
  auto connection = sql::Connection::open({.path = path_});
  ASSERT_TRUE(connection);
  const sql::Migration broken[] = {{1, "0001_broken", "CREATE TABLE a (b INTEGER); CREATE TABLE a (c INTEGER);"}};
  Status migrated = sql::migrate(**connection, broken);
  ASSERT_FALSE(migrated);
  EXPECT_NE(migrated.error().message().find("0001_broken"), std::string::npos);
  EXPECT_EQ(*sql::schema_version(**connection), 0);
  EXPECT_TRUE((*connection)->run_script("CREATE TABLE a (d INTEGER)"));
}

TEST_F(SqliteFile, UnusablePlacesAreDenied) {
  auto missing = open_sqlite_store({.path = folder_ / "absent" / "leoflow.db"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::denied);
  EXPECT_FALSE(missing.error().hint().empty());
  auto no_files = open_sqlite_store({.path = "/proc/leoflow.db"});
  ASSERT_FALSE(no_files);
  EXPECT_EQ(no_files.error().code(), Code::denied);
}

TEST_F(SqliteFile, ReadOnlyFolderIsDenied) {
  if (geteuid() == 0) GTEST_SKIP() << "root writes everywhere";
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
  auto opened = open_sqlite_store({.path = path_});
  fs::permissions(folder_, fs::perms::owner_all);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::denied);
}

TEST_F(SqliteFile, SomethingElseIsNoDatabase) {
  ASSERT_TRUE(write_file(path_, std::string(4096, 'x')));
  auto opened = open_sqlite_store({.path = path_});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::internal);
  EXPECT_EQ(schema_version_of(folder_ / "none.db").error().code(), Code::not_found);
}

TEST_F(SqliteFile, BackupOfALiveDatabaseIsComplete) {
  auto store = open_sqlite_store({.path = path_});
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->settings().put_setting("a", "1"));
  fs::path copy = folder_ / "copy.db";
  ASSERT_TRUE(backup_sqlite(path_, copy));
  ASSERT_TRUE((*store)->settings().put_setting("a", "2"));
  ASSERT_TRUE(check_sqlite(copy));
  auto restored = open_sqlite_store({.path = copy});
  ASSERT_TRUE(restored);
  EXPECT_EQ(**(*restored)->settings().get_setting("a"), "1");
  EXPECT_EQ(backup_sqlite(path_, copy).error().code(), Code::exists);
  EXPECT_EQ(backup_sqlite(folder_ / "none.db", folder_ / "x.db").error().code(), Code::not_found);
}

TEST_F(SqliteFile, CheckFindsDanglingRows) {
  ASSERT_TRUE(open_sqlite_store({.path = path_}));
  ASSERT_TRUE(check_sqlite(path_));
  {
    auto connection = sql::Connection::open({.path = path_});
    ASSERT_TRUE((*connection)->run_script("PRAGMA foreign_keys = OFF; INSERT INTO dag_tags VALUES ('gone', 'x')"));
  }
  Status checked = check_sqlite(path_);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message().find("1 rows"), std::string::npos);
}

TEST_F(SqliteFile, ReadersSeeWholeCommitsBesideTheWriter) {
  auto store = open_sqlite_store({.path = path_, .readers_max = 2, .synchronous_full = false});
  ASSERT_TRUE(store);
  constexpr int kCommits = 200;
  std::jthread writer([&] {
    for (int i = 0; i < kCommits; ++i) {
      Batch batch;
      batch.events = {{.event = "one"}, {.event = "two"}};
      if (!(*store)->engine().commit(batch)) return;
    }
  });
  std::vector<std::jthread> readers;
  std::atomic<int> odd = 0, failed = 0;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      for (int64_t total = 0; total < 2 * kCommits;) {
        auto page = (*store)->event_log().list({});
        if (!page) {
          ++failed;
          return;
        }
        total = page->total;
        odd += total % 2;
      }
    });
  }
  readers.clear();
  EXPECT_EQ(odd, 0);
  EXPECT_EQ(failed, 0);
}

TEST_F(SqliteFile, LockOfAnotherProcessIsUnavailableAndFullDiskExhausted) {
  auto database = sql::Database::open({.path = path_});
  ASSERT_TRUE(database);
  auto write = [&](std::string_view sql) {
    return (*database)->write([&](sql::Connection& connection) { return connection.run_script(std::string(sql).c_str()); });
  };
  ASSERT_TRUE(write("PRAGMA max_page_count = 1"));  // never below what is used: no page more
  Status full;
  for (int i = 0; i < 100 && full; ++i) {
    full = write("INSERT INTO settings (name, value) VALUES (hex(randomblob(20)), hex(zeroblob(100000)))");
  }
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code(), Code::exhausted);
  EXPECT_NE(full.error().message().find("disk is full"), std::string::npos);
  auto other = sql::Connection::open({.path = path_});
  ASSERT_TRUE(other);
  ASSERT_TRUE((*other)->run_script("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE"));
  auto third = sql::Connection::open({.path = path_});
  ASSERT_TRUE(third);
  ASSERT_TRUE((*third)->run_script("PRAGMA busy_timeout = 0"));
  EXPECT_EQ((*third)->run("BEGIN IMMEDIATE").error().code(), Code::unavailable);
}

TEST_F(SqliteFile, PreparedStatementsAreBounded) {
  auto connection = sql::Connection::open({});
  ASSERT_TRUE(connection);
  for (size_t i = 0; i < 2 * sql::kPreparedMax; ++i) {
    ASSERT_TRUE((*connection)->query("SELECT " + std::to_string(i)));
  }
}

}  // namespace
}  // namespace leoflow
