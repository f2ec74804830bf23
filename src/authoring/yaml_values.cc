// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include "authoring/yaml_sections.h"
#include "model/size.h"

namespace leoflow::yaml {
namespace {

// A quantity may be written as a plain number, which is not text otherwise.
std::string quantity_text(YamlReader& reader, const YamlNode& node) {
  if (node.kind == YamlNode::Kind::scalar && node.plain && looks_like_number(node.text))
    return node.text;
  std::string text = reader.string(node);
  reader.describe("type", json::array{"string", "number"});
  return text;
}

}  // namespace

std::string read_line(YamlReader& reader, const YamlNode& node) {
  std::string text = reader.string(node);
  if (text.find_first_of("\n\r\v\f") != std::string::npos) {
    reader.refuse(node.line, reader.path() + " must be a single line,");
  }
  return text;
}

std::vector<std::string> read_lines(YamlReader& reader, const YamlNode& node) {
  std::vector<std::string> lines = reader.strings(node);
  for (const std::string& line : lines) {
    if (line.find_first_of("\n\r\v\f") == std::string::npos) continue;
    reader.refuse(node.line, reader.path() + " must hold single lines,");
  }
  return lines;
}

std::string read_inner_path(YamlReader& reader, const YamlNode& node) {
  const std::string text = read_line(reader, node);
  const std::filesystem::path path(text);
  const bool climbs = std::ranges::find(path, std::filesystem::path("..")) != path.end();
  if (path.is_absolute() || climbs) {
    reader.refuse(node.line, reader.path() + " must stay inside the project folder,",
                  "write a path relative to leoflow.yaml, without '..'");
  } else if (text.find_first_of("'\"\\$<") != std::string::npos || text.starts_with("--")) {
    reader.refuse(node.line,
                  reader.path() + ": '" + text + "' has a character that is not allowed,",
                  "none of ' \" \\ $ < and no leading --");
  }
  return text;
}

std::string read_bytes(YamlReader& reader, const YamlNode& node) {
  std::string text = quantity_text(reader, node);
  reader.describe("examples", json::array{"512Mi", "5Gi"});
  if (!reader.status()) return text;
  const auto bytes = parse_bytes(text);
  if (!bytes || *bytes == 0) {
    reader.refuse(node.line, reader.path() + ": '" + text + "' is not a size,",
                  "write it as \"512Mi\" or \"5Gi\"");
  }
  return text;
}

std::string read_cpu(YamlReader& reader, const YamlNode& node) {
  std::string text = quantity_text(reader, node);
  reader.describe("examples", json::array{"500m", 2});
  if (!reader.status()) return text;
  const auto milli = parse_milli_cpu(text);
  if (!milli || *milli == 0) {
    reader.refuse(node.line, reader.path() + ": '" + text + "' is not a number of CPUs,",
                  "write it as \"500m\" or \"2\"");
  }
  return text;
}

uint64_t bytes_of(std::string_view quantity) { return parse_bytes(quantity).value_or(0); }

}  // namespace leoflow::yaml
