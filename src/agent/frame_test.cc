// SPDX-License-Identifier: Apache-2.0
#include "agent/frame.h"

#include <gtest/gtest.h>

namespace leoflow {
namespace {

TEST(FrameReader, CutsFramesFromAnyPieces) {
  std::string stream =
      encode_frame("{\"a\":1}") + encode_frame("{}") + encode_frame(std::string(100'000, 'x'));
  for (size_t piece : {1, 3, 4, 5, 7, 100, 200'000}) {
    FrameReader reader;
    std::vector<std::string> frames;
    for (size_t at = 0; at < stream.size(); at += piece) {
      reader.feed(std::string_view(stream).substr(at, piece));
      for (auto frame = reader.next(); frame && *frame; frame = reader.next())
        frames.push_back(**frame);
    }
    ASSERT_EQ(frames.size(), 3u) << piece;
    EXPECT_EQ(frames[0], "{\"a\":1}");
    EXPECT_EQ(frames[2].size(), 100'000u);
  }
}

TEST(FrameReader, RefusesAFrameThatIsTooLong) {
  FrameReader reader;
  reader.feed(std::string_view("\xff\xff\xff\xff", 4));
  auto frame = reader.next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code(), Code::exhausted);
}

TEST(TakeMember, KeepsTheValueDigitForDigit) {
  auto taken = take_member(
      R"( {"op":"xcom_push", "value" : {"n":123456789012345678901234567890,)"
       R"("s":"}\","}, "key":"k"} )",
      "value");
  ASSERT_TRUE(taken) << taken.error().text();
  EXPECT_EQ(taken->value, R"({"n":123456789012345678901234567890,"s":"}\","})");
  EXPECT_EQ(taken->rest, R"( {"op":"xcom_push", "value" : null, "key":"k"} )");
}

TEST(TakeMember, FindsOnlyTopLevelMembersAndScalars) {
  EXPECT_EQ(take_member(R"({"a":{"value":1}})", "value")->value, "");
  EXPECT_EQ(take_member(R"({"value":-1.5e3})", "value")->value, "-1.5e3");
  EXPECT_EQ(take_member(R"({"value":"a\"b"})", "value")->value, R"("a\"b")");
  EXPECT_EQ(take_member(R"({"value":[1,[2]],"b":2})", "value")->value, "[1,[2]]");
  EXPECT_EQ(take_member("{}", "value")->value, "");
  for (auto bad :
       {"", "[]", "{", R"({"a")", R"({"a":)", R"({"a":1)", R"({"a":"x)", R"({"value":[1)"}) {
    EXPECT_FALSE(take_member(bad, "value")) << bad;
  }
}

TEST(AppendMembers, WorksForEmptyAndFullObjects) {
  EXPECT_EQ(*append_members("{}", "\"a\":1"), "{\"a\":1}");
  EXPECT_EQ(*append_members("{\"b\":2 }\n", "\"a\":1"), "{\"b\":2 ,\"a\":1}");
  EXPECT_FALSE(append_members("[]", "\"a\":1"));
  EXPECT_FALSE(append_members("", "\"a\":1"));
}

}  // namespace
}  // namespace leoflow
