// SPDX-License-Identifier: Apache-2.0
#include "authoring/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

namespace leoflow {
namespace {

std::string at_line(int line) { return " at line " + std::to_string(line); }

// Thrown through yaml-cpp's parser by the builder below; caught in parse_yaml.
struct Refused {
  std::string message;
  std::string hint;
};

// Builds the tree from parser events. Open containers are on a stack; a finished node is placed
// into the top one.
class Builder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.plain = true;
    node.line = mark.line + 1;
    finish(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Refused{"an alias refers to itself" + at_line(mark.line + 1), {}};
    }
    count_nodes(nodes_of(found->second));
    place(found->second);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(tag, mark.line + 1);
    YamlNode node;
    node.plain = tag == "?" || tag.empty();
    node.line = mark.line + 1;
    node.text = value;
    finish(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  std::optional<YamlNode> root;

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor;
    std::optional<YamlEntry> key;  // of a map: a key that waits for its value
  };

  static size_t nodes_of(const YamlNode& node) {
    size_t count = 1;
    for (const YamlNode& item : node.items) count += nodes_of(item);
    for (const YamlEntry& entry : node.entries) count += 1 + nodes_of(entry.value);
    return count;
  }

  void count_nodes(size_t count) {
    nodes_ += count;
    if (nodes_ > kYamlNodesMax) {
      throw Refused{"more than " + std::to_string(kYamlNodesMax) + " values",
                    "aliases count each time they are used"};
    }
  }

  static void check_tag(const std::string& tag, int line) {
    if (tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:str") return;
    throw Refused{"tag '" + tag + "' is not allowed" + at_line(line), "write the plain value"};
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    check_tag(tag, mark.line + 1);
    if (stack_.size() >= kYamlDepthMax)
      throw Refused{"nested too deeply" + at_line(mark.line + 1), {}};
    Open opened{.node = {}, .anchor = anchor, .key = {}};
    opened.node.kind = kind;
    opened.node.line = mark.line + 1;
    stack_.push_back(std::move(opened));
  }

  void close() {
    Open closed = std::move(stack_.back());
    stack_.pop_back();
    finish(std::move(closed.node), closed.anchor);
  }

  void finish(YamlNode node, YAML::anchor_t anchor) {
    count_nodes(1);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    place(std::move(node));
  }

  void place(YamlNode node) {
    if (stack_.empty()) {
      root = std::move(node);
      return;
    }
    Open& top = stack_.back();
    if (top.node.kind == YamlNode::Kind::list) {
      top.node.items.push_back(std::move(node));
    } else if (!top.key) {
      top.key = key_of(top.node, node);
    } else {
      if (node.is_null())
        node.line = top.key->line;  // nothing is where the key is, not on the next line
      top.key->value = std::move(node);
      top.node.entries.push_back(std::move(*top.key));
      top.key.reset();
    }
  }

  static YamlEntry key_of(const YamlNode& map, const YamlNode& node) {
    if (node.kind != YamlNode::Kind::scalar)
      throw Refused{"a key must be text" + at_line(node.line), {}};
    if (node.plain && node.text == "<<") {
      throw Refused{"merge key '<<' is not supported" + at_line(node.line), "write the keys out"};
    }
    auto twice = std::ranges::find(map.entries, node.text, &YamlEntry::key);
    if (twice != map.entries.end()) {
      throw Refused{"key '" + node.text + "' is given twice, at lines " +
                        std::to_string(twice->line) + " and " + std::to_string(node.line),
                    {}};
    }
    return {.key = node.text, .line = node.line, .value = {}};
  }

  std::vector<Open> stack_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  size_t nodes_ = 0;
};

bool any_of_words(std::string_view text, std::initializer_list<std::string_view> words) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(words, lower) != words.end();
}

}  // namespace

bool YamlNode::is_null() const {
  return kind == Kind::scalar && plain &&
         (text.empty() || text == "~" || any_of_words(text, {"null"}));
}

std::string_view YamlNode::description() const {
  if (kind == Kind::list) return "a list";
  if (kind == Kind::map) return "a map";
  if (is_null()) return "nothing";
  if (plain && looks_like_boolean(text)) return "true or false";
  if (plain && looks_like_number(text)) return "a number";
  return "text";
}

bool looks_like_number(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.starts_with("0x") || text.starts_with("0o") || text.starts_with("0b"))
    return text.size() > 2;
  if (any_of_words(text, {".inf", ".nan"})) return true;
  bool digit = false, exponent = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9')
      digit = true;
    else if ((c == 'e' || c == 'E') && digit && !exponent)
      exponent = true;
    else if ((c == '+' || c == '-') && i > 0 && (text[i - 1] == 'e' || text[i - 1] == 'E'))
      continue;
    else if (c == '.' && !exponent && text.find('.') == i)
      continue;
    else if (c == '_' && digit)
      continue;
    else
      return false;
  }
  return digit;
}

bool looks_like_boolean(std::string_view text) {
  return any_of_words(text, {"true", "false", "yes", "no", "on", "off", "y", "n"});
}

Result<YamlNode> parse_yaml(std::string_view text, std::string_view name) {
  const std::string prefix = std::string(name) + ": ";
  if (text.size() > kYamlBytesMax) {
    return fail(Code::invalid,
                prefix + "longer than " + std::to_string(kYamlBytesMax / 1024) + " KiB");
  }
  Builder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    auto first = std::move(builder.root);
    builder.root.reset();
    if (parser.HandleNextDocument(builder) && builder.root) {
      return fail(Code::invalid, prefix + "more than one document" + at_line(builder.root->line),
                  "remove the '---' line");
    }
    builder.root = std::move(first);
  } catch (const Refused& refused) {
    return fail(Code::invalid, prefix + refused.message, refused.hint);
  } catch (const YAML::Exception& error) {
    return fail(Code::invalid, prefix + error.msg + at_line(error.mark.line + 1));
  } catch (const std::exception& error) {
    return fail(Code::invalid, prefix + "cannot be read: " + error.what());
  }
  if (!builder.root || builder.root->is_null()) {
    YamlNode empty;
    empty.kind = YamlNode::Kind::map;
    return empty;
  }
  return std::move(*builder.root);
}

}  // namespace leoflow
