// SPDX-License-Identifier: Apache-2.0
#include "agent/attempt_store.h"

#include <gtest/gtest.h>

#include <fstream>

#include "agent/log_stream.h"

namespace leoflow {
namespace {

class AttemptStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/leoflow-store-test-XXXXXX";
    root_ = mkdtemp(pattern);
  }
  void TearDown() override { (void)remove_tree(root_); }
  fs::path root_;
  AttemptId id_{7};
};

TEST_F(AttemptStoreTest, GivesBackWhatItKept) {
  auto store = AttemptStore::open(root_);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->create(id_));
  ASSERT_TRUE(store->save_process(id_, {42, 4242, 99, false, {"/sys/fs/cgroup/x"}}));
  ASSERT_TRUE(store->append_xcom(id_, {1, "k", "{\"a\":1}", "", 7, -1}));
  ASSERT_TRUE(store->append_xcom(id_, {2, "big", "", "/spill/file", 900'000, 3, 17}));
  ASSERT_TRUE(store->save_outcome(id_, {"failed",
                                        false,
                                        "exit code 3",
                                        3,
                                        5,
                                        6,
                                        {std::chrono::milliseconds(7), 4096},
                                        "{}",
                                        "ROME",
                                        "[1]"}));
  auto loaded = *AttemptStore::open(root_)->load();
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0].id, id_);
  EXPECT_EQ(loaded[0].process.pid_start, 4242);
  EXPECT_EQ(loaded[0].process.cgroups.size(), 1u);
  ASSERT_TRUE(loaded[0].finished);
  EXPECT_EQ(loaded[0].finished->reason, "exit code 3");
  EXPECT_FALSE(loaded[0].finished->retryable);
  EXPECT_EQ(loaded[0].finished->asset_events, "[1]");
  EXPECT_EQ(loaded[0].finished->use, (ResourceUse{std::chrono::milliseconds(7), 4096}));
  ASSERT_EQ(loaded[0].xcoms.size(), 2u);
  EXPECT_EQ(loaded[0].xcoms[0].value_json, "{\"a\":1}");
  EXPECT_EQ(loaded[0].xcoms[1].spill_path, "/spill/file");
  EXPECT_EQ(loaded[0].xcoms[1].map_index, 3);
  EXPECT_EQ(loaded[0].xcoms[1].length, 17);
  EXPECT_EQ(loaded[0].xcoms[0].length, std::nullopt);
  EXPECT_EQ(loaded[0].finished->map_label, "ROME");
  store->forget(id_);
  EXPECT_TRUE(store->load()->empty());
}

TEST_F(AttemptStoreTest, IgnoresAHalfWrittenJournalLine) {
  auto store = AttemptStore::open(root_);
  ASSERT_TRUE(store->create(id_));
  ASSERT_TRUE(store->append_xcom(id_, {1, "k", "1", "", 1, -1}));
  std::ofstream(root_ / "journal", std::ios::app) << "{\"op\":\"outcome\",\"attempt\":7,\"ki";
  store = AttemptStore::open(root_);
  ASSERT_TRUE(store->append_xcom(id_, {2, "l", "2", "", 1, -1}));
  auto loaded = *store->load();
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0].xcoms.size(), 2u);
  EXPECT_FALSE(loaded[0].finished);
}

TEST_F(AttemptStoreTest, UsesSpoolsAgain) {
  auto store = AttemptStore::open(root_);
  ASSERT_TRUE(store->create(id_));
  fs::path path = store->log_path(id_);
  ASSERT_TRUE(LogSpool::open(path, id_)->append("first\n"));
  EXPECT_EQ(store->load()->at(0).log_bytes, 6u);
  store->forget(id_);
  AttemptId next{8};
  ASSERT_TRUE(store->create(next));
  EXPECT_EQ(store->log_path(next), path);
  EXPECT_EQ(store->load()->at(0).log_bytes, 0u);
  auto again = AttemptStore::open(root_);
  ASSERT_TRUE(again->create(AttemptId{9}));
  EXPECT_NE(again->log_path(AttemptId{9}), path) << "one attempt, one spool";
}

// After a loss of power the journal may name a spool whose new content never reached the disk.
TEST_F(AttemptStoreTest, TakesNoOtherAttemptsLog) {
  auto store = AttemptStore::open(root_);
  ASSERT_TRUE(store->create(id_));
  ASSERT_TRUE(LogSpool::open(store->log_path(id_), AttemptId{6})->append("of another\n"));
  EXPECT_EQ(store->load()->at(0).log_bytes, 0u);
  EXPECT_EQ(LogSpool::open(store->log_path(id_), id_)->size(), 0u);
}

TEST_F(AttemptStoreTest, TheJournalShrinks) {
  auto store = AttemptStore::open(root_);
  ASSERT_TRUE(store->create(id_));
  ASSERT_TRUE(store->append_xcom(id_, {1, "kept", "1", "", 1, -1}));
  std::string big(kJournalBytesMax / 4, 'x');
  for (int64_t other = 100; other < 106; ++other) {
    ASSERT_TRUE(store->create(AttemptId{other}));
    ASSERT_TRUE(store->append_xcom(AttemptId{other}, {1, "k", big, "", 1, -1}));
    store->forget(AttemptId{other});
  }
  EXPECT_LT(fs::file_size(root_ / "journal"), kJournalBytesMax);
  ASSERT_TRUE(store->save_outcome(id_, {"succeeded"}));
  auto loaded = *AttemptStore::open(root_)->load();
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0].xcoms[0].key, "kept");
  EXPECT_TRUE(loaded[0].finished);
}

}  // namespace
}  // namespace leoflow
