// SPDX-License-Identifier: Apache-2.0
#include "exec/staging/local_staging.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace leoflow {
namespace {

class LocalStagingTest : public testing::Test {
 protected:
  void SetUp() override {
    crypto_init();
    root_ = fs::temp_directory_path() / ("leoflow-staging-" + random_token(12));
  }
  void TearDown() override { EXPECT_TRUE(remove_tree(root_)); }
  size_t entries() const {
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(root_)) count += entry.exists();
    return count;
  }
  fs::path root_;
};

TEST(StagingName, IsSafeShortAndUnique) {
  crypto_init();
  const std::string name = staging_name("Etl.Duckdb", "manual__2024-02-29T13:05:09+00:00");
  EXPECT_TRUE(name.starts_with("etl-duckdb-manual-2024-02-29t13"));
  EXPECT_TRUE(valid_staging_name(name));
  EXPECT_NE(staging_name("a_b", "r"), staging_name("a-b", "r"));
  EXPECT_NE(staging_name("a", "b-c"), staging_name("a-b", "c"));
  EXPECT_EQ(staging_name("a", "b"), staging_name("a", "b"));
  const std::string longest = staging_name(std::string(250, 'x'), std::string(250, 'y'));
  EXPECT_LE(longest.size(), kStagingNameBytesMax);
  EXPECT_TRUE(valid_staging_name(longest));
  EXPECT_TRUE(valid_staging_name(staging_name("\xc3\xa4", "...")));
}

TEST_F(LocalStagingTest, CreatesAndFindsAgainWithItsContent) {
  LocalStaging staging(root_);
  const auto path = staging.create("etl-run-1", 1 << 20);
  ASSERT_TRUE(path);
  ASSERT_TRUE(write_file(fs::path(*path) / "raw.parquet", "12345"));
  const auto again = staging.create("etl-run-1", 1 << 20);
  ASSERT_TRUE(again);
  EXPECT_EQ(*path, *again);
  EXPECT_EQ(staging.size("etl-run-1").value_or(0), 5u);
}

TEST_F(LocalStagingTest, RemovesAtOnceAndThenFromTheDisk) {
  LocalStaging staging(root_);
  ASSERT_TRUE(staging.create("etl-run-1", 1));
  ASSERT_TRUE(staging.create("etl-run-2", 1));
  ASSERT_TRUE(staging.remove("etl-run-1"));
  const auto left = staging.list();
  ASSERT_TRUE(left);
  ASSERT_EQ(left->size(), 1u);
  EXPECT_EQ(left->front().name, "etl-run-2");
  EXPECT_GT(left->front().created_at, Time{});
  staging.wait_removed();
  EXPECT_EQ(entries(), 1u);
  EXPECT_TRUE(staging.remove("etl-run-1"));
  EXPECT_EQ(staging.size("etl-run-1").error().code(), Code::not_found);
}

TEST_F(LocalStagingTest, RefusesNamesThatLeaveTheRoot) {
  LocalStaging staging(root_);
  for (const char* name : {"", "..", "a/b", "../x", ".deleted-x", "A", "-a"}) {
    EXPECT_EQ(staging.create(name, 1).error().code(), Code::invalid) << name;
    EXPECT_EQ(staging.remove(name).error().code(), Code::invalid) << name;
  }
}

TEST_F(LocalStagingTest, FinishesARemovalThatACrashInterrupted) {
  ASSERT_TRUE(make_folder(root_ / ".deleted-etl-run-1-abc/deep"));
  LocalStaging staging(root_);
  staging.wait_removed();
  EXPECT_EQ(entries(), 0u);
}

TEST_F(LocalStagingTest, ListsNothingWithoutARoot) {
  LocalStaging staging(root_ / "none");
  const auto found = staging.list();
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
}

}  // namespace
}  // namespace leoflow
