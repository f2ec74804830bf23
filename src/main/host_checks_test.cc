// SPDX-License-Identifier: Apache-2.0
#include "main/host_checks.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/crypto.h"

namespace leoflow {
namespace {

TEST(TryCgroup, NeedsMoreThanAFolder) {
  crypto_init();
  // A folder that anybody may write to, as access() alone would like it.
  const fs::path folder = fs::temp_directory_path() / ("leoflow-test-" + random_token(12));
  ASSERT_TRUE(make_folder(folder));
  const CgroupTrial trial = try_cgroup(folder);
  EXPECT_FALSE(trial.groups);
  EXPECT_FALSE(trial.memory_limits);
  EXPECT_TRUE(fs::is_empty(folder));
  ASSERT_TRUE(remove_tree(folder));
}

TEST(TryCgroup, LeavesNothingBehind) {
  const fs::path memory = "/sys/fs/cgroup/memory";
  if (geteuid() != 0 || !fs::exists(memory / "memory.limit_in_bytes"))
    GTEST_SKIP() << "needs root and v1's memory hierarchy";
  const CgroupTrial trial = try_cgroup(memory);
  EXPECT_TRUE(trial.groups);
  EXPECT_TRUE(trial.memory_limits);
  EXPECT_FALSE(fs::exists(memory / ("leoflow-doctor-" + std::to_string(getpid()))));
}

}  // namespace
}  // namespace leoflow
