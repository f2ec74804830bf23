// SPDX-License-Identifier: Apache-2.0
#include "main/archives.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "base/tree_archive.h"

namespace leoflow {
namespace {

class ArchivesTest : public testing::Test {
 protected:
  void SetUp() override {
    crypto_init();
    char pattern[] = "/tmp/leoflow-archives-XXXXXX";
    root_ = mkdtemp(pattern);
    fs::create_directories(root_ / "source");
    ASSERT_TRUE(write_file(root_ / "source/dag.py", "1"));
  }
  void TearDown() override { (void)remove_tree(root_); }
  fs::path root_;
};

TEST_F(ArchivesTest, AreMadeOnceAndFoundByTheirHash) {
  Archives archives(root_ / "archives");
  int asked = 0;
  auto source = [&] { return ++asked, root_ / "source"; };
  auto hash = archives.ensure("bundle-1", source);
  ASSERT_TRUE(hash) << hash.error().text();
  auto path = archives.find(*hash);
  ASSERT_TRUE(path);
  EXPECT_EQ(sha256_hex(*read_file(*path)), *hash);
  Archives later(root_ / "archives");
  EXPECT_EQ(later.ensure("bundle-1", source).value(), *hash);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(archives.find(std::string(64, '0')).error().code(), Code::not_found);
  EXPECT_FALSE(archives.ensure("bundle-2", [&] { return root_ / "missing"; }));
  auto none = [] { return Result<fs::path>(fail(Code::unavailable, "not now")); };
  EXPECT_EQ(archives.ensure("bundle-2", none).error().code(), Code::unavailable);
}

TEST_F(ArchivesTest, WhatWasCollectedIsMadeAgain) {
  Archives archives(root_ / "archives");
  auto source = [&] { return root_ / "source"; };
  std::string hash = archives.ensure("bundle-1", source).value();
  EXPECT_EQ(archives.collect(Time()), 0u);
  EXPECT_EQ(archives.collect(std::chrono::time_point_cast<Duration>(
                std::chrono::system_clock::now() + std::chrono::hours(1))),
            1u);
  EXPECT_FALSE(archives.find(hash));
  EXPECT_EQ(archives.ensure("bundle-1", source).value(), hash);
}

}  // namespace
}  // namespace leoflow
