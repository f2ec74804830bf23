// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace leoflow::json {
namespace {

std::string text_of(double number) {
  Writer writer;
  writer.number(number);
  return writer.take();
}

std::string quoted(std::string_view text) {
  Writer writer;
  writer.string(text);
  return writer.take();
}

std::string message_of(std::string_view text) {
  Result<value> parsed = parse(text);
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().code(), Code::invalid);
  return parsed.error().message();
}

object object_of(std::string_view text) { return parse(text).value().as_object(); }

TEST(JsonWriter, WritesDoublesAsPeopleDo) {
  EXPECT_EQ(text_of(8.5), "8.5");
  EXPECT_EQ(text_of(100), "100.0");
  EXPECT_EQ(text_of(0), "0.0");
  EXPECT_EQ(text_of(-0.25), "-0.25");
  EXPECT_EQ(text_of(0.1), "0.1");
  EXPECT_EQ(text_of(123456789012345.0), "123456789012345.0");
  EXPECT_EQ(text_of(0.0001), "0.0001");
  EXPECT_EQ(text_of(1e-5), "1e-05");
  EXPECT_EQ(text_of(1e16), "1e+16");
  EXPECT_EQ(text_of(std::nan("")), "null");
  EXPECT_EQ(text_of(std::numeric_limits<double>::infinity()), "null");
}

TEST(JsonWriter, EscapesAndRepairsText) {
  EXPECT_EQ(quoted("a\"b\\c\n\t\x01"), R"("a\"b\\c\n\t\u0001")");
  EXPECT_EQ(quoted("Zürich €"), "\"Zürich €\"");
  EXPECT_EQ(quoted("a\xffz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(quoted("\xE2\x82"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(quoted(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(JsonWriter, PlacesCommas) {
  Writer writer;
  writer.begin_object()
      .member("a", 1)
      .key("b")
      .begin_array()
      .number(int64_t(1))
      .null()
      .begin_object()
      .end_object();
  writer.end_array()
      .member("c", "x")
      .member_null("d")
      .member("e", true)
      .member("f", 2.5)
      .end_object();
  EXPECT_EQ(writer.take(), R"({"a":1,"b":[1,null,{}],"c":"x","d":null,"e":true,"f":2.5})");
  EXPECT_EQ(writer.size(), 0u);
}

TEST(JsonWriterDeathTest, ChecksThatEveryBeginHasItsEnd) {
  Writer writer;
  writer.begin_array();
  EXPECT_DEATH(writer.take(), "CHECK failed");
}

TEST(Json, DumpKeepsOrderAndKinds) {
  std::string text =
      R"({"z":1,"a":[1.5,2.0,true,null,"x"],"big":18446744073709551615,)"
      R"("low":-9223372036854775808})";
  EXPECT_EQ(dump(parse(text).value()), text);
}

TEST(Json, RefusesBrokenTextWithItsPlace) {
  EXPECT_NE(message_of("{\"a\":}").find("at byte 5"), std::string::npos) << message_of("{\"a\":}");
  EXPECT_NE(message_of("{} x").find("at byte"), std::string::npos);
  EXPECT_NE(message_of("").find("not valid JSON"), std::string::npos);
  EXPECT_NE(message_of("[1,2").find("not valid JSON"), std::string::npos);
  EXPECT_NE(message_of("\"\xff\"").find("not valid JSON"), std::string::npos);
  EXPECT_NE(message_of("NaN").find("not valid JSON"), std::string::npos);
  EXPECT_NE(message_of("[1,]").find("not valid JSON"), std::string::npos);
  EXPECT_NE(message_of("1e400").find("not valid JSON"), std::string::npos);
}

TEST(Json, BoundsDepthAndLength) {
  std::string allowed = std::string(kDepthMax, '[') + std::string(kDepthMax, ']');
  EXPECT_TRUE(parse(allowed).has_value());
  EXPECT_NE(message_of("[" + allowed + "]").find("nested deeper than 64"), std::string::npos);
  EXPECT_NE(message_of(std::string(kTextBytesMax + 1, ' ')).find("longer than"), std::string::npos);
}

TEST(Json, ReadsDoublesExactly) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    uint64_t bits = random();
    double number;
    std::memcpy(&number, &bits, sizeof number);
    if (!std::isfinite(number)) continue;
    Result<value> parsed = parse(text_of(number));
    ASSERT_TRUE(parsed.has_value()) << text_of(number);
    EXPECT_EQ(parsed->as_double(), number);
  }
  EXPECT_EQ(parse("0.1234567890123456789").value().as_double(), 0.1234567890123456789);
  EXPECT_EQ(parse("[3.141592653589793, 1]").value().at(0).as_double(), 3.141592653589793);
  EXPECT_EQ(parse("123456789012345678901234567890").value().as_double(),
            123456789012345678901234567890.0);
  EXPECT_EQ(parse("1e-400").value().as_double(), 0.0);
}

TEST(Json, TypedReadsNameTheMember) {
  object from =
      object_of(R"({"s":"x","i":7,"d":2.5,"b":true,"n":null,"huge":18446744073709551615})");
  EXPECT_EQ(get_string(from, "s").value(), "x");
  EXPECT_EQ(get_int(from, "i").value(), 7);
  EXPECT_EQ(get_double(from, "d").value(), 2.5);
  EXPECT_EQ(get_double(from, "i").value(), 7.0);
  EXPECT_EQ(get_bool(from, "b").value(), true);
  EXPECT_EQ(get_string(from, "missing", "other").value(), "other");
  EXPECT_EQ(get_int(from, "n", 3).value(), 3);
  EXPECT_EQ(get_int(from, "s").error().message(), "'s' must be a 64-bit integer, not a string");
  EXPECT_EQ(get_int(from, "d").error().code(), Code::invalid);
  EXPECT_EQ(get_int(from, "huge").error().code(), Code::invalid);
  EXPECT_EQ(get_string(from, "i").error().message(), "'i' must be a string, not a number");
  EXPECT_EQ(get_bool(from, "i").error().message(), "'i' must be true or false, not a number");
}

TEST(Json, UncheckedReadsFallBack) {
  object from = object_of(R"({"s":"x","i":7,"o":{"k":1},"a":[1]})");
  EXPECT_EQ(string_or(from, "i", "f"), "f");
  EXPECT_EQ(int_or(from, "s", 4), 4);
  EXPECT_EQ(double_or(from, "i", 0), 7.0);
  EXPECT_EQ(bool_or(from, "s", true), true);
  EXPECT_EQ(object_or_null(from, "o")->size(), 1u);
  EXPECT_EQ(object_or_null(from, "a"), nullptr);
  EXPECT_EQ(array_or_null(from, "a")->size(), 1u);
  EXPECT_EQ(array_or_null(from, "missing"), nullptr);
}

}  // namespace
}  // namespace leoflow::json
