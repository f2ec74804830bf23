// SPDX-License-Identifier: Apache-2.0
#include "base/tree_archive.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

namespace leoflow {
namespace {

const std::string kMagic = "leoflow archive 1\n";

std::string number(uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += char((value >> (8 * i)) & 0xff);
  return text;
}
std::string path(const std::string& name) { return number(name.size(), 2) + name; }
std::string file(const std::string& name, const std::string& content) {
  return "f" + path(name) + number(0, 8) + number(content.size(), 8) + content;
}
std::string folder(const std::string& name) { return "d" + path(name); }

class TreeArchive : public testing::Test {
 protected:
  void SetUp() override {
    crypto_init();
    char pattern[] = "/tmp/leoflow-tree-XXXXXX";
    root_ = mkdtemp(pattern);
    fs::create_directories(source());
    fresh();
  }
  void TearDown() override { (void)remove_tree(root_); }
  fs::path source() const { return root_ / "source"; }
  fs::path target() const { return root_ / "jail" / "target"; }
  void fresh() {
    (void)remove_tree(root_ / "jail");
    fs::create_directories(target());
  }
  std::string pack(bool keep_times = false) {
    Fd out(open((root_ / "archive").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
    auto packed = pack_tree(source(), out.get(), keep_times);
    EXPECT_TRUE(packed) << packed.error().text();
    auto bytes = read_file(root_ / "archive").value();
    EXPECT_EQ(packed->sha256, sha256_hex(bytes));
    EXPECT_EQ(packed->bytes, bytes.size());
    return bytes;
  }
  Status unpack(const std::string& bytes, size_t part, TreeLimits limits = {}) {
    TreeUnpacker unpacker(target(), limits);
    for (size_t at = 0; at < bytes.size(); at += part) {
      if (auto fed = unpacker.feed(std::string_view(bytes).substr(at, part)); !fed) return fed;
    }
    return unpacker.finish(sha256_hex(bytes));
  }
  std::map<std::string, std::string> listing(const fs::path& below) {
    std::map<std::string, std::string> found;
    for (auto& entry : fs::recursive_directory_iterator(below)) {
      found[entry.path().lexically_relative(below)] =
          entry.is_directory() ? "/" : read_file(entry.path()).value();
    }
    return found;
  }

  fs::path root_;
};

TEST_F(TreeArchive, IsTheSameFolderAgainHoweverItsBytesArrive) {
  fs::create_directories(source() / "package/empty");
  ASSERT_TRUE(write_file(source() / "dag.py", "import x"));
  ASSERT_TRUE(write_file(source() / "package/large", std::string(700'000, 'l')));
  ASSERT_TRUE(write_file(source() / "package/none", ""));
  ASSERT_TRUE(write_file(source() / "run.sh", "#!", 0755));
  fs::create_symlink("dag.py", source() / "link.py");
  fs::create_directory_symlink("/etc", source() / "outside");
  std::string bytes = pack();
  EXPECT_EQ(pack(), bytes) << "the same folder gives the same archive";
  for (size_t part : {size_t(1), size_t(7), size_t(4096), bytes.size()}) {
    fresh();
    auto unpacked = unpack(bytes, part);
    ASSERT_TRUE(unpacked) << unpacked.error().text();
    auto expected = listing(source());
    expected.erase("outside");
    EXPECT_EQ(listing(target()), expected);
    struct stat status{};
    stat((target() / "run.sh").c_str(), &status);
    EXPECT_EQ(status.st_mode & S_IXUSR, S_IXUSR);
  }
}

TEST_F(TreeArchive, KeepsTimesForPythonWhenAsked) {
  ASSERT_TRUE(write_file(source() / "a.py", "1"));
  timespec times[2] = {{1'700'000'000, 5}, {1'700'000'000, 5}};
  utimensat(AT_FDCWD, (source() / "a.py").c_str(), times, 0);
  ASSERT_TRUE(unpack(pack(true), 100));
  struct stat status{};
  stat((target() / "a.py").c_str(), &status);
  EXPECT_EQ(status.st_mtim.tv_sec, 1'700'000'000);
}

TEST_F(TreeArchive, NothingHostileLeavesTheFolder) {
  const std::string bad[] = {
      file("../escaped", "x"),
      file("/tmp/leoflow-escaped", "x"),
      folder("a") + file("a/../../escaped", "x"),
      file("..", "x"),
      file(".", "x"),
      file("a//b", "x"),
      file("a/", "x"),
      file(std::string("a\0b", 3), "x"),
      file("missing/parent", "x"),
      file("twice", "1") + file("twice", "2"),
      folder("d") + folder("d"),
      file("f", "1") + file("f/below", "2"),
      file("f", "1") + folder("f/below"),
      "l" + path("link") + path("/etc/passwd"),
      "f" + number(0, 2),
      "f" + number(kTreePathBytesMax + 1, 2) + std::string(kTreePathBytesMax + 1, 'a'),
      std::string("e") + file("after", "the end"),
      "f" + path("huge") + number(0, 8) + number(UINT64_MAX, 8) + "x",
      "f" + path("short") + number(0, 8) + number(100, 8) + "less",
  };
  for (const std::string& entries : bad) {
    fresh();
    auto unpacked = unpack(kMagic + entries + "e", 3);
    EXPECT_FALSE(unpacked) << entries;
    for (auto& [name, content] : listing(root_ / "jail"))
      EXPECT_TRUE(name.starts_with("target")) << name;
    EXPECT_FALSE(fs::exists("/tmp/leoflow-escaped"));
  }
  std::string deep, nested;
  for (size_t i = 0; i <= kTreeDepthMax; ++i) deep += folder(nested += (i ? "/a" : "a"));
  fresh();
  EXPECT_FALSE(unpack(kMagic + deep + "e", 1000));
}

TEST_F(TreeArchive, IsBoundedWholeAndTheOneThatWasAskedFor) {
  std::string bytes = kMagic + file("a", "12345") + file("b", "67890") + "e";
  EXPECT_TRUE(unpack(bytes, 5));
  fresh();
  auto large = unpack(bytes, 5, {.bytes_max = 9});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code(), Code::exhausted);
  fresh();
  EXPECT_FALSE(unpack(bytes, 5, {.entries_max = 1}));
  for (size_t size = 0; size < bytes.size(); ++size) {
    fresh();
    EXPECT_FALSE(unpack(bytes.substr(0, size), 100)) << size;
  }
  fresh();
  TreeUnpacker unpacker(target());
  ASSERT_TRUE(unpacker.feed(bytes));
  EXPECT_FALSE(unpacker.finish(sha256_hex("other")));
}

TEST_F(TreeArchive, PackingIsBounded) {
  ASSERT_TRUE(write_file(source() / "a", "123456"));
  ASSERT_TRUE(write_file(source() / "b", "123456"));
  Fd out(open("/dev/null", O_WRONLY));
  EXPECT_FALSE(pack_tree(source(), out.get(), false, {.entries_max = 1}));
  EXPECT_FALSE(pack_tree(source(), out.get(), false, {.bytes_max = 10}));
  EXPECT_FALSE(pack_tree(source() / "missing", out.get(), false));
}

}  // namespace
}  // namespace leoflow
