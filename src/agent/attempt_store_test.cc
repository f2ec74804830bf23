// SPDX-License-Identifier: Apache-2.0
#include "agent/attempt_store.h"

#include <gtest/gtest.h>

#include <fstream>

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
  ASSERT_TRUE(store->append_xcom(id_, {2, "big", "", "/spill/file", 900'000, 3}));
  ASSERT_TRUE(store->save_outcome(id_, {"failed", false, "exit code 3", 3, 5, 6, "{}"}));
  auto loaded = AttemptStore::open(root_)->load();
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0].id, id_);
  EXPECT_EQ(loaded[0].process.pid_start, 4242);
  EXPECT_EQ(loaded[0].process.cgroups.size(), 1u);
  ASSERT_TRUE(loaded[0].finished);
  EXPECT_EQ(loaded[0].finished->reason, "exit code 3");
  EXPECT_FALSE(loaded[0].finished->retryable);
  ASSERT_EQ(loaded[0].xcoms.size(), 2u);
  EXPECT_EQ(loaded[0].xcoms[0].value_json, "{\"a\":1}");
  EXPECT_EQ(loaded[0].xcoms[1].spill_path, "/spill/file");
  EXPECT_EQ(loaded[0].xcoms[1].map_index, 3);
  store->forget(id_);
  EXPECT_TRUE(store->load().empty());
}

TEST_F(AttemptStoreTest, IgnoresAHalfWrittenJournalLine) {
  auto store = AttemptStore::open(root_);
  ASSERT_TRUE(store->create(id_));
  ASSERT_TRUE(store->append_xcom(id_, {1, "k", "1", "", 1, -1}));
  std::ofstream(store->folder(id_) / "xcoms.jsonl", std::ios::app)
      << "{\"sequence\":2,\"key\":\"half";
  auto loaded = store->load();
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0].xcoms.size(), 1u);
  EXPECT_FALSE(loaded[0].finished);
}

}  // namespace
}  // namespace leoflow
