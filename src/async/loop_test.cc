// SPDX-License-Identifier: Apache-2.0
#include "async/loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

namespace leoflow {
namespace {

using std::chrono::milliseconds;

TEST(Loop, RunsPostsInOrderFromAnotherThread) {
  Loop loop;
  std::vector<int> seen;
  std::thread poster([&] {
    for (int i = 0; i < 100; ++i) loop.post([&seen, i] { seen.push_back(i); });
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  poster.join();
  ASSERT_EQ(seen.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[size_t(i)], i);
}

TEST(Loop, TimersFireInOrderOfDelay) {
  Loop loop;
  std::string seen;
  loop.after(std::chrono::hours(1), [&] { seen += 'c'; });
  loop.after(milliseconds(1), [&] {
    seen += 'a';
    loop.after(milliseconds(1), [&] {
      seen += 'b';
      loop.stop();
    });
  });
  loop.run();
  EXPECT_EQ(seen, "ab");
}

TEST(Loop, CancelledTimerNeverFiresEvenWhenDue) {
  Loop loop;
  bool fired = false;
  auto victim = loop.after(milliseconds(0), [&] { fired = true; });
  loop.post([&] { loop.cancel(victim); });
  loop.post([&] { loop.post([&] { loop.after(milliseconds(5), [&] { loop.stop(); }); }); });
  loop.cancel(victim);
  loop.cancel(12345);
  loop.run();
  EXPECT_FALSE(fired);
}

TEST(Loop, WatchIsLevelTriggered) {
  Loop loop;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "abc", 3), 3);
  std::string seen;
  loop.watch(ends[0], Loop::Ready::read, [&] {
    char byte = 0;
    ASSERT_EQ(read(ends[0], &byte, 1), 1);
    seen += byte;
    if (seen.size() < 3) return;
    loop.unwatch(ends[0], Loop::Ready::read);
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(seen, "abc");
  EXPECT_EQ(write(ends[1], "x", 1), 1) << "the loop must not close a descriptor it watched";
  close(ends[0]);
  close(ends[1]);
}

TEST(Loop, UnwatchedDescriptorMayBeWatchedAgain) {
  Loop loop;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  int first = 0, second = 0;
  loop.watch(ends[1], Loop::Ready::write, [&] {
    ++first;
    loop.unwatch(ends[1], Loop::Ready::write);
    loop.watch(ends[1], Loop::Ready::write, [&] {
      if (++second == 2) loop.stop();
    });
  });
  loop.run();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
  loop.unwatch(ends[1], Loop::Ready::write);
  close(ends[0]);
  close(ends[1]);
}

TEST(LoopThread, RunsTasksAndDropsTheRestWhenStopped) {
  LoopThread thread("test");
  std::thread::id id;
  thread.loop().post([&] {
    id = std::this_thread::get_id();
    thread.loop().stop();
  });
  thread.stop_and_join();
  thread.loop().post([] { FAIL() << "the loop has ended"; });
  EXPECT_NE(id, std::this_thread::get_id());
}

}  // namespace
}  // namespace leoflow
