// SPDX-License-Identifier: Apache-2.0
#include "agent/log_lines.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/utf8.h"

namespace leoflow {
namespace {

std::vector<std::string> split(std::string_view text, size_t piece) {
  LineSplitter splitter;
  std::vector<std::string> lines;
  auto sink = [&](std::string_view line) { lines.emplace_back(line); };
  for (size_t at = 0; at < text.size(); at += piece) splitter.feed(text.substr(at, piece), sink);
  splitter.finish(sink);
  return lines;
}

TEST(LineSplitter, GivesTheSameLinesForAnyPieces) {
  std::vector<std::string> expected{"one", "", "three", "rest"};
  for (size_t piece : {1, 2, 3, 5, 50})
    EXPECT_EQ(split("one\n\nthree\r\nrest", piece), expected) << piece;
}

TEST(LineSplitter, CutsLongLinesBetweenCharacters) {
  std::string text = "x";
  while (text.size() < 3 * kLineBytesMax)
    text += "\xC3\xA9";  // shifted so that a cut would tear one
  for (size_t piece : {65536, 10'000'000}) {
    auto lines = split(text + "\n", piece);
    ASSERT_EQ(lines.size(), 4u);
    std::string joined;
    for (auto& line : lines) {
      EXPECT_LE(line.size(), kLineBytesMax);
      EXPECT_TRUE(valid_utf8(line));
      joined += line;
    }
    EXPECT_EQ(joined, text);
  }
}

TEST(LogLine, IsJsonWithInvalidBytesReplaced) {
  std::string line = text_log_line(Time{}, "info", "task.stdout", "caf\xE9 \"q\"", Masker());
  auto parsed = json::parse(line);
  ASSERT_TRUE(parsed) << line;
  EXPECT_EQ(json::string_or(parsed->as_object(), "event"), "caf\xEF\xBF\xBD \"q\"");
  EXPECT_EQ(json::string_or(parsed->as_object(), "logger"), "task.stdout");
}

TEST(LogLine, KeepsMembersOfLoggingAndMasksAllStrings) {
  Masker masker;
  masker.add("hunter22");
  std::string line = json_log_line(
      Time{}, R"({"event":"pw hunter22","level":"error","extra":{"a":["hunter22"]}})", masker);
  auto parsed = json::parse(line);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(line.find("hunter22"), line.npos);
  EXPECT_EQ(json::string_or(parsed->as_object(), "level"), "error");
  EXPECT_EQ(json::string_or(parsed->as_object(), "event"), "pw ***");
  EXPECT_NE(json_log_line(Time{}, "not json", masker).find("\"event\":\"not json\""),
            std::string::npos);
}

TEST(Masker, PrefersTheLongestAndIgnoresShortTexts) {
  Masker masker;
  masker.add("secret");
  masker.add("secret-long");
  masker.add("abcd");
  masker.add("first line\nsecond line");
  EXPECT_EQ(masker.apply("a secret-long, secretsecret abcd"), "a ***, ****** abcd");
  EXPECT_EQ(masker.apply("the second line"), "the ***");
  EXPECT_EQ(Masker().apply("as it is"), "as it is");
}

}  // namespace
}  // namespace leoflow
