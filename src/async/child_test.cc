// SPDX-License-Identifier: Apache-2.0
#include "async/child.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

namespace leoflow {
namespace {

using std::chrono::milliseconds;

ChildSpec shell(std::string script) {
  ChildSpec spec;
  spec.program = "/bin/sh";
  spec.arguments = {"-c", std::move(script)};
  return spec;
}

TEST(RunChild, CapturesOutputErrorsAndDescriptorThree) {
  auto ran = run_child(shell("cat; echo err >&2; echo three >&3; exit 3"), "in");
  ASSERT_TRUE(ran) << ran.error().text();
  EXPECT_EQ(ran->stdout_text, "in");
  EXPECT_EQ(ran->stderr_text, "err\n");
  EXPECT_EQ(ran->fd3, "three\n");
  EXPECT_EQ(describe_wait_status(ran->status), "exit code 3");
}

TEST(RunChild, GivesExactlyTheEnvironmentAndFolder) {
  auto spec = shell("/usr/bin/env; pwd; set -- /proc/$$/fd/*; echo $#");
  spec.environment = {"ONLY=this"};
  spec.cwd = "/tmp";
  Fd leak(open("/dev/null", O_RDONLY));  // without close-on-exec on purpose
  auto ran = run_child(spec);
  ASSERT_TRUE(ran);
  EXPECT_NE(ran->stdout_text.find("ONLY=this\n"), std::string::npos);
  EXPECT_EQ(ran->stdout_text.find("HOME="), std::string::npos);
  // 0 to 3, and the folder that the shell reads.
  EXPECT_NE(ran->stdout_text.find("/tmp\n5\n"), std::string::npos) << ran->stdout_text;
}

TEST(RunChild, BoundsWhatItKeeps) {
  RunLimits limits;
  limits.stdout_bytes_max = 1000;
  auto ran = run_child(shell("head -c 1000000 /dev/zero"), {}, limits);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->stdout_text.size(), 1000u);
  EXPECT_TRUE(ran->stdout_cut);
  EXPECT_TRUE(ran->ok());
}

TEST(RunChild, TimeoutKillsTheWholeGroup) {
  RunLimits limits;
  limits.timeout = milliseconds(150);
  limits.kill_grace = milliseconds(50);
  auto ran = run_child(shell("trap '' TERM; echo slow >&2; sleep 1000 & sleep 1000"), {}, limits);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code(), Code::timeout);
  EXPECT_NE(ran.error().message().find("slow"), std::string::npos);
}

TEST(RunChild, DoesNotWaitForABackgroundProcessThatHoldsThePipes) {
  auto ran = run_child(shell("sleep 1000 & echo done"));
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->stdout_text, "done\n");
}

TEST(RunChild, FeedsMoreInputThanASocketHolds) {
  std::string input(3'000'000, 'x');
  auto ran = run_child(shell("wc -c"), input);
  ASSERT_TRUE(ran);
  EXPECT_EQ(std::stol(ran->stdout_text), 3'000'000);
  EXPECT_TRUE(run_child(shell("exit 0"), input)) << "a child that ignores its input is no error";
}

TEST(StartChild, NamesAMissingProgramAndFolder) {
  ChildSpec spec;
  spec.program = "/no/such/program";
  auto missing = start_child(spec);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::not_found);
  EXPECT_NE(missing.error().message().find("/no/such/program"), std::string::npos);
  spec = shell("true");
  spec.cwd = "/no/such/folder";
  auto folder = start_child(spec);
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message().find("/no/such/folder"), std::string::npos);
}

TEST(StartChild, AppliesMemoryLimit) {
  auto spec = shell("ulimit -v");
  spec.memory_bytes_max = 64 << 20;
  auto ran = run_child(spec);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->stdout_text, "65536\n");
}

TEST(ExitWatch, ReportsTheSignalOnTheLoop) {
  Loop loop;
  auto child = start_child(shell("sleep 1000"));
  ASSERT_TRUE(child);
  pid_t pid = child->pid;
  ChildEnd seen;
  ExitWatch watch(loop, std::move(*child), [&](const ChildEnd& end) {
    seen = end;
    loop.stop();
  });
  loop.post([&] { signal_group(pid, SIGKILL); });
  loop.run();
  EXPECT_EQ(describe_wait_status(seen.status), "killed by signal 9 (SIGKILL)");
}

TEST(ExitWatch, ReportsWhatTheChildAndItsChildrenTook) {
  Loop loop;
  auto child = start_child(shell("head -c 64000000 /dev/zero | tail -c 64000000 > /dev/null"));
  ASSERT_TRUE(child);
  ChildEnd seen;
  ExitWatch watch(loop, std::move(*child), [&](const ChildEnd& end) {
    seen = end;
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(seen.status, 0);
  EXPECT_GT(seen.memory_peak_bytes, 64'000'000);  // tail keeps what it may have to print
  EXPECT_GT(seen.cpu, Duration(0));
}

}  // namespace
}  // namespace leoflow
