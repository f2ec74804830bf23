// SPDX-License-Identifier: Apache-2.0
// A YAML document as a plain tree with line numbers, read strictly: what YAML libraries disagree
// about is refused (duplicate keys, merge keys, tags, several documents) or left to the reader of a
// value (quoted or plain scalars).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace leoflow {

constexpr size_t kYamlBytesMax = 256 * 1024;
constexpr size_t kYamlNodesMax = 50'000;  // after aliases are expanded
constexpr size_t kYamlDepthMax = 32;

struct YamlEntry;

struct YamlNode {
  enum class Kind { scalar, list, map };
  Kind kind = Kind::scalar;
  bool plain = false;              // a scalar without quotes
  int line = 1;                    // from 1
  std::string text;                // of a scalar
  std::vector<YamlNode> items;     // of a list
  std::vector<YamlEntry> entries;  // of a map, in order, keys distinct

  // ~, null, nothing at all.
  bool is_null() const;
  // What it is, for messages: "a list", "a number", "true or false", "text", "nothing".
  std::string_view description() const;
};

struct YamlEntry {
  std::string key;
  int line = 1;
  YamlNode value;
};

// How YAML readers may take a plain scalar.
bool looks_like_number(std::string_view text);   // 3, 010, 1e3, 0x1f, .5, 1_000
bool looks_like_boolean(std::string_view text);  // true, False, yes, NO, on, Off, y, n

// Reads one document; an empty one is an empty map. `name` is the file's name for messages, all of
// which (`invalid`) name the line: "leoflow.yaml: key 'tags' is given twice, at lines 3 and 9".
Result<YamlNode> parse_yaml(std::string_view text, std::string_view name);

}  // namespace leoflow
