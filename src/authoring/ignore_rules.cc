// SPDX-License-Identifier: Apache-2.0
#include "authoring/ignore_rules.h"

#include <fnmatch.h>

namespace leoflow {
namespace {

// Splits "a/b/c" into "a" and "b/c"; rest is empty for the last name.
std::string_view take_name(std::string_view& rest) {
  const auto slash = rest.find('/');
  const std::string_view name = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  return name;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  std::string_view pattern_rest = pattern, path_rest = path;
  const std::string_view part = take_name(pattern_rest);
  if (part == "**") {
    if (pattern_rest.empty()) return true;
    while (!path_rest.empty()) {
      if (glob_matches(pattern_rest, path_rest)) return true;
      take_name(path_rest);
    }
    return false;
  }
  if (path.empty()) return false;
  const std::string_view name = take_name(path_rest);
  if (fnmatch(std::string(part).c_str(), std::string(name).c_str(), 0) != 0) return false;
  return glob_matches(pattern_rest, path_rest);
}

void IgnoreRules::add(std::string_view lines, std::string_view folder) {
  lines = lines.substr(0, kIgnoreBytesMax);
  for (size_t count = 0; !lines.empty() && count < kIgnoreRulesMax; ++count) {
    const auto end = lines.find('\n');
    std::string_view line = lines.substr(0, end);
    lines = end == std::string_view::npos ? std::string_view() : lines.substr(end + 1);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
      line.remove_suffix(1);
    if (line.empty() || line[0] == '#') continue;
    Rule rule;
    rule.folder = folder.empty() ? "" : std::string(folder) + "/";
    if (line[0] == '!') {
      rule.keeps = true;
      line.remove_prefix(1);
    } else if (line[0] == '\\') {
      line.remove_prefix(1);
    }
    if (line.ends_with('/')) {
      rule.folders_only = true;
      line.remove_suffix(1);
    }
    rule.tied = line.find('/') != std::string_view::npos;
    if (line.starts_with('/')) line.remove_prefix(1);
    rule.pattern = line;
    if (!rule.pattern.empty()) rules_.push_back(std::move(rule));
  }
}

bool IgnoreRules::ignores(std::string_view path, bool is_folder) const {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->folders_only && !is_folder) continue;
    if (!path.starts_with(rule->folder)) continue;
    std::string_view rest = path.substr(rule->folder.size());
    if (!rule->tied) rest = rest.substr(rest.rfind('/') + 1);
    if (glob_matches(rule->pattern, rest)) return !rule->keeps;
  }
  return false;
}

}  // namespace leoflow
