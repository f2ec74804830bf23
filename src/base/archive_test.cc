// SPDX-License-Identifier: Apache-2.0
#include "base/archive.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "test_paths.h"

namespace leoflow {
namespace {

TEST(Archive, ReadsFilesInOrder) {
  auto files = read_archive("1:a2:xy3:b/c0:");
  ASSERT_TRUE(files.has_value());
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].path, "a");
  EXPECT_EQ((*files)[0].content, "xy");
  EXPECT_EQ((*files)[1].path, "b/c");
  EXPECT_EQ((*files)[1].content, "");
  EXPECT_TRUE(read_archive("")->empty());
}

TEST(Archive, RefusesWhatIsDamaged) {
  for (auto bytes :
       {"1", "1:", "1:a", "1:a3:xy", ":a1:b", "x:a1:b", "-1:a1:b", "1:a99999999999999999999:b"})
    EXPECT_FALSE(read_archive(bytes).has_value()) << bytes;
}

TEST(Archive, ReadsWhatThePackerWrites) {
  namespace fs = std::filesystem;
  fs::path folder = fs::path(testing::TempDir()) / "leoflow_archive_test";
  fs::remove_all(folder);
  fs::create_directories(folder / "in" / "skipped");
  std::ofstream(folder / "in" / "long.txt") << std::string(4000, 'x');
  std::ofstream(folder / "in" / "short.txt") << "short";
  std::ofstream(folder / "in" / "other.md") << "not wanted";
  std::ofstream(folder / "in" / "skipped" / "a.txt") << "not wanted";
  std::string command = std::string(LEOFLOW_SOURCE_DIR) + "/tools/pack_files " +
                        (folder / "in").string() + " " + (folder / "out").string() +
                        " --only .txt --skip skipped --gzip";
  ASSERT_EQ(std::system(command.c_str()), 0);
  auto bytes = read_file(folder / "out");
  ASSERT_TRUE(bytes.has_value());
  auto files = read_archive(*bytes);
  ASSERT_TRUE(files.has_value());
  ASSERT_EQ(files->size(), 3u);
  EXPECT_EQ((*files)[0].path, "long.txt");
  EXPECT_EQ((*files)[1].path, "long.txt.gz");
  EXPECT_LT((*files)[1].content.size(), 100u);
  EXPECT_EQ((*files)[2].content, "short");
}

}  // namespace
}  // namespace leoflow
