// SPDX-License-Identifier: Apache-2.0
// A disk that fails on demand, below SQLite.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>

#include "store/sql/sqlite_store.h"

namespace leoflow::sql {
namespace {

// SQLite's callbacks carry no context, so the one failing disk of this file is static.
struct FaultyDisk {
  const sqlite3_io_methods* real_methods = nullptr;
  // By the table they stand for: databases and journals lock differently; both sync and write
  // alike.
  std::map<const sqlite3_io_methods*, sqlite3_io_methods> methods;
  sqlite3_vfs* real = nullptr;
  sqlite3_vfs vfs{};
  int sync_error = SQLITE_OK;
  int write_error = SQLITE_OK;
};
FaultyDisk disk;

int faulty_sync(sqlite3_file* file, int flags) {
  return disk.sync_error != SQLITE_OK ? disk.sync_error : disk.real_methods->xSync(file, flags);
}
int faulty_write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  if (disk.write_error != SQLITE_OK) return disk.write_error;
  return disk.real_methods->xWrite(file, bytes, count, offset);
}
// The file is the real one with two of its methods exchanged.
int faulty_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  int code = disk.real->xOpen(disk.real, name, file, flags, out_flags);
  if (code != SQLITE_OK || !file->pMethods) return code;
  disk.real_methods = file->pMethods;
  sqlite3_io_methods& methods = disk.methods[file->pMethods];
  methods = *file->pMethods;
  methods.xSync = faulty_sync;
  methods.xWrite = faulty_write;
  file->pMethods = &methods;
  return SQLITE_OK;
}

class SqliteFault : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "leoflow-fault-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    disk.real = sqlite3_vfs_find(nullptr);
    disk.vfs = *disk.real;
    disk.vfs.zName = "faulty";
    disk.vfs.xOpen = faulty_open;
    ASSERT_EQ(sqlite3_vfs_register(&disk.vfs, 0), SQLITE_OK);
    auto database = Database::open({.path = folder_ / "leoflow.db", .vfs = "faulty"});
    ASSERT_TRUE(database) << database.error().text();
    store_ = std::make_unique<SqliteStore>(std::move(*database));
  }
  void TearDown() override {
    disk.sync_error = disk.write_error = SQLITE_OK;
    store_.reset();
    sqlite3_vfs_unregister(&disk.vfs);
    (void)remove_tree(folder_);
  }
  Status commit_event(const std::string& name) {
    Batch batch;
    batch.events = {EventLog{.event = name}};
    return store_->engine().commit(batch);
  }

  fs::path folder_;
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteFault, SyncFailingAtCommitLeavesTheOutcomeOpen) {
  ASSERT_TRUE(commit_event("before"));
  disk.sync_error = SQLITE_IOERR_FSYNC;
  Status committed = commit_event("during");
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code(), Code::outcome_unknown);
  disk.sync_error = SQLITE_OK;
  ASSERT_TRUE(commit_event("after"));
  auto events = store_->event_log().list({});
  ASSERT_TRUE(events);
  EXPECT_GE(events->total, 2);
}

TEST_F(SqliteFault, FullDiskAtCommitIsExhaustedAndNothingIsKept) {
  ASSERT_TRUE(commit_event("before"));
  disk.write_error = SQLITE_FULL;
  Status committed = commit_event("during");
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code(), Code::exhausted);
  EXPECT_EQ(committed.error().message(),
            "the disk is full: the database cannot grow in " + folder_.string());
  EXPECT_FALSE(committed.error().hint().empty());
  disk.write_error = SQLITE_OK;
  ASSERT_TRUE(commit_event("after"));
  EXPECT_EQ(store_->event_log().list({.event = "during"})->total, 0);
  EXPECT_EQ(store_->event_log().list({})->total, 2);
}

}  // namespace
}  // namespace leoflow::sql
