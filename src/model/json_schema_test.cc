// SPDX-License-Identifier: Apache-2.0
#include "model/json_schema.h"

#include <gtest/gtest.h>

namespace leoflow {
namespace {

json::value parsed(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value.value_or(nullptr);
}

// The first violation as "path keyword", or "ok".
std::string verdict(std::string_view instance, std::string_view schema) {
  json::value value = parsed(instance);
  json::value rules = parsed(schema);
  auto found = check_json_schema(value, rules);
  if (found.empty()) return "ok";
  std::string path = path_text(found[0].path);
  return (path.empty() ? "" : path + " ") + found[0].keyword;
}

TEST(JsonSchema, ChecksTypes) {
  EXPECT_EQ(verdict("1", R"({"type":"integer"})"), "ok");
  EXPECT_EQ(verdict("1.0", R"({"type":"integer"})"), "ok");
  EXPECT_EQ(verdict("1.5", R"({"type":"integer"})"), "type");
  EXPECT_EQ(verdict("true", R"({"type":"integer"})"), "type");
  EXPECT_EQ(verdict("null", R"({"type":["string","null"]})"), "ok");
  EXPECT_EQ(verdict("[]", R"({"type":["string","null"]})"), "type");
  EXPECT_EQ(verdict("[]", R"({"type":7})"), "schema");
}

TEST(JsonSchema, ChecksNumbersAndText) {
  EXPECT_EQ(verdict("3", R"({"minimum":3,"maximum":3})"), "ok");
  EXPECT_EQ(verdict("2", R"({"minimum":3})"), "minimum");
  EXPECT_EQ(verdict("3", R"({"exclusiveMaximum":3})"), "exclusiveMaximum");
  EXPECT_EQ(verdict("0.3", R"({"multipleOf":0.1})"), "ok");
  EXPECT_EQ(verdict("7", R"({"multipleOf":2})"), "multipleOf");
  EXPECT_EQ(verdict("\"\xC3\xA4\xC3\xB6\"", R"({"maxLength":2})"), "ok");
  EXPECT_EQ(verdict(R"("abc")", R"({"pattern":"^b"})"), "pattern");
  EXPECT_EQ(verdict(R"("abc")", R"({"pattern":"b"})"), "ok");
  EXPECT_EQ(verdict(R"("abc")", R"({"pattern":"("})"), "schema");
}

TEST(JsonSchema, PatternsTakeLinearTime) {
  std::string text = "\"" + std::string(5000, 'a') + "!\"";
  EXPECT_EQ(verdict(text, R"({"pattern":"^(a+)+$"})"), "pattern");
}

TEST(JsonSchema, ChecksFormats) {
  EXPECT_EQ(verdict(R"("2024-02-29T10:00:00Z")", R"({"format":"date-time"})"), "ok");
  EXPECT_EQ(verdict(R"("2024-02-29T10:00:00")", R"({"format":"date-time"})"), "format");
  EXPECT_EQ(verdict(R"("2023-02-29")", R"({"format":"date"})"), "format");
  EXPECT_EQ(verdict(R"("10:00:00")", R"({"format":"time"})"), "ok");
  EXPECT_EQ(verdict(R"("a@b")", R"({"format":"email"})"), "ok");
  EXPECT_EQ(verdict(R"("ab")", R"({"format":"email"})"), "format");
  EXPECT_EQ(verdict(R"("::1")", R"({"format":"ipv6"})"), "ok");
  EXPECT_EQ(verdict(R"("x")", R"({"format":"something-else"})"), "ok");
}

TEST(JsonSchema, ChecksObjects) {
  EXPECT_EQ(verdict("{}", R"({"required":["a"]})"), "a required");
  EXPECT_EQ(verdict(R"({"b":1})", R"({"properties":{"a":{}},"additionalProperties":false})"),
            "b additionalProperties");
  EXPECT_EQ(verdict(R"({"b":1})", R"({"additionalProperties":{"type":"string"}})"), "b type");
  EXPECT_EQ(verdict(R"({"x_1":"a"})", R"({"patternProperties":{"^x_":{"type":"integer"}}})"),
            "x_1 type");
  EXPECT_EQ(verdict(R"({"a":1})", R"({"dependentRequired":{"a":["b"]}})"), "b required");
  EXPECT_EQ(verdict(R"({"a":1})", R"({"propertyNames":{"maxLength":0}})"), "propertyNames");
}

TEST(JsonSchema, ChecksArrays) {
  EXPECT_EQ(verdict(R"([1,"a"])", R"({"items":{"type":"integer"}})"), "[1] type");
  EXPECT_EQ(verdict(R"([1,"a"])", R"({"prefixItems":[{}],"items":{"type":"string"}})"), "ok");
  EXPECT_EQ(verdict("[1,1.0]", R"({"uniqueItems":true})"), "uniqueItems");
  EXPECT_EQ(verdict("[1,true]", R"({"uniqueItems":true})"), "ok");
  EXPECT_EQ(verdict("[1]", R"({"contains":{"const":2}})"), "contains");
  EXPECT_EQ(verdict("[]", R"({"minItems":1})"), "minItems");
}

TEST(JsonSchema, CombinesSchemas) {
  EXPECT_EQ(verdict("5", R"({"anyOf":[{"type":"null"},{"maximum":3}]})"), "maximum");
  EXPECT_EQ(verdict("5", R"({"oneOf":[{"minimum":1},{"minimum":2}]})"), "oneOf");
  EXPECT_EQ(verdict("5", R"({"not":{"const":5}})"), "not");
  EXPECT_EQ(verdict("5", R"({"if":{"minimum":5},"then":{"maximum":4}})"), "maximum");
  EXPECT_EQ(verdict("5", R"({"allOf":[{"enum":[1,5]},{"enum":[1]}]})"), "enum");
}

TEST(JsonSchema, ResolvesLocalReferencesOnly) {
  EXPECT_EQ(
      verdict(R"({"a":"x"})",
              R"({"properties":{"a":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"integer"}}})"),
      "a type");
  EXPECT_EQ(verdict("1", R"({"$ref":"file:///etc/passwd"})"), "schema");
  EXPECT_EQ(verdict("1", R"({"$ref":"#"})"),
            "schema");  // endless recursion ends at the depth limit
}

TEST(JsonSchema, ReportsAtMostTheLimit) {
  std::string items;
  for (int i = 0; i < 100; ++i) items += (i ? "," : "") + std::to_string(i);
  auto found =
      check_json_schema(parsed("[" + items + "]"), parsed(R"({"items":{"type":"string"}})"));
  EXPECT_EQ(found.size(), kSchemaViolationsMax);
}

TEST(Params, TakeDefaultsAndNameTheBrokenOne) {
  std::map<std::string, ParamSpec> params;
  params["p"] = {.value = json::value(1),
                 .schema = parsed(R"({"type":"integer","maximum":3})").as_object()};
  EXPECT_TRUE(check_params(params, {}).has_value());
  json::object conf{{"p", 5}};
  auto status = check_params(params, conf);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code(), Code::invalid);
  EXPECT_NE(status.error().message().find("param p"), std::string::npos);
}

TEST(Params, NeedAValueWhenThereIsNoDefault) {
  std::map<std::string, ParamSpec> params;
  params["p"] = {};
  EXPECT_FALSE(check_params(params, {}).has_value());
  EXPECT_TRUE(check_params(params, json::object{{"p", nullptr}}).has_value());
}

}  // namespace
}  // namespace leoflow
