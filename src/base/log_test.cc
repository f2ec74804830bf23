// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/json.h"

namespace leoflow {
namespace {

// The log writes to a file of its own for the time of a test.
class Log : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "leoflow-log-XXXXXX").string();
    int fd = ::mkstemp(pattern.data());
    ASSERT_GE(fd, 0);
    ::close(fd);
    path_ = pattern;
  }
  void TearDown() override {
    log::configure(log::Level::info, false);
    fs::remove(path_);
  }
  std::string lines() const { return read_file(path_).value(); }

  std::string path_;
};

TEST_F(Log, WritesOneLineWithFields) {
  log::configure(log::Level::info, false, path_);
  log::info("attempt settled",
            {{"run", "etl/manual 1"}, {"attempt", 7}, {"state", "success"}, {"reason", ""}});
  std::string text = lines();
  EXPECT_EQ(text.substr(27),
            " INFO attempt settled run=\"etl/manual 1\" attempt=7 state=success reason=\"\"\n");
  EXPECT_EQ(text[26], 'Z');
}

TEST_F(Log, StaysOneLineWhateverTheText) {
  log::configure(log::Level::info, false, path_);
  log::warning("two\nlines \xff", {{"trace", "a\nb=\"c\""}});
  std::string text = lines();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_NE(text.find("WARNING two lines \xEF\xBF\xBD trace=\"a\\nb=\\\"c\\\"\""),
            std::string::npos)
      << text;
}

TEST_F(Log, LeavesOutWhatIsBelowTheMinimum) {
  log::configure(log::Level::warning, false, path_);
  log::debug("no");
  log::info("no");
  log::error("yes");
  std::string text = lines();
  EXPECT_EQ(text.find("no"), std::string::npos);
  EXPECT_NE(text.find("ERROR yes"), std::string::npos);
}

TEST_F(Log, WritesJsonWhenAsked) {
  log::configure(log::Level::debug, true, path_);
  log::debug("hello", {{"dag", "etl"}, {"count", 3}});
  Result<json::value> line = json::parse(lines());
  ASSERT_TRUE(line.has_value());
  const json::object& object = line->as_object();
  EXPECT_EQ(json::string_or(object, "level"), "DEBUG");
  EXPECT_EQ(json::string_or(object, "message"), "hello");
  EXPECT_EQ(json::string_or(object, "dag"), "etl");
  EXPECT_EQ(json::string_or(object, "count"), "3");
}

}  // namespace
}  // namespace leoflow
