// SPDX-License-Identifier: Apache-2.0
#include "model/asset_spec.h"

#include <gtest/gtest.h>

#include "model/dag_spec.h"

namespace leoflow {
namespace {

using Kind = AssetExpression::Kind;

std::string round_trip(const std::string& text) {
  auto parsed = json::parse(text);
  if (!parsed) return parsed.error().message();
  auto expression = parse_asset_expression(*parsed);
  if (!expression) return expression.error().message();
  json::Writer out;
  write_asset_expression(out, *expression);
  return out.take();
}

TEST(AssetExpression, KeepsEveryForm) {
  for (std::string text : {
           R"({"asset":{"name":"a","uri":"s3://b/a","group":"asset"}})",
           R"({"alias":{"name":"x","group":"g"}})",
           R"({"asset_ref":{"name":"a"}})",
           R"({"asset_ref":{"uri":"a"}})",
           R"({"all":[{"asset":{"name":"a","uri":"a","group":"asset"}},{"any":[]}]})",
       }) {
    EXPECT_EQ(round_trip(text), text);
  }
}

TEST(AssetExpression, RefusesWhatIsNone) {
  EXPECT_NE(round_trip("[]").find("one member"), std::string::npos);
  EXPECT_NE(round_trip(R"({"asset":{"name":"a"}})").find("lacks \"uri\""), std::string::npos);
  EXPECT_NE(round_trip(R"({"none":{}})").find("cannot have \"none\""), std::string::npos);
  EXPECT_NE(round_trip(R"({"any":{}})").find("needs a list"), std::string::npos);
  EXPECT_NE(round_trip(R"({"alias":{"name":")" + std::string(1501, 'a') + R"("}})").find("1500"),
            std::string::npos);
  std::string deep;
  for (int i = 0; i < 22; ++i) deep += R"({"any":[)";
  deep += R"({"alias":{"name":"a"}})";
  for (int i = 0; i < 22; ++i) deep += "]}";
  EXPECT_NE(round_trip(deep).find("nested too deeply"), std::string::npos);
}

TEST(AssetExpression, ShowsIdsWhereTheyAreWanted) {
  AssetExpression asset{.key = {"a", "b"}};
  json::Writer out;
  write_asset_expression(out, asset, [](const AssetKey& key) { return key.uri == "b" ? 7 : 0; });
  EXPECT_EQ(out.take(), R"({"asset":{"id":7,"name":"a","uri":"b","group":"asset"}})");
}

TEST(AssetExpression, HoldsAsItsPartsSay) {
  auto leaf = [](const std::string& name) { return AssetExpression{.key = {name, name}}; };
  AssetExpression mix{.kind = Kind::all,
                      .parts = {leaf("a"), {.kind = Kind::any, .parts = {leaf("b"), leaf("c")}}}};
  auto with = [&](const std::string& names) {
    return holds(mix, [&](const AssetExpression& one) { return names.contains(one.key.name); });
  };
  EXPECT_TRUE(with("ac"));
  EXPECT_FALSE(with("bc"));
  EXPECT_FALSE(with("a"));
}

TEST(AssetEmissions, ReadWhatATaskTells) {
  auto told = parse_asset_emissions(
      R"([{"asset":{"name":"a","uri":"u","group":"g","extra":{"x":1}},"extra":{"n":2},)"
      R"("aliases":["f"]}])");
  ASSERT_TRUE(told && told->size() == 1);
  EXPECT_EQ(told->at(0).asset.key, (AssetKey{"a", "u"}));
  EXPECT_EQ(told->at(0).asset.group, "g");
  EXPECT_EQ(told->at(0).extra, R"({"n":2})");
  EXPECT_EQ(told->at(0).aliases, std::vector<std::string>{"f"});
  EXPECT_TRUE(parse_asset_emissions("")->empty());
  for (std::string bad : {"{}", "[1]", R"([{"asset":{"name":"a"}}])", "[",
                          R"([{"asset":{"name":"a","uri":"a"},"aliases":[1]}])"})
    EXPECT_FALSE(parse_asset_emissions(bad)) << bad;
  std::string many = "[";
  for (size_t i = 0; i <= kAssetEmissionsMax; ++i)
    many += std::string(i ? "," : "") + R"({"asset":{"name":"a","uri":"a"}})";
  EXPECT_EQ(parse_asset_emissions(many + "]").error().code(), Code::exhausted);
}

TEST(DagSpec, KeepsAssetsOfScheduleAndTasks) {
  auto spec = parse_dag_spec(
      R"({"dag_id":"d","assets":[{"name":"a","uri":"u","extra":{"k":1}}],)"
      R"("asset_aliases":[{"name":"f"}],)"
      R"("schedule":{"kind":"assets","assets":{"any":[{"asset":{"name":"a","uri":"u"}},)"
      R"({"alias":{"name":"f"}}]}},)"
      R"("tasks":[{"task_id":"t","inlets":[{"asset_ref":{"name":"a"}}],)"
      R"("outlets":[{"alias":{"name":"f"}}]}]})");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->schedule.assets->parts.size(), 2u);
  EXPECT_EQ(spec->tasks[0].outlets[0].kind, Kind::alias);
  EXPECT_EQ(*parse_dag_spec(dump_dag_spec(*spec)), *spec);
}

TEST(DagSpec, RefusesAssetsInTheWrongPlace) {
  auto message = [](const std::string& members) {
    auto spec = parse_dag_spec(R"({"dag_id":"d",)" + members + "}");
    return spec ? std::string("taken") : spec.error().message();
  };
  EXPECT_NE(message(R"("schedule":{"kind":"assets"})").find("schedule.assets"), std::string::npos);
  EXPECT_NE(message(R"("schedule":{"kind":"assets","assets":{"asset_ref":{"name":"a"}}})")
                .find("assets and aliases"),
            std::string::npos);
  EXPECT_NE(message(R"("tasks":[{"task_id":"t","outlets":[{"any":[{"alias":{"name":"a"}}]}]}])")
                .find("tasks[0].outlets"),
            std::string::npos);
  EXPECT_NE(message(R"("assets":[{"name":"a"}])").find("assets[0].uri"), std::string::npos);
}

}  // namespace
}  // namespace leoflow
