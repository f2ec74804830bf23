// SPDX-License-Identifier: Apache-2.0
// Typed reading of a YAML tree. Remembers the first thing that is wrong, with its path and line;
// after that every getter answers its default, so that a caller checks once, at the end. One
// thread.
//
// The same calls describe what they would read: a reader made with describing() goes through every
// known key once, reads nothing, refuses nothing and writes down a JSON schema instead. So the
// schema cannot say anything else than the reader does.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "authoring/yaml_tree.h"
#include "base/json.h"

namespace leoflow {

class YamlReader {
 public:
  // A known key of a map and what takes its value. Without `about` the key only exists to be
  // refused with a better message: the schema leaves it out.
  struct Key {
    std::string_view name;
    std::string_view about;  // a sentence for the schema and the reference
    std::function<void(const YamlNode&)> take;
  };
  using Keys = std::vector<Key>;

  explicit YamlReader(std::string name) : name_(std::move(name)) {}
  // Writes the schema of what it is asked to read into `schema`, which outlives it.
  static YamlReader describing(json::object& schema);

  // Adds to the schema of the value being taken what its type does not say: a pattern, a default.
  // Nothing while reading.
  void describe(std::string_view keyword, json::value value);

  // Success, or the first error (`invalid`).
  Status status() const;
  // Records an error unless there is one: "NAME: MESSAGE at line N".
  void refuse(int line, const std::string& message, std::string hint = {});
  // The path of the value being taken: "tasks.extract.retries"; empty at the top.
  std::string path() const;

  // Offers each entry to the key of its name; unknown names are refused with the nearest known one.
  // A null value is refused like any other wrong type, except for the whole map, which then counts
  // as empty.
  void map(const YamlNode& node, const Keys& keys);
  // A map with free keys.
  void each(const YamlNode& node, const std::function<void(const YamlEntry&)>& take);
  // A list; the path of an item is "tags[2]".
  void list(const YamlNode& node, const std::function<void(const YamlNode&)>& take);

  // Text: quoted, or plain and not to be mistaken for a number, true/false or nothing. Never empty
  // unless empty_ok.
  std::string string(const YamlNode& node, bool empty_ok = false);
  // Plain decimal digits within the bounds; 010 is refused, quoted digits too.
  int64_t integer(const YamlNode& node, int64_t min, int64_t max);
  // true or false, plain.
  bool boolean(const YamlNode& node);
  // One of the words.
  std::string choice(const YamlNode& node, const std::vector<std::string_view>& words);
  // A list of distinct, non-empty texts.
  std::vector<std::string> strings(const YamlNode& node);
  std::map<std::string, std::string> string_map(const YamlNode& node, bool empty_ok = true);
  // Any YAML as JSON; scalars of doubtful type are refused.
  json::value any(const YamlNode& node);
  // The same, but only a map.
  json::value any_map(const YamlNode& node);

 private:
  void wrong(const YamlNode& node, std::string_view wanted, std::string hint = {});
  json::value scalar(const YamlNode& node);
  // Whether there is nothing to read: the value's type is written down, what is in it by `inside`.
  bool described(json::value type) {
    describe("type", std::move(type));
    return schema_ != nullptr;
  }
  json::object described_inside(const std::function<void()>& inside);
  void describe_keys(const Keys& keys);

  std::string name_;
  std::vector<std::string> path_;
  std::optional<Error> error_;
  json::object* schema_ = nullptr;  // of the value being taken; null while reading
};

// Texts as a JSON array, a text map as a JSON object.
json::array to_json(const std::vector<std::string>& texts);
json::object to_json(const std::map<std::string, std::string>& texts);

}  // namespace leoflow
