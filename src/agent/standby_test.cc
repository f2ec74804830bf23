// SPDX-License-Identifier: Apache-2.0
#include "agent/standby.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>

namespace leoflow {
namespace {

class Standby : public testing::Test {
 protected:
  void SetUp() override {
    ChildSpec spec;
    spec.program = "/bin/sleep";
    spec.arguments = {"1000"};
    auto started = start_child(spec);
    ASSERT_TRUE(started);
    child_ = std::move(*started);
  }
  void TearDown() override { end(); }

  void end() {
    if (child_.pid <= 0) return;
    kill(child_.pid, SIGKILL);
    while (!reap_child(child_)) continue;
    child_.pid = 0;
  }
  // Takes a descriptor of its own.
  std::string text(const std::string& python = "/usr/bin/python3.11") {
    int channel = open("/dev/null", O_RDWR);
    return std::to_string(child_.pid) + ":" + std::to_string(channel) + ":" + python;
  }
  Child child_;
};

TEST_F(Standby, IsReadFromItsVariable) {
  auto standby = read_standby(text());
  ASSERT_TRUE(standby);
  EXPECT_EQ(standby->child.pid, child_.pid);
  EXPECT_EQ(standby->python, "/usr/bin/python3.11");
  EXPECT_TRUE(fcntl(standby->channel.get(), F_GETFD) & FD_CLOEXEC);
}

TEST_F(Standby, IsNoneWhereNothingStandsBy) {
  std::string pid = std::to_string(child_.pid);
  std::string gone = "99999999" + text().substr(pid.size());
  for (const std::string& none :
       {std::string(), std::string("x"), std::string("1:5:/p"), pid, pid + ":2:/p", pid + ":x:/p",
        pid + ":99999:/p", pid + ":5:", gone})
    EXPECT_FALSE(read_standby(none)) << none;
}

TEST_F(Standby, IsForTheSameProgramOfTheSameFolder) {
  auto standby = read_standby(text());
  ASSERT_TRUE(standby);
  EXPECT_TRUE(stands_by_for(*standby, "/usr/bin/python3.11"));
  EXPECT_FALSE(stands_by_for(*standby, "/usr/bin/env"));
  EXPECT_FALSE(stands_by_for(*standby, "/usr/bin/../bin/python3.11"));
  EXPECT_FALSE(stands_by_for(*standby, "/nowhere/python3.11"));
}

TEST_F(Standby, IsForNobodyOnceItEnded) {
  auto standby = read_standby(text());
  ASSERT_TRUE(standby);
  end();
  EXPECT_FALSE(stands_by_for(*standby, "/usr/bin/python3.11"));
}

}  // namespace
}  // namespace leoflow
