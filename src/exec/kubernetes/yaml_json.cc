// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/yaml_json.h"

#include <yaml-cpp/yaml.h>

#include <charconv>

namespace leoflow::kube {
namespace {

struct TooLarge {};

json::value scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() != "?") return json::value(text);
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return nullptr;
  int64_t number = 0;
  const char* end = text.data() + text.size();
  auto whole = std::from_chars(text.data(), end, number);
  if (whole.ec == std::errc() && whole.ptr == end) return number;
  double real = 0;
  auto read = std::from_chars(text.data(), end, real);
  bool digits = text.find_first_not_of("+-.0123456789eE") == text.npos;
  if (digits && read.ec == std::errc() && read.ptr == end) return real;
  return json::value(text);
}

json::value convert(const YAML::Node& node, size_t depth, size_t& nodes) {
  if (depth > json::kDepthMax || ++nodes > kYamlNodesMax) throw TooLarge();
  if (node.IsMap()) {
    json::object out;
    for (const auto& entry : node)
      out[entry.first.Scalar()] = convert(entry.second, depth + 1, nodes);
    return out;
  }
  if (node.IsSequence()) {
    json::array out;
    for (const auto& item : node) out.push_back(convert(item, depth + 1, nodes));
    return out;
  }
  if (node.IsScalar()) return scalar(node);
  return nullptr;
}

}  // namespace

Result<json::value> yaml_to_json(std::string_view text, std::string_view name) {
  std::string where(name);
  if (text.size() > kYamlBytesMax) return fail(Code::invalid, where + " is too long");
  try {
    size_t nodes = 0;
    return convert(YAML::Load(std::string(text)), 0, nodes);
  } catch (const TooLarge&) {
    return fail(Code::invalid, where + " is too large or nested too deeply");
  } catch (const YAML::Exception& error) {
    std::string line = std::to_string(error.mark.line + 1);
    return fail(Code::invalid, where + ": " + error.msg + " at line " + line);
  }
}

}  // namespace leoflow::kube
