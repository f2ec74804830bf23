// SPDX-License-Identifier: Apache-2.0
#include "agent/fetch_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "base/tree_archive.h"

namespace leoflow {
namespace {

class FixedClock : public Clock {
 public:
  Time now() const override { return time; }
  Time time = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
};

class FetchCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    crypto_init();
    char pattern[] = "/tmp/leoflow-cache-XXXXXX";
    folder_ = mkdtemp(pattern);
  }
  void TearDown() override { (void)remove_tree(folder_); }

  // An archive with one file of that content; its hash.
  std::string archive(const std::string& content) {
    fs::path source = folder_ / "source";
    fs::create_directories(source);
    EXPECT_TRUE(write_file(source / "file", content));
    Fd out(open((folder_ / "packed").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
    auto packed = pack_tree(source, out.get(), false);
    archives_[packed->sha256] = read_file(folder_ / "packed").value();
    return packed->sha256;
  }
  ArchiveBytes fetch() {
    return [this](const std::string& hash, const auto& take) -> Status {
      ++fetches_;
      const std::string& bytes = archives_[hash];
      for (size_t at = 0; at < bytes.size(); at += 10) {
        if (auto taken = take(std::string_view(bytes).substr(at, 10)); !taken) return taken;
      }
      return {};
    };
  }
  FetchCache cache(uint64_t bytes_max = 1 << 30) { return {root(), bytes_max, clock_}; }
  fs::path root() const { return folder_ / "cache"; }
  size_t temporaries() {
    size_t count = 0;
    for (auto& entry : fs::directory_iterator(root()))
      count += entry.path().filename().string().starts_with(".tmp") ? 1 : 0;
    return count;
  }

  fs::path folder_;
  FixedClock clock_;
  std::map<std::string, std::string> archives_;
  int fetches_ = 0;
};

TEST_F(FetchCacheTest, TheSecondPodFindsWhatTheFirstFetched) {
  std::string hash = archive("content");
  {
    auto first = cache();
    auto path = first.get(hash, fetch());
    ASSERT_TRUE(path) << path.error().text();
    EXPECT_EQ(read_file(*path / "file").value(), "content");
    EXPECT_TRUE(first.get(hash, fetch()));
  }
  auto second = cache();
  EXPECT_TRUE(second.get(hash, fetch()));
  EXPECT_EQ(fetches_, 1);
  EXPECT_EQ(temporaries(), 0u);
}

TEST_F(FetchCacheTest, WhatIsNotTheArchiveIsNotKept) {
  std::string hash = archive("content");
  std::string whole = archives_[hash];
  auto cache = this->cache();
  for (std::string bytes :
       {std::string("garbage"), whole.substr(0, 20), whole + "x", archives_[archive("other")]}) {
    archives_[hash] = bytes;
    auto path = cache.get(hash, fetch());
    ASSERT_FALSE(path);
    EXPECT_EQ(path.error().code(), Code::invalid);
    EXPECT_FALSE(fs::exists(root() / hash));
  }
  EXPECT_FALSE(cache.get("../../etc", fetch()));
  auto broken = [](const std::string&, const auto&) -> Status {
    return fail(Code::unavailable, "no server");
  };
  EXPECT_EQ(cache.get(hash, broken).error().code(), Code::unavailable);
  EXPECT_EQ(temporaries(), 0u);
  archives_[hash] = whole;
  EXPECT_TRUE(cache.get(hash, fetch()));
}

TEST_F(FetchCacheTest, AFolderThatUsersFillIsSharedAndGoesWhenNobodyUsesIt) {
  auto pod = std::make_optional(cache());
  auto path = pod->shared_folder("bytecode", 20);
  ASSERT_TRUE(path) << path.error().text();
  ASSERT_TRUE(write_file(*path / "file", "made"));
  EXPECT_EQ(pod->shared_folder("bytecode", 20).value(), *path);
  EXPECT_EQ(cache().shared_folder("bytecode", 20).value(), *path);
  EXPECT_NE(cache().shared_folder("another", 20).value(), *path);
  EXPECT_EQ(cache(10).collect(), 1u);  // that one: the first is in use
  EXPECT_TRUE(fs::exists(*path / "file"));
  pod.reset();
  EXPECT_EQ(cache(20).collect(), 0u);
  EXPECT_EQ(cache(10).collect(), 1u);
  EXPECT_FALSE(fs::exists(*path));
  EXPECT_EQ(temporaries(), 0u);
  auto again = cache().shared_folder("bytecode", 20);
  ASSERT_TRUE(again);
  EXPECT_TRUE(fs::is_empty(*again));
}

// Each process fetches through a file that counts by its length.
TEST_F(FetchCacheTest, PodsThatComeAtOnceFetchOnceAndNeverSeeHalf) {
  constexpr int kPods = 6;
  std::string hash = archive(std::string(200'000, 'x'));
  fs::path count = folder_ / "count";
  std::vector<pid_t> pods;
  for (int i = 0; i < kPods; ++i) {
    pid_t pid = fork();
    if (pid == 0) {
      auto cache = this->cache();
      auto path = cache.get(hash, [&](const std::string& wanted, const auto& take) -> Status {
        Fd counter(open(count.c_str(), O_WRONLY | O_APPEND | O_CREAT, 0600));
        (void)write_all(counter.get(), "1", "count");
        return fetch()(wanted, take);
      });
      bool good = path && read_file(*path / "file").value_or("").size() == 200'000;
      _exit(good ? 0 : 1);
    }
    pods.push_back(pid);
  }
  for (pid_t pid : pods) {
    int status = 1;
    waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(read_file(count).value(), "1");
}

TEST_F(FetchCacheTest, APodThatDiedWhileItFetchedIsClearedUpAfter) {
  std::string hash = archive("content");
  pid_t pid = fork();
  if (pid == 0) {
    auto cache = this->cache();
    (void)cache.get(hash, [&](const std::string&, const auto& take) -> Status {
      (void)take("leoflow archive 1\n");
      _exit(0);
    });
  }
  waitpid(pid, nullptr, 0);
  EXPECT_EQ(temporaries(), 1u);
  auto cache = this->cache();
  EXPECT_TRUE(cache.get(hash, fetch()));
  EXPECT_EQ(temporaries(), 0u);
}

TEST_F(FetchCacheTest, RemovesTheLeastRecentlyUsedButNothingInUse) {
  std::string a = archive(std::string(1000, 'a')), b = archive(std::string(1000, 'b')),
              c = archive(std::string(1000, 'c'));
  auto user = cache(2500);
  ASSERT_TRUE(user.get(a, fetch()));
  {
    auto other = cache(2500);
    ASSERT_TRUE(other.get(b, fetch()));
  }
  timespec old[2] = {{1'000'000, 0}, {1'000'000, 0}};
  utimensat(AT_FDCWD, (root() / (a + ".size")).c_str(), old, 0);
  auto third = cache(2500);
  ASSERT_TRUE(third.get(c, fetch()));
  EXPECT_TRUE(fs::exists(root() / a)) << "older, but in use";
  EXPECT_FALSE(fs::exists(root() / b));
  EXPECT_TRUE(fs::exists(root() / c));
  EXPECT_EQ(temporaries(), 0u);
}

TEST_F(FetchCacheTest, RemovesWhatNobodyWantedForLong) {
  std::string hash = archive("content");
  {
    auto cache = this->cache();
    ASSERT_TRUE(cache.get(hash, fetch()));
    clock_.time += kCacheUnusedMax + std::chrono::hours(1);
    EXPECT_EQ(cache.collect(), 0u) << "in use";
  }
  EXPECT_EQ(cache().collect(), 1u);
  EXPECT_FALSE(fs::exists(root() / hash));
}

}  // namespace
}  // namespace leoflow
