// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace leoflow {
namespace {

class File : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "leoflow-file-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }
  size_t entries() const {
    return size_t(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

TEST_F(File, WritesAndReadsBack) {
  std::string content("line\nwith a zero \0 byte", 22);
  ASSERT_TRUE(write_file_durably(folder_ / "a", content, 0600).has_value());
  EXPECT_EQ(read_file(folder_ / "a").value(), content);
  struct stat status{};
  ASSERT_EQ(::stat((folder_ / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(File, ReplacesWithoutLeavingTemporaryFiles) {
  ASSERT_TRUE(write_file(folder_ / "a", "one").has_value());
  ASSERT_TRUE(write_file(folder_ / "a", "two").has_value());
  EXPECT_EQ(read_file(folder_ / "a").value(), "two");
  EXPECT_FALSE(write_file(folder_ / "missing" / "a", "x").has_value());
  fs::create_directory(folder_ / "taken");
  EXPECT_FALSE(write_file(folder_ / "taken", "x").has_value());
  EXPECT_EQ(entries(), 2u);
}

TEST_F(File, ReadNamesWhatIsWrong) {
  Result<std::string> missing = read_file(folder_ / "none");
  EXPECT_EQ(missing.error().code(), Code::not_found);
  EXPECT_NE(missing.error().message().find((folder_ / "none").string()), std::string::npos);
  EXPECT_FALSE(read_file(folder_).has_value());
  ASSERT_TRUE(write_file(folder_ / "a", "12345").has_value());
  EXPECT_EQ(read_file(folder_ / "a", 5).value(), "12345");
  EXPECT_EQ(read_file(folder_ / "a", 4).error().code(), Code::exhausted);
}

TEST_F(File, ReadsFilesThatSayTheyAreEmpty) {
  EXPECT_NE(read_file("/proc/self/status").value().find("Pid:"), std::string::npos);
  std::string large(200'000, 'x');
  ASSERT_TRUE(write_file(folder_ / "large", large).has_value());
  EXPECT_EQ(read_file(folder_ / "large").value(), large);
}

TEST_F(File, MakesAndRemovesFolders) {
  ASSERT_TRUE(make_folder(folder_ / "a/b/c").has_value());
  ASSERT_TRUE(make_folder(folder_ / "a/b/c/").has_value());
  EXPECT_TRUE(fs::is_directory(folder_ / "a/b/c"));
  ASSERT_TRUE(write_file(folder_ / "file", "").has_value());
  EXPECT_EQ(make_folder(folder_ / "file").error().code(), Code::exists);
  ASSERT_TRUE(remove_tree(folder_ / "a").has_value());
  EXPECT_FALSE(fs::exists(folder_ / "a"));
  EXPECT_TRUE(remove_tree(folder_ / "a").has_value());
}

TEST_F(File, FolderSizeCountsRegularFiles) {
  ASSERT_TRUE(make_folder(folder_ / "sub").has_value());
  ASSERT_TRUE(write_file(folder_ / "a", "123").has_value());
  ASSERT_TRUE(write_file(folder_ / "sub/b", "4567").has_value());
  fs::create_symlink(folder_ / "a", folder_ / "link");
  fs::create_directory_symlink(folder_, folder_ / "sub/loop");
  EXPECT_EQ(folder_size(folder_).value(), 7u);
  EXPECT_EQ(folder_size(folder_, 2).error().code(), Code::exhausted);
  EXPECT_EQ(folder_size(folder_ / "none").error().code(), Code::not_found);
}

TEST_F(File, LockIsExclusiveUntilClosed) {
  Result<Fd> first = lock_file(folder_ / "lock");
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(lock_file(folder_ / "lock").error().code(), Code::conflict);
  first->reset();
  EXPECT_TRUE(lock_file(folder_ / "lock").has_value());
}

TEST(Fd, ClosesOnceAndMoves) {
  int raw = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  Fd first(raw);
  Fd second(std::move(first));
  EXPECT_FALSE(bool(first));
  EXPECT_EQ(second.get(), raw);
  second = Fd();
  EXPECT_EQ(::fcntl(raw, F_GETFD), -1);
}

TEST(WriteAll, ReportsAClosedPipe) {
  EXPECT_FALSE(write_all(-1, "x", "nowhere").has_value());
  EXPECT_TRUE(write_all(-1, "", "nowhere").has_value());
}

}  // namespace
}  // namespace leoflow
