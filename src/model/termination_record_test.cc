// SPDX-License-Identifier: Apache-2.0
#include "model/termination_record.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace leoflow {
namespace {

TerminationRecord failed() {
  TerminationRecord record;
  record.attempt = AttemptId{42};
  record.kind = "failed";
  record.retryable = false;
  record.reason = "ValueError: \"no\"\n";
  record.exit_code = 1;
  record.started_at_us = 5;
  record.ended_at_us = 9;
  record.use = {std::chrono::milliseconds(7), 4096};
  return record;
}

TerminationRecord read_back(const std::string& text) {
  auto read = read_termination(text);
  EXPECT_TRUE(read) << text;
  return read && *read ? **read : TerminationRecord();
}

TEST(TerminationRecord, IsReadBackAsItWasWritten) {
  TerminationRecord record = failed();
  EXPECT_EQ(read_back(write_termination(record)), record);
  record.kind = "succeeded";
  record.reason.clear();
  record.acknowledged = true;
  record.xcoms = {{"return_value", "{\"a\":[1,2.5,null]}", 3}, {"k", "\"text\"", -1}};
  record.xcoms_missing = 2;
  EXPECT_EQ(read_back(write_termination(record)), record);
}

TEST(TerminationRecord, LeavesOutWhatDoesNotFitAndCountsIt) {
  TerminationRecord record = failed();
  record.kind = "succeeded";
  record.xcoms = {{"small", "1"}, {"large", '"' + std::string(5000, 'x') + '"'}, {"last", "2"}};
  std::string text = write_termination(record);
  EXPECT_LE(text.size(), kTerminationBytesMax);
  auto read = read_back(text);
  ASSERT_EQ(read.xcoms.size(), 1u);
  EXPECT_EQ(read.xcoms[0].key, "small");
  EXPECT_EQ(read.xcoms_missing, 2);
  EXPECT_EQ(read.reason, record.reason);
}

TEST(TerminationRecord, CountsAssetEventsThatDoNotFit) {
  TerminationRecord record = failed();
  record.kind = "succeeded";
  record.reason.clear();
  record.xcoms = {{"k", '"' + std::string(3000, 'x') + '"', -1}};
  record.asset_events = R"([{"asset":{"name":"a","uri":")" + std::string(2000, 'u') + R"("}}])";
  TerminationRecord read = read_back(write_termination(record));
  EXPECT_EQ(read.asset_events, record.asset_events) << "an XCom gives way first";
  EXPECT_EQ(read.xcoms_missing, 1);
  record.asset_events = R"([{"asset":{"name":"a","uri":")" + std::string(5000, 'u') + R"("}}])";
  read = read_back(write_termination(record));
  EXPECT_EQ(read.asset_events, "");
  EXPECT_EQ(read.xcoms_missing, 2);
}

TEST(TerminationRecord, CutsTheReasonBetweenCharacters) {
  for (std::string piece : {"a", "\xC3\xA9", "\xE2\x82\xAC", "\"", "\x01", "\n"}) {
    TerminationRecord record = failed();
    record.reason.clear();
    while (record.reason.size() < 20'000) record.reason += piece;
    std::string text = write_termination(record);
    EXPECT_LE(text.size(), kTerminationBytesMax);
    auto read = read_back(text);
    EXPECT_EQ(read.attempt, record.attempt);
    EXPECT_TRUE(valid_utf8(read.reason));
    EXPECT_TRUE(read.reason.ends_with("..."));
    EXPECT_GT(read.reason.size(), 300u);
  }
}

TEST(TerminationRecord, TellsForeignMessagesFromDamagedOnes) {
  for (const char* text : {"", "  \n", "Killed", "{", "{\"level\":1}", "[1]", "{\"leoflow\" :0}"}) {
    auto read = read_termination(text);
    EXPECT_TRUE(read && !read->has_value()) << text;
  }
  std::string whole = write_termination(failed());
  EXPECT_FALSE(read_termination(whole.substr(0, whole.size() - 4)));
  EXPECT_FALSE(read_termination("{\"leoflow\":1,\"attempt\":1,\"kind\":\"exploded\"}"));
}

TEST(TerminationRecord, TakesWhatANewerAgentAdds) {
  auto read = read_termination(
      " {\"leoflow\":2,\"attempt\":7,\"kind\":\"lost\",\"news\":{\"a\":1},\"reason\":null}\n");
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->attempt.value, 7);
  EXPECT_TRUE((*read)->retryable);
}

}  // namespace
}  // namespace leoflow
