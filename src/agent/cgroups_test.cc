// SPDX-License-Identifier: Apache-2.0
#include "agent/cgroups.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

namespace leoflow {
namespace {

constexpr int64_t kLimit = 64 << 20;
const AttemptId kAttempt{7};

// A host as its mounts and group files show it, in a temporary folder. Unlike the kernel it fills a
// new group only when told: group() makes one ahead, with its files.
class CgroupsTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/leoflow-cgroups-test-XXXXXX";
    root_ = mkdtemp(pattern);
  }
  void TearDown() override { (void)remove_tree(root_); }

  std::string mount(const std::string& name, const std::string& type, const std::string& options) {
    fs::path folder = root_ / name;
    fs::create_directories(folder);
    mounts_ += type + " " + folder.string() + " " + type + " " + options + " 0 0\n";
    return folder;
  }
  // Our own group and below it those that the agent will want.
  void group(const fs::path& own, const std::vector<std::string>& files) {
    for (auto& place :
         {own, own / "lf", own / "lf-agent", own / "lf" / "probe", own / "lf" / "attempt-7"}) {
      fs::create_directories(place);
      ASSERT_TRUE(write_file(place / "cgroup.procs", ""));
      for (auto& file : files) ASSERT_TRUE(write_file(place / file, ""));
    }
  }
  Cgroups detect(const std::string& own) {
    EXPECT_TRUE(write_file(root_ / "mounts", "tmpfs / tmpfs rw 0 0\n" + mounts_));
    EXPECT_TRUE(write_file(root_ / "own", own));
    return Cgroups::detect("lf", {root_ / "mounts", root_ / "own"});
  }
  static std::string text(const fs::path& file) { return read_file(file).value_or("missing"); }

  fs::path root_;
  std::string mounts_;
};

TEST_F(CgroupsTest, V1LimitsMemoryAndHoldsByTheFreezer) {
  fs::path memory = mount("memory", "cgroup", "rw,memory"),
           freezer = mount("freezer", "cgroup", "rw,freezer");
  mount("pids", "cgroup", "rw,pids");
  group(memory / "a", {"memory.limit_in_bytes", "memory.memsw.limit_in_bytes"});
  group(freezer / "b", {});
  auto groups = detect("9:pids:/\n3:memory:/a\n2:freezer:/b\n");
  EXPECT_TRUE(groups.usable() && groups.limits_memory());
  auto limited = groups.create(kAttempt, kLimit);
  EXPECT_TRUE(limited.memory_limited());
  EXPECT_EQ(limited.folders().size(), 2u);
  EXPECT_EQ(text(memory / "a/lf/attempt-7/memory.limit_in_bytes"), std::to_string(kLimit));
  auto free = groups.create(kAttempt, 0);
  EXPECT_EQ(free.folders(), std::vector<std::string>{freezer / "b/lf/attempt-7"})
      << "counting memory costs: only where it limits";
}

TEST_F(CgroupsTest, V1ControllersMountedTogetherAreFound) {
  fs::path both = mount("both", "cgroup", "rw,cpu,memory");
  group(both / "deep/place", {"memory.limit_in_bytes"});
  auto groups = detect("4:cpu,memory:/deep/place\n1:name=systemd:/\n");
  EXPECT_TRUE(groups.create(kAttempt, kLimit).memory_limited());
  EXPECT_EQ(text(both / "deep/place/lf/attempt-7/memory.limit_in_bytes"), std::to_string(kLimit));
}

TEST_F(CgroupsTest, HybridHoldsByV2AndLimitsByV1) {
  fs::path memory = mount("memory", "cgroup", "rw,memory"),
           unified = mount("unified", "cgroup2", "rw,nsdelegate"),
           freezer = mount("freezer", "cgroup", "rw,freezer");
  group(memory, {"memory.limit_in_bytes"});
  group(unified, {"cgroup.controllers", "cgroup.subtree_control"});
  group(freezer, {});
  auto groups = detect("3:memory:/\n2:freezer:/\n0::/\n");
  auto made = groups.create(kAttempt, kLimit);
  EXPECT_TRUE(made.memory_limited());
  EXPECT_EQ(made.folders(),
            (std::vector<std::string>{memory / "lf/attempt-7", unified / "lf/attempt-7"}));
}

TEST_F(CgroupsTest, V2StepsAsideToHandTheMemoryControllerDown) {
  fs::path own = fs::path(mount("unified", "cgroup2", "rw")) / "user/unit";
  group(own, {"cgroup.subtree_control", "memory.max", "memory.swap.max"});
  ASSERT_TRUE(write_file(own / "cgroup.controllers", "cpu memory pids\n"));
  auto groups = detect("0::/user/unit\n");
  EXPECT_TRUE(groups.limits_memory());
  EXPECT_EQ(text(own / "lf-agent/cgroup.procs"), "0") << "we are in a group of our own";
  EXPECT_EQ(text(own / "cgroup.subtree_control"), "+memory");
  EXPECT_EQ(text(own / "lf/cgroup.subtree_control"), "+memory");
  EXPECT_TRUE(groups.create(kAttempt, kLimit).memory_limited());
  EXPECT_EQ(text(own / "lf/attempt-7/memory.max"), std::to_string(kLimit));
  EXPECT_EQ(text(own / "lf/attempt-7/memory.swap.max"), "0");
  fs::remove(own / "lf-agent/cgroup.procs");  // the kernel's files go with their group
  for (auto* file : {"cgroup.subtree_control", "memory.max", "memory.swap.max"})
    fs::remove(own / "lf-agent" / file);
  groups.remove();
  EXPECT_EQ(text(own / "cgroup.procs"), "0") << "back where we came from";
  EXPECT_FALSE(fs::exists(own / "lf-agent"));
}

TEST_F(CgroupsTest, V2WithoutTheMemoryControllerStillHoldsProcesses) {
  fs::path own = mount("unified", "cgroup2", "rw");
  group(own, {"cgroup.subtree_control", "memory.max"});
  ASSERT_TRUE(write_file(own / "cgroup.controllers", "cpu pids\n"));
  auto groups = detect("0::/\n");
  EXPECT_TRUE(groups.usable());
  EXPECT_FALSE(groups.limits_memory());
  auto made = groups.create(kAttempt, kLimit);
  EXPECT_TRUE(made.holds_processes());
  EXPECT_FALSE(made.memory_limited());
}

// A container's own group is its root, whatever the path says that the host sees.
TEST_F(CgroupsTest, APathThatIsNotThereMeansTheRoot) {
  fs::path unified = mount("unified", "cgroup2", "rw");
  group(unified, {});
  auto groups = detect("0::/docker/0123abcd\n");
  EXPECT_EQ(groups.create(kAttempt, 0).folders(),
            std::vector<std::string>{unified / "lf/attempt-7"});
}

TEST_F(CgroupsTest, AnAgentThatEndsLeavesNoFolderButThoseInUse) {
  fs::path unified = mount("unified", "cgroup2", "rw"),
           memory = mount("memory", "cgroup", "memory");
  group(unified, {});
  group(memory, {});
  auto groups = detect("3:memory:/\n0::/\n");
  ASSERT_TRUE(groups.usable());
  // The kernel's files of a group go with it; these do not.
  for (auto& place : {unified / "lf", memory / "lf"}) fs::remove(place / "cgroup.procs");
  for (auto* inside : {"lf/attempt-7", "lf/probe"}) fs::remove_all(unified / inside);
  groups.remove();
  EXPECT_FALSE(fs::exists(unified / "lf"));
  EXPECT_TRUE(fs::exists(memory / "lf/attempt-7"));
}

TEST_F(CgroupsTest, WithoutAnyOrReadOnlyNothingIsDoneAndSaidSo) {
  for (bool refusing : {false, true}) {
    if (refusing) mounts_ = "cgroup2 /proc/self cgroup2 ro 0 0\n";  // takes no folder, even of root
    auto groups = detect(refusing ? "0::/\n" : "");
    EXPECT_FALSE(groups.usable());
    EXPECT_FALSE(groups.limits_memory());
    auto made = groups.create(kAttempt, kLimit);
    EXPECT_FALSE(made.holds_processes() || made.memory_limited() || made.out_of_memory());
    EXPECT_EQ(made.kill_all(), 0u);
    EXPECT_TRUE(made.remove());
  }
}

TEST_F(CgroupsTest, AFolderWithoutGroupFilesIsNoGroup) {
  mount("unified", "cgroup2", "rw");
  EXPECT_FALSE(detect("0::/\n").usable());
}

TEST_F(CgroupsTest, TellsThatTheKernelKilledForMemory) {
  fs::path folder = root_ / "attempt";
  fs::create_directories(folder);
  AttemptGroups groups({folder});
  EXPECT_FALSE(groups.out_of_memory());
  ASSERT_TRUE(write_file(folder / "memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 0\n"));
  EXPECT_FALSE(groups.out_of_memory());
  ASSERT_TRUE(write_file(folder / "memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 2\n"));
  EXPECT_TRUE(groups.out_of_memory());
  fs::remove(folder / "memory.events");
  ASSERT_TRUE(write_file(folder / "memory.oom_control", "oom_kill_disable 0\noom_kill 1\n"));
  EXPECT_TRUE(groups.out_of_memory()) << "as v1 says it";
}

TEST_F(CgroupsTest, KillsWhoIsInsideAndRemovesWhenEmpty) {
  fs::path first = root_ / "one", second = root_ / "two";
  fs::create_directories(first);
  fs::create_directories(second);
  pid_t pid = fork();
  if (pid == 0) {
    pause();
    _exit(0);
  }
  std::string inside = std::to_string(pid) + "\n";
  ASSERT_TRUE(write_file(first / "cgroup.procs", inside));
  ASSERT_TRUE(write_file(second / "cgroup.procs", inside));
  AttemptGroups groups({first, second});
  EXPECT_EQ(groups.kill_all(), 1u) << "one process, though in two hierarchies";
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_FALSE(groups.remove()) << "something is inside";
  for (auto& folder : {first, second}) fs::remove(folder / "cgroup.procs");
  EXPECT_TRUE(groups.remove());
  EXPECT_FALSE(groups.holds_processes());
}

}  // namespace
}  // namespace leoflow
