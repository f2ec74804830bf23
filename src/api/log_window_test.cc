// SPDX-License-Identifier: Apache-2.0
#include "api/log_window.h"

#include "api/fakes_test.h"
#include "api/log_stream.h"

namespace leoflow::api {
namespace {

class TextLog : public LogReader {
 public:
  explicit TextLog(std::string text) : text_(std::move(text)) {}
  Result<std::string> read(uint64_t offset, size_t bytes_max) override {
    read_ += bytes_max;
    return offset >= text_.size() ? std::string() : text_.substr(offset, bytes_max);
  }
  Result<uint64_t> size() override { return text_.size(); }
  std::string source() const override { return "text"; }
  uint64_t read_ = 0;

 private:
  std::string text_;
};

std::string line_of(int number, const char* level = "info", const char* logger = "task.stdout") {
  return R"({"timestamp":"t","level":")" + std::string(level) + R"(","logger":")" + logger +
         R"(","event":"line )" + std::to_string(number) + "\"}\n";
}

std::string lines_of(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += line_of(i);
  return text;
}

std::string joined(const LogWindow& window) {
  std::string text;
  for (const LogLine& line : window.lines) text += line.text + "\n";
  return text;
}

TEST(LogWindow, ForwardWindowsGiveTheWholeLog) {
  std::string text = lines_of(1000);
  TextLog log(text);
  std::string read;
  for (uint64_t at = 0; at < text.size();) {
    auto window = lines_from(log, at, 777, true);
    ASSERT_TRUE(window);
    EXPECT_EQ(window->offset, at);
    read += joined(*window);
    ASSERT_GT(window->next, at);
    at = window->next;
  }
  EXPECT_EQ(read, text);
}

TEST(LogWindow, BackwardWindowsGiveTheWholeLog) {
  std::string text = lines_of(1000);
  TextLog log(text);
  std::string read;
  for (uint64_t at = text.size(); at > 0;) {
    auto window = lines_before(log, at, 777, true);
    ASSERT_TRUE(window);
    EXPECT_EQ(window->next, at);
    ASSERT_LT(window->offset, at);
    read = joined(*window) + read;
    at = window->offset;
  }
  EXPECT_EQ(read, text);
}

TEST(LogWindow, OffsetInsideALineMeansTheNext) {
  TextLog log("one\ntwo\nthree");
  EXPECT_EQ(lines_from(log, 1, 100, true)->lines.at(0).text, "two");
  EXPECT_EQ(lines_from(log, 4, 100, true)->lines.at(0).text, "two");
  EXPECT_EQ(lines_from(log, 9, 100, true)->lines.size(), 0u);
  EXPECT_EQ(lines_from(log, 999, 100, true)->offset, 13u);
  EXPECT_EQ(lines_from(log, 8, 100, false)->lines.size(), 0u) << "not finished yet";
  EXPECT_EQ(lines_before(log, UINT64_MAX, 1, true)->lines.at(0).text, "three");
}

TEST(LogWindow, TheEndOfALongLogIsReadAlone) {
  TextLog log(lines_of(200'000));
  auto window = lines_before(log, UINT64_MAX, 10'000, true);
  EXPECT_EQ(window->lines.back().text + "\n", line_of(199'999));
  EXPECT_LT(log.read_, 2'000'000u);
}

TEST(LogSearch, FindsByTextLevelAndStream) {
  std::string text = lines_of(50) + line_of(50, "error", "task.stderr") + "plain TEXT 7\n";
  TextLog log(text);
  auto find = [&](LogFilter filter) {
    return search_log(log, LogMatcher(std::move(filter)), 0, 100, SIZE_MAX, true)->lines.size();
  };
  EXPECT_EQ(find({.text = "LINE 4"}), 11u);
  EXPECT_EQ(find({.text = "LINE 4", .match_case = true}), 0u);
  EXPECT_EQ(find({.text = "stdout"}), 0u) << "only what was said counts";
  EXPECT_EQ(find({.levels = {"error", "critical"}}), 1u);
  EXPECT_EQ(find({.stream = "stderr"}), 1u);
  EXPECT_EQ(find({.stream = "logger"}), 1u) << "what is no record";
  EXPECT_EQ(find({.stream = "agent"}), 0u);
  EXPECT_EQ(find({.text = "text"}), 1u);
  EXPECT_EQ(find({}), 52u);
}

TEST(LogSearch, FindsWhatIsStoredEscaped) {
  TextLog log(R"({"event":"say \"h\u00e9\" a\/b"})"
              "\n");
  auto find = [&](const char* text) {
    return search_log(log, LogMatcher({.text = text}), 0, 9, SIZE_MAX, true)->lines.size();
  };
  EXPECT_EQ(find("\"h"), 1u);
  EXPECT_EQ(find("hé"), 1u);
  EXPECT_EQ(find("a/b"), 1u);
}

TEST(LogSearch, BoundsOfOneCallAreResumed) {
  TextLog log(lines_of(1000));
  LogMatcher matcher({.text = "line 9"});
  size_t found = 0, calls = 0;
  for (uint64_t at = 0;; ++calls) {
    auto search = search_log(log, matcher, at, 7, 5000, true);
    ASSERT_TRUE(search);
    EXPECT_LE(search->lines.size(), 7u);
    found += search->lines.size();
    if (search->at_end) break;
    at = search->next;
  }
  EXPECT_EQ(found, 111u);
  EXPECT_GT(calls, 10u);
}

TEST(LogSearch, BackwardsFindsTheSameInTheSameOrder) {
  std::string text = lines_of(40'000);
  TextLog log(text);
  LogMatcher matcher({.text = "line 99"});
  auto forwards = search_log(log, matcher, 0, SIZE_MAX, SIZE_MAX, true);
  std::vector<LogLine> found;
  LogSearch search{.next = UINT64_MAX};
  while (!search.at_end) {
    search = *search_log_before(log, matcher, search.next, 7, 100'000, true);
    EXPECT_LE(search.lines.size(), 7u);
    found.insert(found.begin(), search.lines.begin(), search.lines.end());
  }
  ASSERT_EQ(found.size(), 111u);
  LogLineIndex index;
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].offset, forwards->lines[i].offset);
    auto before = index.lines_before(log, {1}, found[i].counted_from);
    EXPECT_EQ(line_of(int(**before + int64_t(found[i].counted))), found[i].text + "\n");
  }
}

TEST(LogLineIndex, FindsWhereALineStarts) {
  std::string text = lines_of(50'000);
  TextLog log(text);
  LogLineIndex index;
  for (int line : {0, 1, 14'000, 30'000, 49'999})
    EXPECT_EQ(**index.start_of(log, {1}, line), text.find(line_of(line))) << line;
  EXPECT_EQ(**index.start_of(log, {1}, 50'000), text.size());
  EXPECT_EQ(**index.start_of(log, {1}, 99'999), text.size());
  EXPECT_EQ(**index.lines_before(log, {2}, 1000, 0), 13) << "what is near is always known";
  EXPECT_FALSE(*index.lines_before(log, {2}, text.size(), 1)) << "not counted that far";
}

TEST(LogLineIndex, CountsOnceAndRemembers) {
  std::string text = lines_of(100'000);
  TextLog log(text);
  LogLineIndex index;
  uint64_t place = text.find(line_of(90'000));
  EXPECT_EQ(*index.lines_before(log, {1}, place), 90'000);
  log.read_ = 0;
  EXPECT_EQ(*index.lines_before(log, {1}, place), 90'000);
  EXPECT_LE(log.read_, LogLineIndex::kStride);
  EXPECT_EQ(*index.lines_before(log, {1}, 0), 0);
}

class LogRouteTest : public ApiTest {
 protected:
  const std::string run_path = "/api/leoflow/v1/dags/etl/dagRuns/r1";
  const std::string log_path = run_path + "/taskInstances/load/logs/2";
};

TEST_F(LogRouteTest, WindowsCarryLineNumbers) {
  logs.by_try[2] = lines_of(100);
  json::value tail = body(get(log_path + "?tail=true&limit=200"));
  EXPECT_EQ(tail.at("size").as_int64(), int64_t(logs.by_try[2].size()));
  EXPECT_TRUE(tail.at("complete").as_bool());
  int64_t first = tail.at("first_line").as_int64();
  size_t count = tail.at("lines").as_array().size();
  EXPECT_EQ(first + int64_t(count), 101);
  EXPECT_EQ(tail.at("lines").at(count - 1).at("record").at("event").as_string(), "line 99");
  json::value before =
      body(get(log_path + "?limit=200&before=" + std::to_string(tail.at("offset").as_int64())));
  EXPECT_EQ(before.at("next_offset").as_int64(), tail.at("offset").as_int64());
  EXPECT_EQ(body(get(log_path)).at("lines").as_array().size(), 100u);
  EXPECT_EQ(get(log_path + "?offset=-1").status, 422);
  EXPECT_EQ(get(run_path + "/taskInstances/load/logs/9").status, 404);
}

TEST_F(LogRouteTest, WindowsBeginAtALine) {
  logs.by_try[2] = lines_of(100);
  json::value window = body(get(log_path + "?line=42&limit=1"));
  EXPECT_EQ(window.at("first_line").as_int64(), 42);
  EXPECT_EQ(window.at("lines").at(0).at("record").at("event").as_string(), "line 41");
  EXPECT_TRUE(body(get(log_path + "?line=999")).at("lines").as_array().empty());
  EXPECT_EQ(get(log_path + "?line=0").status, 422);
}

TEST_F(LogRouteTest, SearchesBackwardsAndNumbersWhatItFinds) {
  logs.by_try[2] = lines_of(100);
  json::value last = body(get(log_path + "/search?q=line%209&limit=2&before=999999"));
  EXPECT_FALSE(last.at("at_end").as_bool());
  EXPECT_EQ(last.at("lines").at(1).at("line").as_int64(), 100);
  json::value rest = body(get(log_path + "/search?q=line%209&before=" +
                              std::to_string(last.at("next_offset").as_int64())));
  EXPECT_EQ(rest.at("lines").as_array().size(), 9u);
  EXPECT_EQ(rest.at("lines").at(0).at("line").as_int64(), 10);
  EXPECT_TRUE(rest.at("at_end").as_bool());
}

TEST_F(LogRouteTest, NoLogIsAnEmptyWindow) {
  json::value window = body(get(log_path));
  EXPECT_EQ(window.at("size").as_int64(), 0);
  EXPECT_TRUE(window.at("lines").as_array().empty());
  EXPECT_TRUE(body(get(log_path + "/search?q=x")).at("at_end").as_bool());
}

TEST_F(LogRouteTest, SearchesOneLogAndAllOfARun) {
  logs.by_try[2] = lines_of(100);
  json::value one = body(get(log_path + "/search?q=line%209&limit=4"));
  EXPECT_EQ(one.at("lines").as_array().size(), 4u);
  EXPECT_FALSE(one.at("at_end").as_bool());
  json::value all = body(get(run_path + "/logs/search?q=line%209&limit=4"));
  EXPECT_EQ(all.at("matches").at(0).at("task_id").as_string(), "load");
  std::string cursor(all.at("next_cursor").as_string());
  json::value rest = body(get(run_path + "/logs/search?q=line%209&cursor=" + cursor));
  EXPECT_EQ(rest.at("matches").as_array().size(), 7u);
  EXPECT_TRUE(rest.at("next_cursor").is_null());
  EXPECT_EQ(get(run_path + "/logs/search?cursor=nonsense").status, 400);
  EXPECT_EQ(get(run_path + "/logs/search?level=loud").status, 422);
}

}  // namespace
}  // namespace leoflow::api
