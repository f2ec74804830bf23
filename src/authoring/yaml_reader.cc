// SPDX-License-Identifier: Apache-2.0
#include "authoring/yaml_reader.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "authoring/nearest.h"

namespace leoflow {
namespace {

bool decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<double> fraction(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, number);
  std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const bool octal = digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9';
  if (code != std::errc() || rest != end || octal) return std::nullopt;
  return number;
}

const YamlNode kNothing;

// An empty map counts as no map at all.
json::array map_types() { return {"object", "null"}; }

}  // namespace

YamlReader YamlReader::describing(json::object& schema) {
  YamlReader reader{std::string()};
  reader.schema_ = &schema;
  return reader;
}

void YamlReader::describe(std::string_view keyword, json::value value) {
  if (schema_ != nullptr) (*schema_)[keyword] = std::move(value);
}

json::object YamlReader::described_inside(const std::function<void()>& inside) {
  json::object schema;
  json::object* outer = std::exchange(schema_, &schema);
  inside();
  schema_ = outer;
  return schema;
}

void YamlReader::describe_keys(const Keys& keys) {
  json::object properties;
  for (const Key& key : keys) {
    if (key.about.empty()) continue;
    json::object schema{{"description", key.about}};
    for (auto& member : described_inside([&] { key.take(kNothing); }))
      schema[member.key()] = member.value();
    properties[key.name] = std::move(schema);
  }
  describe("properties", std::move(properties));
  describe("additionalProperties", false);
}

Status YamlReader::status() const {
  if (error_) return std::unexpected(*error_);
  return {};
}

void YamlReader::refuse(int line, const std::string& message, std::string hint) {
  if (error_ || schema_ != nullptr) return;
  error_ = Error(Code::invalid, name_ + ": " + message + " at line " + std::to_string(line),
                 std::move(hint));
}

std::string YamlReader::path() const {
  std::string text;
  for (const std::string& part : path_) {
    if (!text.empty() && !part.starts_with('[')) text += '.';
    text += part;
  }
  return text;
}

void YamlReader::wrong(const YamlNode& node, std::string_view wanted, std::string hint) {
  const std::string where = path_.empty() ? "the file" : path();
  refuse(
      node.line,
      where + " must be " + std::string(wanted) + ", not " + std::string(node.description()) + ",",
      std::move(hint));
}

void YamlReader::map(const YamlNode& node, const Keys& keys) {
  if (described(map_types())) return describe_keys(keys);
  each(node, [&](const YamlEntry& entry) {
    auto key = std::ranges::find(keys, std::string_view(entry.key), &Key::name);
    if (key != keys.end()) return key->take(entry.value);
    path_.pop_back();
    const std::string where = path_.empty() ? "" : " in " + path();
    path_.push_back(entry.key);
    std::vector<std::string_view> names;
    std::string all;
    for (const Key& known : keys) {
      if (known.about.empty()) continue;
      names.push_back(known.name);
      all += (all.empty() ? "known keys: " : ", ") + std::string(known.name);
    }
    refuse(entry.line, "unknown key '" + entry.key + "'" + where,
           did_you_mean(entry.key, names, all));
  });
}

void YamlReader::each(const YamlNode& node, const std::function<void(const YamlEntry&)>& take) {
  if (described(map_types())) {
    describe("additionalProperties", described_inside([&] { take(YamlEntry{}); }));
    return;
  }
  if (node.is_null()) return;
  if (node.kind != YamlNode::Kind::map) return wrong(node, "a map");
  for (const YamlEntry& entry : node.entries) {
    path_.push_back(entry.key);
    take(entry);
    path_.pop_back();
  }
}

void YamlReader::list(const YamlNode& node, const std::function<void(const YamlNode&)>& take) {
  if (described("array")) {
    return describe("items", described_inside([&] { take(kNothing); }));
  }
  if (node.kind != YamlNode::Kind::list) return wrong(node, "a list");
  for (size_t i = 0; i < node.items.size(); ++i) {
    path_.push_back("[" + std::to_string(i) + "]");
    take(node.items[i]);
    path_.pop_back();
  }
}

std::string YamlReader::string(const YamlNode& node, bool empty_ok) {
  if (described("string")) {
    if (!empty_ok) describe("minLength", 1);
    return {};
  }
  if (node.kind != YamlNode::Kind::scalar) return wrong(node, "text"), std::string();
  if (node.plain &&
      (node.is_null() || looks_like_number(node.text) || looks_like_boolean(node.text))) {
    wrong(node, "text", node.is_null() ? "" : "put it in quotes: \"" + node.text + "\"");
    return {};
  }
  if (node.text.empty() && !empty_ok) refuse(node.line, path() + " must not be empty,");
  if (node.text.find('\0') != std::string::npos)
    refuse(node.line, path() + " contains a zero byte,");
  return node.text;
}

int64_t YamlReader::integer(const YamlNode& node, int64_t min, int64_t max) {
  if (described("integer")) {
    describe("minimum", min);
    describe("maximum", max);
    return min;
  }
  const std::string wanted =
      "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
  const bool scalar = node.kind == YamlNode::Kind::scalar;
  if (scalar && !node.plain && decimal(node.text))
    return wrong(node, wanted, "remove the quotes"), min;
  if (!scalar || !node.plain || !looks_like_number(node.text)) return wrong(node, wanted), min;
  int64_t number = 0;
  const char* end = node.text.data() + node.text.size();
  const auto [rest, code] = std::from_chars(node.text.data(), end, number);
  if (!decimal(node.text) || code != std::errc() || rest != end || number < min || number > max) {
    refuse(node.line, path() + " must be " + wanted + ", not " + node.text + ",",
           "write decimal digits without leading zeros");
    return min;
  }
  return number;
}

bool YamlReader::boolean(const YamlNode& node) {
  if (described("boolean")) return false;
  const bool scalar = node.kind == YamlNode::Kind::scalar && node.plain;
  if (scalar && node.text == "true") return true;
  if (scalar && node.text == "false") return false;
  if (scalar && looks_like_boolean(node.text)) {
    refuse(node.line, path() + " must be true or false, not " + node.text + ",");
  } else {
    wrong(node, "true or false",
          node.text == "true" || node.text == "false" ? "remove the quotes" : "");
  }
  return false;
}

std::string YamlReader::choice(const YamlNode& node, const std::vector<std::string_view>& words) {
  const std::string text = string(node);
  if (schema_ != nullptr) {
    json::array all;
    for (const std::string_view word : words) all.emplace_back(word);
    describe("enum", std::move(all));
  }
  if (error_ || schema_ != nullptr || std::ranges::find(words, text) != words.end()) return text;
  std::string all;
  for (std::string_view word : words) all += (all.empty() ? "" : ", ") + std::string(word);
  refuse(node.line, path() + " must be one of " + all + ", not '" + text + "',",
         did_you_mean(text, words));
  return text;
}

std::vector<std::string> YamlReader::strings(const YamlNode& node) {
  std::vector<std::string> texts;
  std::set<std::string> seen;
  list(node, [&](const YamlNode& item) {
    texts.push_back(string(item));
    if (!error_ && !seen.insert(texts.back()).second) {
      refuse(item.line, path() + " repeats '" + texts.back() + "'");
    }
  });
  describe("uniqueItems", true);
  return texts;
}

std::map<std::string, std::string> YamlReader::string_map(const YamlNode& node, bool empty_ok) {
  std::map<std::string, std::string> texts;
  each(node, [&](const YamlEntry& entry) { texts[entry.key] = string(entry.value, empty_ok); });
  return texts;
}

json::value YamlReader::any_map(const YamlNode& node) {
  if (described("object")) return json::object();
  if (node.kind != YamlNode::Kind::map) refuse(node.line, path() + " must be a map,");
  return any(node);
}

json::value YamlReader::any(const YamlNode& node) {
  if (schema_ != nullptr) return nullptr;
  if (node.kind == YamlNode::Kind::list) {
    json::array items;
    list(node, [&](const YamlNode& item) { items.push_back(any(item)); });
    return items;
  }
  if (node.kind == YamlNode::Kind::map) {
    json::object members;
    each(node, [&](const YamlEntry& entry) { members[entry.key] = any(entry.value); });
    return members;
  }
  return scalar(node);
}

json::value YamlReader::scalar(const YamlNode& node) {
  if (node.is_null()) return nullptr;
  if (!node.plain) return json::value(node.text);
  if (looks_like_boolean(node.text)) return boolean(node);
  if (!looks_like_number(node.text)) return json::value(node.text);
  if (decimal(node.text)) return integer(node, INT64_MIN, INT64_MAX);
  if (auto number = fraction(node.text)) return *number;
  refuse(node.line,
         path() + ": '" + node.text + "' is read as different numbers by different programs,",
         "write decimal digits, or put it in quotes");
  return nullptr;
}

json::array to_json(const std::vector<std::string>& texts) {
  json::array items;
  for (const std::string& text : texts) items.emplace_back(text);
  return items;
}

json::object to_json(const std::map<std::string, std::string>& texts) {
  json::object members;
  for (const auto& [key, text] : texts) members[key] = text;
  return members;
}

}  // namespace leoflow
