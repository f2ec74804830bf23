// SPDX-License-Identifier: Apache-2.0
#include "agent/log_stream.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <random>

namespace leoflow {
namespace {

TEST(LogCursor, StopsAtTheWindow) {
  LogCursor cursor(10 << 20);
  uint64_t sent = 0;
  while (uint64_t count = cursor.sendable()) {
    EXPECT_LE(count, kLogChunkBytesMax);
    cursor.sent(count);
    sent += count;
  }
  EXPECT_EQ(sent, kLogWindowBytes);
  cursor.acknowledged(100);
  EXPECT_EQ(cursor.sendable(), 100u);
}

TEST(LogCursor, TakesOffsetsFromAnyServer) {
  LogCursor cursor(1000);
  cursor.sent(500);
  cursor.acknowledged(5000);
  EXPECT_TRUE(cursor.complete());
  cursor.resume(200);
  EXPECT_EQ(cursor.next_offset(), 200u);
  cursor.resume(9999);
  EXPECT_EQ(cursor.next_offset(), 1000u);
}

// Whatever is lost, repeated or broken in between, the server ends up with exactly the bytes of the
// spool.
TEST(LogCursor, DeliversEveryByteOnceOverBreakingSessions) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    auto chance = [&](unsigned percent) { return random() % 100 < percent; };
    std::string spool, server;
    LogCursor cursor;
    for (int step = 0; step < 400 || server.size() < spool.size(); ++step) {
      ASSERT_LT(step, 10'000) << "seed " << seed;
      if (step < 400 && chance(50))
        spool += std::string(random() % 100'000, char('a' + step % 26)) + "\n";
      cursor.grew_to(spool.size());
      if (chance(10)) cursor.resume(server.size());  // a new session
      if (chance(5)) cursor.rewind();
      uint64_t count = cursor.sendable(), offset = cursor.next_offset();
      std::string chunk = spool.substr(offset, count);
      chunk.resize(chunk.empty() ? 0 : whole_lines(chunk));
      cursor.sent(chunk.size());
      if (chance(20)) continue;  // lost with the session: resume or rewind sends it again
      if (offset <= server.size() && offset + chunk.size() > server.size())
        server += chunk.substr(server.size() - offset);
      if (chance(80)) cursor.acknowledged(server.size());
    }
    EXPECT_EQ(server, spool) << "seed " << seed;
  }
}

TEST(WholeLines, CutsAfterTheLastLineEnd) {
  EXPECT_EQ(whole_lines("a\nb\nc"), 4u);
  EXPECT_EQ(whole_lines("abc"), 3u);
}

// A file size limit stands for a full disk: the kernel writes a part, then refuses.
TEST(LogSpool, ShortWritesLeaveNoTornLine) {
  fs::path path = fs::path(testing::TempDir()) / "leoflow-torn-spool";
  fs::remove(path);
  auto spool = LogSpool::open(path, AttemptId{1});
  ASSERT_TRUE(spool);
  ASSERT_TRUE(spool->append("{\"event\":\"first\"}\n"));
  uint64_t before = spool->size();
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight{.rlim_cur = kSpoolHeadBytes + before + 5, .rlim_max = old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &tight);
  EXPECT_FALSE(spool->append("{\"event\":\"second\"}\n"));
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(spool->size(), before);
  ASSERT_TRUE(spool->append("{\"event\":\"third\"}\n"));
  auto text = read_spool(path, 0, 1000);
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "{\"event\":\"first\"}\n{\"event\":\"third\"}\n");
  fs::remove(path);
}

}  // namespace
}  // namespace leoflow
