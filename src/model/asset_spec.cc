// SPDX-License-Identifier: Apache-2.0
#include "model/asset_spec.h"

#include <algorithm>

namespace leoflow {
namespace {

using Kind = AssetExpression::Kind;

std::unexpected<Error> wrong(std::string what) {
  return fail(Code::invalid, "an asset expression " + std::move(what));
}

Result<std::string> read_text(const json::object& from, std::string_view key,
                              std::string fallback) {
  std::string text = json::string_or(from, key, std::move(fallback));
  if (text.empty()) return wrong("lacks \"" + std::string(key) + "\"");
  if (text.size() > kAssetTextBytesMax) {
    return wrong("has a \"" + std::string(key) + "\" of more than " +
                 std::to_string(kAssetTextBytesMax) + " bytes");
  }
  return text;
}

Result<AssetExpression> read_leaf(Kind kind, const json::object& from) {
  AssetExpression leaf{.kind = kind};
  if (kind != Kind::by_uri) {
    auto name = read_text(from, "name", {});
    if (!name) return fail(name);
    leaf.key.name = std::move(*name);
  }
  if (kind == Kind::asset || kind == Kind::by_uri) {
    auto uri = read_text(from, "uri", {});
    if (!uri) return fail(uri);
    leaf.key.uri = std::move(*uri);
  }
  auto group = read_text(from, "group", "asset");
  if (!group) return fail(group);
  leaf.group = std::move(*group);
  return leaf;
}

Result<AssetExpression> read_expression(const json::value& from, size_t depth) {
  const json::object* object = from.if_object();
  if (object == nullptr || object->size() != 1) return wrong("must be an object with one member");
  if (depth > kAssetConditionDepthMax) return wrong("is nested too deeply");
  std::string_view key = object->begin()->key();
  const json::value& value = object->begin()->value();
  if (key == "any" || key == "all") {
    const json::array* parts = value.if_array();
    if (parts == nullptr) return wrong("needs a list under \"" + std::string(key) + "\"");
    if (parts->size() > kAssetsPerDagMax) return wrong("names too many assets");
    AssetExpression condition{.kind = key == "any" ? Kind::any : Kind::all};
    for (const json::value& one : *parts) {
      auto part = read_expression(one, depth + 1);
      if (!part) return fail(part);
      condition.parts.push_back(std::move(*part));
    }
    return condition;
  }
  const json::object* about = value.if_object();
  if (about == nullptr) return wrong("needs an object under \"" + std::string(key) + "\"");
  if (key == "asset") return read_leaf(Kind::asset, *about);
  if (key == "alias") return read_leaf(Kind::alias, *about);
  if (key == "asset_ref")
    return read_leaf(about->contains("name") ? Kind::by_name : Kind::by_uri, *about);
  return wrong("cannot have \"" + std::string(key.substr(0, 64)) + "\"");
}

Result<AssetEmission> read_emission(const json::value& from) {
  const json::object* object = from.if_object();
  const json::object* asset = object ? json::object_or_null(*object, "asset") : nullptr;
  if (asset == nullptr) return fail(Code::invalid, "an asset event lacks its asset");
  auto leaf = read_leaf(Kind::asset, *asset);
  if (!leaf) return fail(leaf);
  AssetEmission emission{.asset = {.key = std::move(leaf->key), .group = std::move(leaf->group)}};
  if (const json::object* extra = json::object_or_null(*asset, "extra"))
    emission.asset.extra = *extra;
  if (const json::object* extra = json::object_or_null(*object, "extra"))
    emission.extra = json::dump(*extra);
  if (const json::array* aliases = json::array_or_null(*object, "aliases")) {
    for (const json::value& one : *aliases) {
      bool good = one.is_string() && !one.get_string().empty() &&
                  one.get_string().size() <= kAssetTextBytesMax;
      if (!good) return fail(Code::invalid, "the aliases of an asset event must be names");
      emission.aliases.emplace_back(one.get_string());
    }
  }
  return emission;
}

}  // namespace

bool holds(const AssetExpression& condition,
           const std::function<bool(const AssetExpression& leaf)>& leaf_holds) {
  auto part_holds = [&](const AssetExpression& part) { return holds(part, leaf_holds); };
  switch (condition.kind) {
    case Kind::any: return std::ranges::any_of(condition.parts, part_holds);
    case Kind::all: return std::ranges::all_of(condition.parts, part_holds);
    default: return leaf_holds(condition);
  }
}

void for_each_leaf(const AssetExpression& condition,
                   const std::function<void(const AssetExpression& leaf)>& take) {
  if (condition.kind != Kind::any && condition.kind != Kind::all) return take(condition);
  for (const AssetExpression& part : condition.parts) for_each_leaf(part, take);
}

Result<AssetExpression> parse_asset_expression(const json::value& from) {
  return read_expression(from, 0);
}

void write_asset_expression(json::Writer& out, const AssetExpression& expression,
                            const std::function<int64_t(const AssetKey& key)>& id_of) {
  constexpr std::string_view kNames[] = {"asset", "alias", "asset_ref", "asset_ref", "any", "all"};
  out.begin_object().key(kNames[size_t(expression.kind)]);
  if (expression.kind == Kind::any || expression.kind == Kind::all) {
    out.begin_array();
    for (const AssetExpression& part : expression.parts) write_asset_expression(out, part, id_of);
    out.end_array().end_object();
    return;
  }
  out.begin_object();
  if (expression.kind == Kind::asset && id_of) {
    if (int64_t id = id_of(expression.key)) out.member("id", id);
  }
  if (expression.kind != Kind::by_uri) out.member("name", expression.key.name);
  if (expression.kind == Kind::asset || expression.kind == Kind::by_uri)
    out.member("uri", expression.key.uri);
  if (expression.kind == Kind::asset || expression.kind == Kind::alias)
    out.member("group", expression.group);
  out.end_object().end_object();
}

Result<std::vector<AssetEmission>> parse_asset_emissions(std::string_view text) {
  std::vector<AssetEmission> emissions;
  if (text.empty()) return emissions;
  auto parsed = json::parse(text);
  if (!parsed) return fail(parsed);
  const json::array* list = parsed->if_array();
  if (list == nullptr) return fail(Code::invalid, "asset events must be a list");
  if (list->size() > kAssetEmissionsMax) {
    return fail(Code::exhausted, "a task can tell of " + std::to_string(kAssetEmissionsMax) +
                                     " asset events, not " + std::to_string(list->size()));
  }
  for (const json::value& one : *list) {
    auto emission = read_emission(one);
    if (!emission) return fail(emission);
    emissions.push_back(std::move(*emission));
  }
  return emissions;
}

}  // namespace leoflow
